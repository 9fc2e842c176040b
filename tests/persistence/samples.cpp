#include "tests/persistence/samples.h"

#include "tests/persistence/support.h"

namespace perdure::persistence::testing {

namespace {

core::update_outcome completed() {
  return {core::update_outcome::kind::completed, bytes_of("results"), {}};
}

core::update_outcome failed() { return {core::update_outcome::kind::failed, {}, "no such thing"}; }

core::carried_state carried() {
  core::carried_state state;
  state.state = bytes_of("the state of a cart");
  state.created = at(-1000);
  state.timers_started = 12;
  state.reminders = {{"expire", 3, bytes_of("params"), at(60'000)}, {"nag", 4, {}, at(90'000)}};
  state.delayed = {{17, 5, bytes_of("later"), at(5000)}};
  state.idempotency = {{"key-1", 0xDEADBEEFULL, 9, 1, at(-500), false, {}, 2},
                       {"key-2", 0xCAFEULL, 11, 2, at(-400), true, completed(), 7},
                       {"key-3", 0xF00DULL, 13, 2, at(-300), true, failed(), 8}};
  return state;
}

sample_record with(core::input what, std::vector<core::command> commands = {}) {
  core::record step;
  step.run = 2;
  step.event = 40;
  step.time = at(123);
  step.what = std::move(what);
  step.commands = std::move(commands);
  entity_summary after;
  after.run = 2;
  after.run_began = 30;
  after.last_event = step.last_event();
  after.run_bytes = 4321;
  after.created = at(-1000);
  after.last_active = at(123);
  after.next_due = at(60'000);
  return {{"cart", "alice"}, step, after};
}

}  // namespace

std::vector<std::pair<std::string, sample_record>> sample_records() {
  auto first = with(core::signal_received{7, bytes_of("first words")});
  first.step.run = first.after.run = 1;
  first.step.event = first.after.run_began = first.after.last_event = 1;
  first.after.run_bytes = 0;
  first.after.next_due.reset();
  auto keyed = with(core::update_accepted{300, bytes_of("checkout")});
  keyed.step.once = core::idempotency{"key-4", 0x0123456789ABCDEFULL};
  keyed.step.state_digest = 0xFEDCBA9876543210ULL;
  auto continued = with(core::run_continued{carried()});
  continued.after.run_began = continued.step.event;
  auto ended = with(core::terminated{"asked for"});
  ended.after.status = entity_status::terminated;
  ended.after.next_due.reset();
  return {
      {"signal_received", first},
      {"signal_delayed", with(core::signal_delayed{8, bytes_of("not yet"), at(777)})},
      {"update_accepted", keyed},
      {"timer_fired", with(core::timer_fired{12})},
      {"reminder_fired", with(core::reminder_fired{"expire"})},
      {"delayed_signal_due", with(core::delayed_signal_due{17})},
      {"run_continued", continued},
      {"terminated", ended},
      {"commands", with(core::signal_received{1, {}},
                        {core::timer_started{13, at(999)}, core::timer_cancelled{12},
                         core::reminder_set{{"expire", 3, bytes_of("again"), at(61'000)}},
                         core::reminder_cancelled{"nag"}, core::update_ended{11, completed()},
                         core::update_ended{13, failed()}, core::handler_failed{17, "it threw"}})},
  };
}

snapshot sample_snapshot() {
  return {.entity = {"cart", "alice"},
          .run = 2,
          .event = 47,
          .run_events = 18,
          .state_digest = 0x1122334455667788ULL,
          .carried = carried()};
}

}  // namespace perdure::persistence::testing
