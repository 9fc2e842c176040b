#include "script.h"

#include <algorithm>
#include <utility>

namespace perdure::simulation {

namespace {

class planner {
public:
  planner(dice& chance, const script& of) : chance_(chance), of_(of) {}

  /// `joins`: it may wait for mains. Those who do are before them, and nobody waits for those who
  /// do but they: so nobody waits for himself.
  instructions plan(std::uint32_t whom, std::uint32_t most, bool joins) {
    instructions made;
    if (most == 0 || chance_.chance(250)) return made;
    const auto length = 1 + chance_.below(most);
    for (std::uint32_t i = 0; i < length; ++i) add(made, whom, joins);
    if (chance_.chance(60)) made.insert(made.begin(), instruction{op::reject, 0, 0}.pack());
    if (chance_.chance(40)) made.push_back(instruction{op::fail, 0, 20}.pack());
    return made;
  }

private:
  void send(instructions& to, op what, std::uint32_t kind, std::uint32_t target, std::uint32_t most,
            bool joins) {
    const auto part = plan(target, most, joins);
    to.push_back(instruction{what, static_cast<std::uint8_t>(kind * 8 + target),
                             static_cast<std::uint16_t>(part.size())}
                     .pack());
    to.insert(to.end(), part.begin(), part.end());
  }

  void add(instructions& to, std::uint32_t whom, bool joins) {
    const auto any = chance_.below(of_.sizes.peers);
    const auto time = static_cast<std::uint16_t>(1 << chance_.below(13));
    const auto simple = [&](op what, std::uint8_t kind = 0) {
      to.push_back(instruction{what, kind, time}.pack());
    };
    const auto kind = chance_.below(32);
    switch (chance_.below(22)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return send(to, op::poke, 0, any, 2, false);
      case 4:
      case 5:
        return send(to, op::ask, 0, any, 2, false);
      case 6:
        return send(to, op::ask_aside, 0, any, 2, false);
      case 7:
        return send(to, op::look, 0, any, 0, false);
      case 8:
      case 9:
      case 10:
        return simple(op::lend, static_cast<std::uint8_t>(chance_.below(48)));
      case 11:
        return simple(op::hurry);
      case 12:
        return simple(op::sleep);
      case 13:
        return simple(op::lock);
      case 14:
        return simple(op::remind);
      case 15:
        return simple(chance_.chance(500) ? op::note : op::forget);
      case 16:
        return simple(op::dice);
      case 17:
      case 18:
        if (!joins || whom + 1 >= of_.sizes.peers) return simple(op::sleep);
        return send(to, chance_.chance(700) ? op::child : op::begin, kind,
                    whom + 1 + chance_.below(of_.sizes.peers - whom - 1), 2, true);
      case 19:
        if (!joins || whom + 1 >= of_.sizes.peers) return simple(op::dice);
        return send(to, op::result, 0, whom + 1 + chance_.below(of_.sizes.peers - whom - 1), 0,
                    false);
      case 20:
        if (!of_.has(fault::cancellations)) return simple(op::note);
        return send(to, op::cancel, 0, any, 0, false);
      default:
        if (!of_.has(fault::terminations) || !chance_.chance(300)) return simple(op::note);
        return send(to, op::terminate, 0, any, 0, false);
    }
  }

