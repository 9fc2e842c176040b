#pragma once

/// What users do by mistake, or at the edge of what is allowed: nothing of it may leave anything
/// behind, reach beyond its own handler, or replay otherwise than it ran.

#include <cmath>
#include <map>

#include "tests/testing/travel.h"

namespace travel {

class trials final : public lab_entity {
public:
  task<live_results> live(live_params what) override {
    co_return {.result = co_await trial(what.experiment)};
  }
  task<run_results> run(run_params what) override {
    co_return {.result = co_await trial(what.experiment)};
  }
  void go() override { state.go = true; }

private:
  task<std::string> trial(std::string name) {
    static const std::map<std::string, task<std::string> (trials::*)()> all{
        {"sleeps", &trials::sleeps},
        {"fails in a later run", &trials::fails_later},
        {"loser begun at once", &trials::loser_at_once},
        {"child begun at once", &trials::child_at_once},
        {"cancelled at its continue point", &trials::cancelled_at_point},
        {"continue point in a branch", &trials::point_in_branch},
        {"continue point", &trials::point},
        {"for_each whose body throws", &trials::body_throws},
        {"more than there may be", &trials::too_many},
        {"condition that throws", &trials::condition_throws},
        {"condition that tells", &trials::condition_tells},
        {"condition with a version", &trials::condition_versions},
        {"many, then one more", &trials::one_more},
        {"reply by a spawned task", &trials::spawned_reply},
        {"draws within a side effect", &trials::draws},
        {"saga that throws 42", &trials::odd_saga},
        {"spawn that fails at once", &trials::failing_spawn},
        {"spawned lambda", &trials::lambda},
        {"task awaited twice", &trials::task_twice},
        {"call awaited twice", &trials::call_twice},
        {"sleeps for ever", &trials::sleeps_for_ever},
        {"many reminders", &trials::reminders},
        {"starts c", &trials::starts_c},
        {"asks for c", &trials::asks_for_c},
        {"spawned by the spawned", &trials::spawned_twice},
        {"scope in a race", &trials::scope_in_race},
        {"two in one scope", &trials::two_in_scope},
        {"large state", &trials::large_state},
        {"nests deeper", &trials::nests},
        {"lambdas", &trials::lambdas},
        {"waits for itself", &trials::waits_for_itself},
        {"no version", &trials::no_version},
        {"values of all kinds", &trials::values},
        {"not a number", &trials::not_a_number},
        {"undoes when full", &trials::undoes_when_full},
        {"tells the other", &trials::tells_other},
        {"waits for the others", &trials::waits_for_others},
        {"reply of another method", &trials::wrong_reply},
        {"reminder for ever", &trials::reminder_for_ever},
    };
    return (this->*all.at(name))();
  }

  auto quote(std::string hotel) {
    return activities<hotels_contract>({.retry = {.first = 1h, .factor = 1}}).quote({hotel});
  }
  task<std::string> nothing_yet() { co_return ""; }
  void say(std::string what) { state.log.push_back(std::move(what)); }

  task<std::string> sleeps() {
    co_await sleep(10h);
    co_return "slept";
  }

  task<std::string> fails_later() {
    if (state.log.size() >= 5) throw rejected("five is enough");
    while (true) {
      co_await continue_point();
      co_await sleep(1h);
      say("x");
    }
  }

  task<std::string> loser_at_once() {
    co_await perdure::race(quote("a"), wait_until([] { return true; }));
    co_await sleep(24h);
    co_return "won";
  }

  task<std::string> child_at_once() {
    co_await perdure::race(child<lab_contract>("c").live({"sleeps"}),
                           wait_until([] { return true; }));
    co_await sleep(1h);
    co_return "won";
  }

  task<std::string> cancelled_at_point() {
    say("begun");
    std::exception_ptr gone;
    try {
      (void)co_await within(
          1s, activities<hotels_contract>(
                  {.start_to_close = 100h, .on_cancel = perdure::cancellation::abandon})
                  .quote({"a"}));
      while (true) {
        co_await continue_point();
        co_await sleep(1h);
      }
    } catch (const perdure::cancelled&) {
      gone = std::current_exception();
    }
    co_await perdure::shielded(sleep(200h));
    say("cleaned");
    std::rethrow_exception(gone);
  }

