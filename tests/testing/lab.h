#pragma once

/// Experiments with what handlers can do at once.

#include <map>

#include "tests/testing/travel.h"

namespace travel {

class lab final : public lab_entity {
public:
  task<live_results> live(live_params what) override {
    co_return {.result = co_await experiment(what.experiment)};
  }
  task<run_results> run(run_params what) override {
    co_return {.result = co_await experiment(what.experiment)};
  }
  void go() override { state.go = true; }

private:
  using experiments = std::map<std::string, task<std::string> (lab::*)()>;

  task<std::string> experiment(std::string name) {
    static const experiments all{
        {"for_each that fails", &lab::failing_for_each},
        {"all that fails at once", &lab::failing_all},
        {"limit and body at the same time", &lab::tie},
        {"semaphore left while waiting", &lab::semaphore_left},
        {"saga in a saga", &lab::nested_saga},
        {"failing compensation", &lab::failing_compensation},
        {"cycle", &lab::cycle},
        {"waits for go", &lab::waits_for_go},
        {"cleans up", &lab::cleans_up},
        {"spawns", &lab::spawns},
        {"reply, then wait", &lab::reply_then_wait},
        {"nested any", &lab::nested_any},
        {"continues", &lab::continues},
        {"finally", &lab::in_the_end},
        {"all, of waits", &lab::waits_in_a_vector},
        {"sleep_until", &lab::until_times},
        {"carries", &lab::carries},
        {"cancels twice", &lab::cancels_twice},
        {"throws a bug", &lab::bug},
        {"tells others at its end", &lab::farewell},
        {"asks without types", &lab::without_types},
    };
    return (this->*all.at(name))();
  }

  void say(std::string what) { state.log.push_back(std::move(what)); }
  task<std::string> after(perdure::duration time, std::string text) {
    co_await sleep(time);
    say(text);
    co_return text;
  }
  task<std::string> failing(perdure::duration time, std::string text) {
    if (time > 0s) co_await sleep(time);
    throw rejected(text);
    co_return text;
  }
  task<> quiet(task<std::string> body) { (void)co_await body; }

  task<std::string> in_the_end() {
    auto tidy = [this](std::string what) { return quiet(after(5s, "tidied " + what)); };
    auto got = co_await perdure::finally(after(1s, "a"), [&] { return tidy("a"); });
    try {
      co_await perdure::finally(failing(1s, "b"), [&] { return tidy("b"); });
    } catch (const rejected& why) {
      got += std::string(", ") + why.what();
    }
    try {
      co_await perdure::finally(after(0s, "c"), [] { throw rejected("not tidied"); });
    } catch (const rejected& why) {
      got += std::string(", ") + why.what();
    }
    // The one that is cancelled tidies up all the same.
    co_await perdure::race(perdure::finally(after(1h, "d"), [&] { return tidy("d"); }), sleep(1s));
    co_return got;
  }
  task<std::string> waits_in_a_vector() {
    const auto began = now();
    std::vector<perdure::detail::sleep_awaiter> pauses;
    for (auto pause : {3s, 1s, 2s}) pauses.push_back(sleep(pause));
    co_await perdure::all(std::move(pauses));
    std::vector<perdure::call<hotels_contract::quote_results>> quotes;
    for (auto hotel : {"a", "bb"}) {
      quotes.push_back(activities<hotels_contract>().quote({.hotel = hotel}));
    }
    auto first = co_await perdure::any(std::move(quotes));
    co_return std::to_string((now() - began) / 1s) + " s, hotel " + std::to_string(first.index);
  }
  task<std::string> until_times() {
    const auto began = now();
    co_await sleep_until(began + 90s);
    co_await sleep_until(began);
    co_return std::to_string((now() - began) / 1s) + " s";
  }
  task<std::string> failing_for_each() {
    std::string result;
    try {
      co_await perdure::for_each(std::vector<int>{1, 2, 3, 4, 5}, 2, [this](int i) {
        return quiet(i == 2 ? failing(2s, "two") : after(i * 1s, std::to_string(i)));
      });
    } catch (const rejected& why) {
      result = why.what();
    }
    for (auto& each : state.log) result += ' ' + each;
    co_return result;
  }

  task<std::string> failing_all() {
    try {
      co_await perdure::all(after(1s, "a"), failing(0s, "at once"), after(2s, "b"));
    } catch (const rejected& why) {
      co_return why.what() + std::to_string(state.log.size());
    }
    co_return "nothing";
  }

  task<std::string> tie() {
    auto body = co_await within(5s, after(5s, "body"));
    co_return body ? *body : "limit";
  }

  task<std::string> semaphore_left() {
    auto hold = [this](std::string who, perdure::duration time) -> task<std::string> {
      auto place = co_await semaphore("s", 1);
      co_return co_await after(time, who);
    };
    auto [first, second, third] = co_await perdure::all(
        hold("first", 5s), within(1s, hold("impatient", 1s)), hold("third", 1s));
    co_return first + (second ? *second : "-") + third;
  }

