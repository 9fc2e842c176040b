// What happens in the test kit is what happens on a node: the same programs of calls, run by both,
// make the same histories and the same answers.

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <limits>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "persistence/memory_journal.h"
#include "runtime/engine.h"
#include "testing/access.h"
#include "tests/equal/essence.h"
#include "tests/equal/player.h"
#include "tests/equal/programs.h"

namespace equal {

namespace {

using namespace perdure;

const std::vector<std::string> names{"a", "b", "c", "d", "x", "y"};

entity_id player_id(const std::string& name) { return {"player", name}; }

/// Returns the event to which a reset goes: that of the `which`th step of the present run.
event_number reset_event(const std::vector<core::record>& of, std::uint64_t which) {
  std::vector<event_number> run;
  for (auto& each : of) {
    if (each.run == of.back().run && !testing::is_bookkeeping(each)) run.push_back(each.event);
  }
  return run.empty() ? 1 : run[which % run.size()];
}

std::string text_of(const error& why) {
  return std::string(to_string(why.code)) + ' ' + why.type + ' ' + without_numbers(why.detail);
}
template <class T>
std::string text_of(const result<T>& how) {
  if (!how) return text_of(how.error());
  if constexpr (requires { how->said; })
    return how->said;
  else
    return how->replayed ? "again" : "accepted";
}

/// What became of a call, if anything yet.
class answer_slip {
public:
  void set(std::string text) {
    const std::lock_guard guard(state_->mutex);
    state_->text = std::move(text);
  }
  std::string get() const {
    const std::lock_guard guard(state_->mutex);
    return state_->text;
  }

private:
  struct state {
    std::mutex mutex;
    std::string text = "not answered";
  };
  std::shared_ptr<state> state_ = std::make_shared<state>();
};

// -- the kit --------------------------------------------------------------------------------------

class kit {
public:
  /// `shuffled_by`: a seed that decides the order of what can happen at the same time; 0: none
  /// does.
  explicit kit(std::uint64_t shuffled_by = 0)
      : env_(testing_access::make(
            {.seed = shuffled_by, .start = start, .shuffled = shuffled_by != 0},
            testing::crashing::nothing)) {
    env_->host<player>();
    env_->provide(std::make_shared<chores>());
  }
  ~kit() { testing_access::abandon(*env_); }

  static constexpr timestamp start{std::chrono::hours{12}};

  /// Returns the times at which something could be done meanwhile.
  std::set<timestamp> pass(duration time) {
    const auto before = happened().times.size();
    env_->run_for(time);
    auto& all = happened().times;
    return {all.begin() + static_cast<std::ptrdiff_t>(before), all.end()};
  }

  void perform(const step& what) {
    using kind = step::kind;
    player_client client{*env_, what.id};
    const auto id = player_id(what.id);
    auto operated = [&](const result<receipt>& how) {
      answers_.push_back([how] { return text_of(how); });
    };
    auto sent = [&](auto call) {
      answers_.push_back([call]() mutable {
        return call.done() ? text_of(call.get()) : std::string("not answered");
      });
    };
    switch (what.what) {
      case kind::start:
        sent(env_->send(client.play({.script = what.text}, what.options)));
        break;
      case kind::ask:
        sent(env_->send(client.ask({.script = what.text}, what.options)));
        break;
      case kind::note:
        sent(env_->send(client.note({.text = what.text}, what.options)));
        break;
      case kind::pause:
        operated(env_->pause(id, what.text));
        break;
      case kind::resume:
        operated(env_->resume(id));
        break;
      case kind::cancel:
        operated(env_->cancel(id, what.text));
        break;
      case kind::terminate:
        operated(env_->terminate(id, what.text));
        break;
      case kind::reset:
        operated(env_->reset(id, reset_event(history(what.id), what.number), what.text));
        break;
    }
    env_->run_until_idle();
  }

