// The same scenario again and again: with crashes, in other orders.

#include <algorithm>
#include <exception>
#include <map>

#include "entities/payload.h"
#include "testing/access.h"

namespace perdure {

namespace {

using testing::crashing;
using testing::trace;

/// What a run came to.
struct outcome {
  trace happened;
  std::map<entity_id, std::uint64_t> states;
  std::exception_ptr thrown;  ///< Then it is not complete.
};

outcome run(const test_scenario& scenario, const test_options& options, crashing crashes) {
  auto env = testing_access::make(options, crashes);
  outcome found;
  try {
    scenario(*env);
  } catch (...) {
    found.thrown = std::current_exception();
  }
  auto& world = testing_access::world_of(*env);
  found.happened = world.happened();
  std::erase_if(found.happened.steps,
                [](auto& each) { return testing::is_bookkeeping(each.what); });
  for (auto& each : world.entities()) {
    found.states.emplace(each, core::digest(world.machine_of(each).state()));
  }
  if (found.thrown) {
    testing_access::abandon(*env);
    return found;
  }
  try {
    env->finish();
  } catch (...) {
    found.thrown = std::current_exception();
  }
  return found;
}

std::string text_of(const trace::step& step) {
  auto text = to_string(step.entity) + " event " + std::to_string(step.what.event) + " at " +
              std::to_string(step.what.time.time_since_epoch().count()) +
              " ms: " + core::describe(step.what.what);
  for (auto& each : step.what.commands) text += "; " + core::describe(each);
  return text;
}

/// A step without its bookkeeping, and what a run that begins carries of messages on their way: a
/// crash may forget what could be forgotten.
core::record essence_of(core::record step) {
  step.settles.clear();
  step.state_digest.reset();
  if (auto* continued = std::get_if<core::run_continued>(&step.what)) {
    continued->carried.inbox.clear();
    continued->carried.outbox.clear();
  }
  if (auto* back = std::get_if<core::run_reset>(&step.what)) {
    std::erase_if(back->history, testing::is_bookkeeping);
    for (auto& each : back->history) each = essence_of(std::move(each));
  }
  return step;
}

bool same_step(const trace::step& a, const trace::step& b) {
  return a.entity == b.entity && essence_of(a.what) == essence_of(b.what);
}

template <class T, class Same, class Text>
std::string first_difference(const std::string& what, const std::vector<T>& plain,
                             const std::vector<T>& crashed, bool complete, Same same, Text text) {
  const auto most =
      complete ? std::max(plain.size(), crashed.size()) : std::min(plain.size(), crashed.size());
  for (std::size_t i = 0; i < most; ++i) {
    const bool in_plain = i < plain.size();
    const bool in_crashed = i < crashed.size();
    if (in_plain && in_crashed && same(plain[i], crashed[i])) continue;
    return what + ' ' + std::to_string(i + 1) +
           " differs. Undisturbed: " + (in_plain ? text(plain[i]) : "none") +
           ". With crashes: " + (in_crashed ? text(crashed[i]) : "none");
  }
  return {};
}

std::string compare(const outcome& plain, const outcome& crashed) {
  const bool complete = !crashed.thrown;
  auto found = first_difference("step", plain.happened.steps, crashed.happened.steps, complete,
                                same_step, text_of);
  if (!found.empty()) return found;
  found = first_difference(
      "reply", plain.happened.replies, crashed.happened.replies, complete,
      [](auto& a, auto& b) { return a == b; }, [](auto& text) { return text; });
  if (!found.empty() || !complete) return found;
  for (auto& [entity, state] : plain.states) {
    auto other = crashed.states.find(entity);
    if (other == crashed.states.end() || other->second != state) {
      return to_string(entity) + " has another state at the end";
    }
  }
  return {};
}

[[noreturn]] void rethrow_with(const std::string& where, const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& why) {
    throw test_failure(where + ": " + why.what());
  } catch (...) {
    // A test framework's own, which is not ours to change.
    std::fprintf(stderr, "%s\n", where.c_str());
    throw;
  }
}

}  // namespace

void crash_everywhere(const test_scenario& scenario, test_options options) {
  const auto plain = run(scenario, options, crashing::nothing);
  if (plain.thrown) std::rethrow_exception(plain.thrown);
  for (auto crashes : {crashing::entity, crashing::everything}) {
    const std::string how = crashes == crashing::entity
                                ? "with each entity crashed after each of its steps"
                                : "with every entity crashed after each step";
    const auto crashed = run(scenario, options, crashes);
    auto difference = compare(plain, crashed);
    if (crashed.thrown) {
      rethrow_with(how + (difference.empty() ? "" : " (" + difference + ")"), crashed.thrown);
    }
    if (!difference.empty()) throw test_failure(how + ", " + difference);
  }
}

std::vector<std::uint64_t> shuffle(std::size_t seeds, const test_scenario& scenario,
                                   test_options options) {
  options.shuffled = true;
  std::vector<std::uint64_t> digests;
  for (std::size_t i = 0; i < seeds; ++i, ++options.seed) {
    auto env = testing_access::make(options, crashing::nothing);
    try {
      scenario(*env);
      env->finish();
    } catch (...) {
      testing_access::abandon(*env);
      rethrow_with("seed " + std::to_string(options.seed), std::current_exception());
    }
    digests.push_back(env->digest());
  }
  return digests;
}

}  // namespace perdure