  task<> branch_with_point() {
    while (state.log.size() < 40) {
      co_await continue_point();
      co_await sleep(1min);
      say("x");
    }
  }
  task<> branch_with_calls() {
    for (int i = 0; i < 100; ++i) co_await quote("a");
  }
  task<std::string> point_in_branch() {
    co_await perdure::all(branch_with_point(), branch_with_calls());
    co_return "both";
  }

  task<std::string> point() {
    for (int i = 0; i < 40; ++i) {
      co_await continue_point();
      co_await sleep(1h);
    }
    co_return "looped";
  }

  task<std::string> body_throws() {
    try {
      co_await perdure::for_each(std::vector<int>{1, 2, 3}, 3, [this](int n) {
        if (n == 3) throw rejected("three is no good");
        return quote(std::to_string(n));
      });
    } catch (const rejected& why) {
      say(why.what());
    }
    co_await sleep(1h);
    co_return state.log.at(0);
  }

  task<> quote_each(std::size_t count) {
    co_await perdure::for_each(std::vector<std::string>(count, "a"), count,
                               [this](const std::string& hotel) { return quote(hotel); });
  }
  task<std::string> too_many() {
    try {
      co_await quote_each(2'500);
    } catch (const perdure::failure& why) {
      say(std::string(to_string(why.why().code)));
    }
    co_await sleep(1h);
    co_return state.log.at(0);
  }
  task<std::string> one_more() {
    const auto all = co_await within(1min, quote_each(1'000));
    co_await activities<hotels_contract>().cancel({"r"});
    co_return all ? "all" : "cleaned up";
  }

  task<std::string> condition_throws() {
    co_await wait_until([this] {
      if (state.go) throw std::out_of_range("in a condition");
      return false;
    });
    co_return "?";
  }
  task<std::string> condition_tells() {
    co_await wait_until([this] {
      entity<lab_contract>("other").go();
      return state.go;
    });
    co_return "?";
  }
  task<std::string> condition_versions() {
    co_await wait_until([this] { return state.go && version("v", 0, 1) == 1; });
    co_return "?";
  }

  task<> replies() {
    reply(run_results{.result = "from the task"});
    co_return;
  }
  task<std::string> spawned_reply() {
    spawn(replies());
    co_await sleep(1h);
    co_return "from the handler";
  }

  task<std::string> draws() {
    say(side_effect([this] { return uuid(); }));
    say(uuid());
    co_await sleep(1s);
    say(uuid());
    co_return state.log.at(1);
  }

  task<std::string> odd_body(perdure::compensations& undo) {
    undo.add("one", [this] { say("undone"); });
    co_await sleep(1s);
    throw 42;
  }
  task<std::string> odd_saga() {
    co_return co_await perdure::saga(
        [this](perdure::compensations& undo) { return odd_body(undo); });
  }

  task<> fails_at_once() {
    throw std::runtime_error("the spawned one failed");
    co_return;
  }
  task<std::string> failing_spawn() {
    spawn(fails_at_once());
    co_return "not concerned";
  }
  task<std::string> lambda() {
    const std::string text(100, 'x');
    spawn([this, text]() -> task<> {
      co_await sleep(1s);
      say(text);
    });
    co_await sleep(2s);
    co_return state.log.at(0);
  }

  task<std::string> task_twice() {
    auto made = nothing_yet();
    co_await made;
    co_return co_await made;
  }
  task<std::string> call_twice() {
    auto made = entity<lab_contract>("other").run({"spawned lambda"});
    co_await made;
    co_return (co_await made).result;
  }
  task<std::string> sleeps_for_ever() {
    co_await sleep(perdure::forever - 1s);
    co_return "so soon";
  }
  task<std::string> reminders() {
    for (int i = 0; i < 5'000; ++i) remind("r" + std::to_string(i), 1h, &trials::go);
    co_return "all";
  }

  task<std::string> two_in_scope() {
    perdure::cancel_scope scope;
    co_await perdure::all(scope.run(sleep(1s)), scope.run(sleep(100h)));
    co_return "slept";
  }
  task<std::string> large_state() {
    while (state.log.size() < 6) say(std::string(1'000'000, 'x'));
    for (; state.log.size() < 10; say("y")) {
      co_await continue_point();
      co_await sleep(1h);
    }
    co_return "done";
  }

  task<std::string> lambdas() {
    const std::string text = "text";
    auto slow = [this, text]() -> task<std::string> {
      co_await sleep(1h);
      co_return text;
    };
    auto in_time = co_await within(2h, slow);
    auto late = co_await within(1min, slow);
    say(in_time.value() + (late ? " late" : ""));
    say(co_await perdure::shielded(slow));
    say(co_await perdure::finally(slow, [this] { say("cleaned up"); }));
    spawn(sleep(1h));
    co_await handlers_finished();
    co_return std::to_string(state.log.size());
  }
  task<std::string> values() {
    const std::string text = "text";
    set_attribute("size", text.size());
    set_attribute("small", std::uint8_t{7});
    set_attribute("view", std::string_view(text));
    set_attribute("literal", "literal");
    set_attribute("flag", true);
    say(side_effect([] { return "literal"; }));
    say(side_effect([&] { return std::string_view(text); }));
    co_return state.log.at(0) + ' ' + state.log.at(1);
  }
  task<std::string> waits_for_itself() { co_return co_await entity("lab", self().id).result(); }
  task<std::string> no_version() { co_return std::to_string(version("v", 3, 1)); }
  task<std::string> not_a_number() {
    set_attribute("ratio", std::nan(""));
    co_return "?";
  }

  task<std::string> nests() {
    nest outer;
    outer.inner = std::move(state.nest);
    state.nest = std::move(outer);
    co_return "deeper";
  }

  task<std::string> too_much(perdure::compensations& undo) {
    undo.add("tell", [this] {
      entity<lab_contract>("third").go();
      say("undone");
    });
    co_await sleep(1s);
    while (true) entity<lab_contract>("other").go();
  }
  task<std::string> undoes_when_full() {
    return perdure::saga([this](perdure::compensations& undo) { return too_much(undo); });
  }
  task<std::string> tells_other() {
    entity<lab_contract>("other").go();
    co_return "told";
  }

  task<std::string> waits_for_others() {
    co_await sleep(1s);
    co_await handlers_finished();
    say("finished");
    co_await sleep(1s);
    say("gone");
    co_return "finished";
  }
  task<std::string> wrong_reply() {
    reply(live_results{.result = "the main's"});
    co_return "?";
  }
  task<std::string> reminder_for_ever() {
    remind("never", perdure::forever, &trials::go);
    co_return "set";
  }

  task<std::string> starts_c() {
    co_await child<lab_contract>("c").live({"sleeps"}).started();
    co_await sleep(30h);
    co_return "slept";
  }
  task<std::string> asks_for_c() {
    co_await perdure::any(child<lab_contract>("c").live({"sleeps"}), sleep(0s));
    co_return "ended";
  }

  task<> tells_of_cancel(std::string name) {
    try {
      co_await sleep(1000h);
    } catch (const perdure::cancelled&) {
      say("told " + name);
      throw;
    }
  }
  task<> spawns(std::string name) {
    spawn(tells_of_cancel(name + "/b"));
    co_await tells_of_cancel(name);
  }
  task<std::string> spawned_twice() {
    spawn(spawns("a"));
    std::exception_ptr gone;
    try {
      co_await sleep(1000h);
    } catch (const perdure::cancelled&) {
      gone = std::current_exception();
    }
    co_await perdure::shielded(sleep(1h));
    std::rethrow_exception(gone);
  }

  task<std::string> scope_in_race() {
    perdure::cancel_scope scope;
    co_await perdure::race(scope.run(sleep(1h)), sleep(1s));
    co_await sleep(1s);
    co_return scope.is_cancelled() ? "cancelled" : "not cancelled";
  }
};

}  // namespace travel