  /// Returns how many steps each has taken until a time.
  std::map<entity_id, std::size_t> steps_until(timestamp end) const {
    std::map<entity_id, std::size_t> counted;
    for (auto& each : happened().steps) {
      if (each.what.time <= end && !testing::is_bookkeeping(each.what)) ++counted[each.entity];
    }
    return counted;
  }

  history_of histories() {
    history_of all;
    for (auto& each : names) all[player_id(each)] = history(each);
    return all;
  }
  std::vector<std::string> answers() {
    std::vector<std::string> all;
    for (auto& each : answers_) all.push_back(each());
    return all;
  }
  timestamp now() const { return env_->now(); }

private:
  const testing::trace& happened() const { return testing_access::world_of(*env_).happened(); }
  std::vector<core::record> history(const std::string& name) {
    return env_->history(player_id(name)).steps();
  }

  std::unique_ptr<test_environment> env_;
  std::vector<std::function<std::string()>> answers_;
};

// -- a node ---------------------------------------------------------------------------------------

class manual_clock final : public runtime::wall_clock {
public:
  timestamp now() const override { return timestamp{duration{time_.load()}}; }
  void set(timestamp to) { time_ = to.time_since_epoch().count(); }

private:
  std::atomic<std::int64_t> time_{kit::start.time_since_epoch().count()};
};

class node {
public:
  node() {
    running_ = std::make_unique<runtime::engine>(store_, clock_);
    running_->host(type_of<player>());
    running_->provide(std::make_shared<chores>());
    running_->start();
  }

  void set(timestamp to) {
    clock_.set(to);
    running_->look_at_clock();
  }

  void perform(const step& what) {
    using kind = step::kind;
    player_client client{*running_, what.id};
    const auto id = player_id(what.id);
    auto slip = answers_.emplace_back();
    auto sent = [&](auto call) {
      std::move(call).then([slip](const auto& how) mutable { slip.set(text_of(how)); });
    };
    const completion operated = [slip](const result<answer>& how) mutable {
      slip.set(text_of(how));
    };
    switch (what.what) {
      case kind::start:
        return sent(client.play({.script = what.text}, what.options));
      case kind::ask:
        return sent(client.ask({.script = what.text}, what.options));
      case kind::note:
        return sent(client.note({.text = what.text}, what.options));
      case kind::pause:
        return running_->pause(id, what.text, operated);
      case kind::resume:
        return running_->resume(id, operated);
      case kind::cancel:
        return running_->cancel(id, what.text, operated);
      case kind::terminate:
        return running_->terminate(id, what.text, operated);
      case kind::reset:
        return running_->reset(id, reset_event(history(what.id), what.number), what.text, operated);
    }
  }

  /// What goes on, as far as it can be seen from outside.
  struct view {
    std::map<entity_id, std::size_t> steps;
    std::vector<std::string> under_way;
    bool rests = true;
    friend bool operator==(const view&, const view&) = default;
  };

  view look() {
    view seen;
    for (auto& name : names) {
      const auto id = player_id(name);
      std::promise<result<runtime::entity_description>> told;
      running_->describe(id, [&](auto about) { told.set_value(std::move(about)); });
      const auto about = told.get_future().get();
      if (!about) continue;
      for (auto& each : about->activities) {
        seen.under_way.push_back(name + " activity " + std::to_string(each.number) + " attempt " +
                                 std::to_string(each.attempt) + ' ' + each.last_failure);
        const bool waits = !each.running && each.next_try && *each.next_try > clock_.now();
        seen.rests = seen.rests && waits;
      }
      for (auto& each : about->messages) {
        seen.under_way.push_back(name + " message " + std::to_string(each.number) + " refused " +
                                 std::to_string(each.attempts));
      }
      if (const auto count = real_steps(history(name)); count > 0) seen.steps[id] = count;
    }
    return seen;
  }