  task<std::string> nested_saga() {
    try {
      co_await perdure::saga([this](perdure::compensations& outer) -> task<std::string> {
        outer.add("outer", [this] { return quiet(after(1s, "undo outer")); });
        co_return co_await perdure::saga(
            [this](perdure::compensations& inner) -> task<std::string> {
              inner.add("inner", [this] { say("undo inner"); });
              co_return co_await failing(1s, "inner fails");
            });
      });
    } catch (const rejected& why) {
      co_return why.what() + (": " + state.log.at(0)) + ", " + state.log.at(1);
    }
    co_return "nothing";
  }

  task<std::string> failing_compensation() {
    try {
      co_await perdure::saga([this](perdure::compensations& undo) -> task<std::string> {
        undo.add("first", [this] { say("undo first"); });
        undo.add("second", [this] { return quiet(failing(1s, "cannot be undone")); });
        co_return co_await failing(1s, "body fails");
      });
    } catch (const perdure::failure& why) {
      co_return why.why().detail + "; " + state.log.at(0);
    }
    co_return "nothing";
  }

  task<std::string> cycle() {
    auto other = self().id == "x" ? "y" : "x";
    auto found = co_await entity<lab_contract>(other).run({.experiment = "cycle"}).as_result();
    co_return found ? found->result : "cycle: " + found.error().type;
  }

  task<std::string> waits_for_go() {
    co_await wait_until([this] { return state.go; });
    co_return "gone";
  }

  task<std::string> cleans_up() {
    bool stopped = false;
    try {
      co_await sleep(24h);
    } catch (const perdure::cancelled&) {
      stopped = true;
    }
    std::string cleaned;
    if (stopped) cleaned = co_await perdure::shielded(after(5s, "cleaned"));
    try {
      co_await sleep(1s);
    } catch (const perdure::cancelled&) {
      say("still cancelled");
    }
    co_return cleaned;
  }

  task<std::string> spawns() {
    spawn(quiet(after(10s, "spawned")));
    spawn(quiet(failing(5s, "spawned failure")));
    co_await handlers_finished();
    co_return state.log.at(0);
  }

  task<std::string> reply_then_wait() {
    reply(run_results{.result = "early"});
    co_await sleep(24h);
    say("late");
    co_return "late";
  }

  task<std::string> nested_any() {
    auto first = co_await perdure::any(perdure::race(after(3s, "a"), after(2s, "b")),
                                       within(5s, perdure::all(after(1s, "c"), after(4s, "d"))));
    co_return std::to_string(first.index()) + std::to_string(state.log.size());
  }

  task<std::string> continues() {
    entity<lab_contract>("other").go();
    co_await continue_point();
    if (state.log.size() >= 30) co_return "done";
    for (int i = 0; i < 10; ++i) co_await after(1s, "x");
    co_return co_await continues();
  }

  /// Starts a child and sets a reminder, and continues as new until the reminder has fired.
  task<std::string> carries() {
    if (state.log.empty()) {
      co_await child<lab_contract>("child").live({.experiment = "waits for go"}).started();
      remind("go", 65s, &lab::go);
    }
    say("run");
    while (!state.go) {
      co_await continue_point();
      co_await sleep(1s);
    }
    entity<lab_contract>("child").go();
    co_return (co_await entity<lab_contract>("child").result()).result;
  }

  task<std::string> cancels_twice() {
    perdure::cancel_scope outer, inner;
    auto body = outer.run(inner.run(after(10s, "never")));
    spawn([](lab& self, auto& outer, auto& inner) -> task<> {
      co_await self.sleep(1s);
      inner.cancel();
      outer.cancel();
    }(*this, outer, inner));
    try {
      co_await body;
    } catch (const perdure::cancelled&) {
      say("cancelled");
    }
    co_await sleep(20s);
    co_return state.log.at(0) + std::to_string(state.log.size());
  }

  task<std::string> bug() {
    co_await sleep(1s);
    throw std::logic_error("a bug");
    co_return "";
  }

  task<std::string> farewell() {
    co_await sleep(1s);
    entity<lab_contract>("other").go();
    entity<lab_contract>("another").go();
    co_return "farewell";
  }

  task<std::string> without_types() {
    auto other = entity("lab", "other");
    other.signal("go", "");
    auto all = co_await other.update("run", R"({"experiment": "waits for go"})");
    all += co_await child("lab", "child").run(R"({"experiment": "spawns"})");
    all += co_await entity("lab", "child").result();
    auto misspelt = co_await other.update("run", R"({"experimant": ""})").as_result();
    auto no_query = co_await other.query("run", "").as_result();
    co_return all + misspelt.error().detail + "; " + no_query.error().detail;
  }
};

}  // namespace travel
