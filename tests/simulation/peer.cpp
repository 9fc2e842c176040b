#include "peer.h"

#include <algorithm>
#include <utility>

namespace perdure::simulation {

namespace {

using std::chrono::milliseconds;

/// Takes the part of a plan that goes with a message.
instructions take(const instructions& plan, std::size_t& next, std::size_t amount) {
  const auto to = std::min(plan.size(), next + amount);
  instructions part(plan.begin() + static_cast<std::ptrdiff_t>(next),
                    plan.begin() + static_cast<std::ptrdiff_t>(to));
  next = to;
  return part;
}

activity_options options_of(std::uint8_t kind) {
  activity_options options;
  options.start_to_close = milliseconds{3'000};
  options.retry = {.first = milliseconds{200}, .most = milliseconds{2'000}};
  options.retry.attempts = kind % 4;
  if (kind & 4) options.schedule_to_close = milliseconds{20'000};
  if (kind & 8) options.schedule_to_start = milliseconds{5'000};
  options.on_cancel = static_cast<cancellation>(kind / 16 % 3);
  return options;
}

start_options start_of(std::uint8_t kind) {
  start_options options;
  options.when_running = static_cast<id_conflict>(kind % 3);
  options.when_ended = static_cast<id_reuse>(kind / 3 % 3);
  options.on_parent_close = static_cast<parent_close>(kind / 9 % 3);
  if (kind >= 27) options.execution_timeout = milliseconds{30'000};
  return options;
}

}  // namespace

task<peer::work_results> peer::work(work_params what) {
  be_broken();
  if (refuses(what.plan)) throw rejected("not so");
  while (state.rounds < what.rounds) {
    ++state.rounds;
    co_await carry_out(what.plan);
    co_await continue_point();
  }
  co_return {.value = answer_to(what.token)};
}

void peer::poke(const poke_params& what) {
  be_broken();
  if (what.late) {
    state.late += what.token;
  } else {
    ++state.pokes;
    state.order = mixed(state.order, what.token);
    state.last = what.token;
  }
  if (refuses(what.plan)) throw rejected("not so");
  if (!what.plan.empty()) spawn(carry_out(what.plan));
}

task<peer::ask_results> peer::ask(ask_params what) {
  be_broken();
  state.asked += what.token;
  if (refuses(what.plan)) throw rejected("not so");
  co_await carry_out(what.plan);
  co_return {.value = answer_to(what.token)};
}

task<> peer::carry_out(instructions plan) {
  for (std::size_t next = 0; next < plan.size();) {
    const auto [what, whom, amount] = instruction::unpack(plan[next++]);
    const auto name = peer_name(whom % 8);
    switch (what) {
      case op::poke:
        entity<peer_contract>(name).poke({.token = random(), .plan = take(plan, next, amount)});
        break;
      case op::ask:
        co_await ask_other(name, take(plan, next, amount));
        break;
      case op::ask_aside:
        spawn(ask_other(name, take(plan, next, amount)));
        break;
      case op::look: {
        const auto seen = co_await entity<peer_contract>(name).look().as_result();
        if (seen && !seen->wrong.empty()) complain("saw " + seen->wrong);
        break;
      }
      case op::lend: {
        const auto token = random();
        const auto lent = co_await activities<tools_contract>(options_of(whom))
                              .lend({.token = token})
                              .as_result();
        if (lent && lent->value != answer_to(token)) complain("an activity's result");
        break;
      }
      case op::hurry:
        co_await within(milliseconds{amount}, lend());
        break;
      case op::sleep:
        co_await sleep(milliseconds{amount});
        break;
      case op::lock: {
        const auto held = co_await mutex("m");
        co_await sleep(milliseconds{amount});
        break;
      }
      case op::remind:
        remind("r", milliseconds{amount}, &peer::tick);
        break;
      case op::forget:
        cancel_reminder("r");
        break;
      case op::note:
        set_attribute("a", static_cast<std::int64_t>(amount));
        break;
      case op::dice:
        if (side_effect([&] { return std::to_string(amount); }) != std::to_string(amount)) {
          complain("a side effect");
        }
        break;
      case op::child: {
        const auto token = random();
        const auto done = co_await child<peer_contract>(name, start_of(whom / 8))
                              .work({.token = token, .rounds = 1, .plan = take(plan, next, amount)})
                              .as_result();
        break;
      }
      case op::begin: {
        const auto begun =
            co_await entity<peer_contract>(name, start_of(whom / 8))
                .work({.token = random(), .rounds = 1, .plan = take(plan, next, amount)})
                .started()
                .as_result();
        break;
      }
      case op::result: {
        const auto came = co_await entity("peer", name).result().as_result();
        break;
      }
      case op::cancel:
        entity<peer_contract>(name).cancel("by plan");
        break;
      case op::terminate:
        entity<peer_contract>(name).terminate("by plan");
        break;
      case op::reject:
        break;
      case op::fail:
        co_await sleep(milliseconds{amount});
        throw rejected("it failed");
    }
  }
}

task<> peer::ask_other(std::string whom, instructions plan) {
  const auto token = random();
  const auto heard = co_await entity<peer_contract>(std::move(whom))
                         .ask({.token = token, .plan = std::move(plan)})
                         .as_result();
  if (heard && heard->value != answer_to(token)) complain("an answer");
}

task<> peer::lend() {
  const auto token = random();
  const auto lent =
      co_await activities<tools_contract>(options_of(1)).lend({.token = token}).as_result();
  if (lent && lent->value != answer_to(token)) complain("an activity's result");
}

void peer::complain(const std::string& what) { state.wrong = what; }

void peer::be_broken() {
  if (deployment::broken && now() < deployment::since) set_attribute("broken", true);
}

}  // namespace perdure::simulation