  /// Waits until it rests and has taken so many steps; where it had before, until something is not
  /// as it was. Returns whether that came to be.
  bool comes_to(const std::map<entity_id, std::size_t>& steps, const view* before) {
    const auto until = std::chrono::steady_clock::now() + 5s;
    if (before && before->steps != steps) before = nullptr;
    view last;
    for (int calm = 0; calm < 3;) {
      if (std::chrono::steady_clock::now() > until) return false;
      auto seen = look();
      const bool moved = !before || seen != *before;
      calm = seen.rests && seen.steps == steps && moved && seen == last ? calm + 1 : 0;
      last = std::move(seen);
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }

  history_of histories() {
    history_of all;
    for (auto& each : names) all[player_id(each)] = history(each);
    return all;
  }
  std::vector<std::string> answers() const {
    std::vector<std::string> all;
    for (auto& each : answers_) all.push_back(each.get());
    return all;
  }

private:
  std::vector<core::record> history(const std::string& name) {
    auto all = running_->history(player_id(name), 0, std::numeric_limits<std::size_t>::max(), {});
    return all ? std::move(*all) : std::vector<core::record>{};
  }

  manual_clock clock_;
  persistence::memory_journal store_{{.history_retention = std::chrono::hours{24 * 365}}};
  std::unique_ptr<runtime::engine> running_;
  std::vector<answer_slip> answers_;
};

// -- both -----------------------------------------------------------------------------------------

std::string text_of(const step& what) {
  static constexpr std::string_view names[] = {"start",  "ask",    "note",      "pause",
                                               "resume", "cancel", "terminate", "reset"};
  return std::string(names[static_cast<std::size_t>(what.what)]) + ' ' + what.id + ": " +
         what.text + (what.options.key.empty() ? "" : ", key " + what.options.key);
}

/// Whether what comes of the program depends on the order of what can happen at the same time,
/// which nobody promises.
bool depends_on_order(const std::vector<step>& program) {
  std::optional<history_of> first;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    kit in_kit(seed);
    for (auto& each : program) {
      in_kit.pass(each.pause);
      in_kit.perform(each);
    }
    in_kit.pass(10min);
    auto made = in_kit.histories();
    if (!first)
      first = std::move(made);
    else if (!difference(*first, made).empty())
      return true;
  }
  return false;
}

/// Runs the program in both; returns what differs.
std::string run_in_both(const std::vector<step>& program) {
  kit in_kit;
  node on_node;
  std::string done;
  auto give_up = [&](const std::string& why) {
    auto found = difference(in_kit.histories(), on_node.histories());
    return done + why + (found.empty() ? "no difference in the histories" : found);
  };
  auto seen = on_node.look();
  auto pass = [&](duration time) {
    for (auto when : in_kit.pass(time)) {
      on_node.set(when);
      if (!on_node.comes_to(in_kit.steps_until(when), &seen)) return false;
      seen = on_node.look();
    }
    on_node.set(in_kit.now());
    return true;
  };
  for (auto& each : program) {
    if (!pass(each.pause)) return give_up("then, with time: ");
    done += text_of(each) + '\n';
    in_kit.perform(each);
    on_node.perform(each);
    const auto steps = in_kit.steps_until(timestamp::max());
    // A call that changes nothing is seen by its answer alone.
    if (!on_node.comes_to(steps, nullptr)) return give_up("then: ");
    seen = on_node.look();
  }
  if (!pass(10min)) return give_up("in the end: ");
  if (auto found = difference(in_kit.histories(), on_node.histories()); !found.empty()) {
    return done + found;
  }
  const auto expected = in_kit.answers();
  const auto answers = on_node.answers();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (answers[i] == expected[i]) continue;
    return done + "answer to \"" + text_of(program[i]) + "\", in the kit: " + expected[i] +
           "; on a node: " + answers[i];
  }
  return {};
}

}  // namespace

TEST_CASE("kit and node: random programs of calls make the same histories and answers") {
  int ran = 0;
  for (std::uint64_t seed = 1; ran < 20 && seed < 200; ++seed) {
    CAPTURE(seed);
    const auto program = program_maker(seed).make(30);
    if (depends_on_order(program)) continue;
    ++ran;
    const auto differs = run_in_both(program);
    CHECK(differs == "");
  }
  CHECK(ran == 20);
}

}  // namespace equal