  dice& chance_;
  const script& of_;
};

struct weighed {
  deed what;
  std::uint32_t weight;
};

std::vector<weighed> deeds_of(dice& chance, const script& of) {
  // What has a main ends with it, and takes no more messages.
  const auto mains = chance.chance(500) ? 60u : 5u;
  std::vector<weighed> all{{deed::poke, 300},    {deed::poke_late, 40}, {deed::ask, 200},
                           {deed::start, mains}, {deed::look, 40},      {deed::look_back, 10},
                           {deed::describe, 15}, {deed::await_ask, 20}, {deed::await_result, 20}};
  const auto add = [&](fault when, deed what, std::uint32_t most) {
    if (of.has(when)) all.push_back({what, 1 + most * of.of(when) / 1000});
  };
  add(fault::node_crash, deed::crash, 60);
  add(fault::put_away, deed::put_away, 100);
  add(fault::put_away, deed::put_idle_away, 100);
  add(fault::storage_full, deed::refuse_commits, 80);
  add(fault::unknown, deed::refuse_commits, 40);
  add(fault::lost_snapshots, deed::forget_derived, 40);
  add(fault::clock_jumps, deed::jump, 60);
  add(fault::pauses, deed::pause, 60);
  add(fault::pauses, deed::resume, 60);
  add(fault::wrong_build, deed::deploy_wrong, 30);
  add(fault::wrong_build, deed::deploy_right, 60);
  add(fault::resets, deed::reset, 80);
  add(fault::terminations, deed::terminate, 40);
  add(fault::cancellations, deed::cancel, 60);
  add(fault::starts_anew, deed::start, 150);
  add(fault::short_retention, deed::collect, 80);
  return all;
}

deed choose(dice& chance, const std::vector<weighed>& from) {
  std::uint32_t all = 0;
  for (auto& each : from) all += each.weight;
  auto thrown = chance.below(all);
  for (auto& each : from) {
    if (thrown < each.weight) return each.what;
    thrown -= each.weight;
  }
  return deed::poke;
}

}  // namespace

script make_script(std::uint64_t seed) {
  dice chance{mixed(seed, 1)};
  script made;
  made.seed = seed;
  auto& sizes = made.sizes;
  sizes.peers = chance.between(1, 5);
  const auto one_of = [&](std::initializer_list<std::uint64_t> these) {
    return these.begin()[chance.below(static_cast<std::uint32_t>(these.size()))];
  };
  sizes.continue_after = one_of({12, 40, 4'096});
  sizes.snapshot_every = one_of({1, 6, 30, 256});
  sizes.digest_every = one_of({1, 3, 8});
  sizes.copied_state_bytes = one_of({1, 8 * 1024, 8 * 1024});
  sizes.mailbox = one_of({3, 1'000, 1'000});
  sizes.group = static_cast<std::uint32_t>(one_of({1, 3, 12}));
  sizes.haste = static_cast<std::uint32_t>(one_of({5, 50, 200}));
  sizes.writer_haste = static_cast<std::uint32_t>(one_of({100, 400, 900}));
  for (auto& each : made.measure) {
    each = chance.chance(400) ? 1 + chance.below(1000) : 0;
  }
  planner plans{chance, made};
  const auto deeds = deeds_of(chance, made);
  const auto many = chance.between(8, 60);
  for (std::uint32_t i = 0; i < many; ++i) {
    operation next;
    next.what = choose(chance, deeds);
    next.whom = chance.below(sizes.peers);
    next.gap = chance.chance(300) ? 0 : chance.below(12);
    next.chance = chance.next();
    const bool is_start = next.what == deed::start;
    next.plan = plans.plan(next.whom, is_start ? 4 : 3, next.what != deed::ask);
    made.operations.push_back(std::move(next));
  }
  return made;
}

script without(script whole, const cut& what) {
  std::vector<operation> left;
  for (std::size_t i = 0; i < whole.operations.size(); ++i) {
    if (i < what.without_operations.size() && what.without_operations[i]) continue;
    left.push_back(std::move(whole.operations[i]));
  }
  whole.operations = std::move(left);
  for (std::size_t i = 0; i < faults; ++i) {
    if (what.without_faults[i]) whole.measure[i] = 0;
  }
  return whole;
}

// -- for people -----------------------------------------------------------------------------------

std::string_view to_string(fault which) {
  constexpr std::string_view names[] = {
      "node_crash",      "put_away",       "storage_full",    "unknown",       "late_commits",
      "slow_courier",    "lost_notes",     "lost_snapshots",  "clock_jumps",   "pauses",
      "wrong_build",     "resets",         "terminations",    "cancellations", "starts_anew",
      "short_retention", "absent_workers", "failing_attempts"};
  static_assert(std::size(names) == faults);
  return names[static_cast<std::size_t>(which)];
}

std::string_view to_string(deed which) {
  constexpr std::string_view names[] = {
      "poke",           "poke_late", "ask",          "start",         "look",   "look_back",
      "describe",       "await_ask", "await_result", "terminate",     "cancel", "pause",
      "resume",         "reset",     "put_away",     "put_idle_away", "crash",  "refuse_commits",
      "forget_derived", "jump",      "deploy_wrong", "deploy_right",  "collect"};
  static_assert(std::size(names) == static_cast<std::size_t>(deed::last) + 1);
  return names[static_cast<std::size_t>(which)];
}

std::string describe(const operation& what) {
  constexpr std::string_view names[] = {"poke",   "ask",       "ask_aside", "look",   "lend",
                                        "hurry",  "sleep",     "lock",      "remind", "forget",
                                        "note",   "dice",      "child",     "begin",  "result",
                                        "cancel", "terminate", "reject",    "fail"};
  static_assert(std::size(names) == static_cast<std::size_t>(op::last) + 1);
  auto text = std::string(to_string(what.what)) + ' ' + peer_name(what.whom);
  for (auto packed : what.plan) {
    const auto each = instruction::unpack(packed);
    text += ' ' + std::string(names[static_cast<std::size_t>(each.what)]) + '(' +
            peer_name(each.whom % 8) + '/' + std::to_string(each.whom / 8) + ',' +
            std::to_string(each.amount) + ')';
  }
  return text;
}

}  // namespace perdure::simulation
