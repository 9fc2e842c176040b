#include "tests/persistence/samples.h"

#include <variant>

#include "tests/persistence/support.h"

namespace perdure::persistence::testing {

static_assert(std::variant_size_v<core::input> == 18, "sample_records() has every input");
static_assert(std::variant_size_v<core::command> == 14, "sample_records() has every command");
static_assert(std::variant_size_v<attribute_value> == 4, "attributes() has every value");

namespace {

core::update_outcome completed() {
  return {core::update_outcome::kind::completed, bytes_of("results"), {}};
}

core::update_outcome failed() { return {core::update_outcome::kind::failed, {}, "no such thing"}; }

core::update_outcome failed_as(std::string type) {
  return {core::update_outcome::kind::failed, {}, "no funds", std::move(type)};
}

std::vector<core::chain_link> chain() {
  return {{{"order", "7"}, "place"}, {{"cart", "alice"}, "checkOut"}};
}

activity_options unusual_options() {
  return {.queue = "gpu",
          .schedule_to_start = 1000ms,
          .start_to_close = 2000ms,
          .schedule_to_close = 3000ms,
          .heartbeat = 400ms,
          .retry = {.first = 5ms,
                    .factor = 1.5,
                    .most = 600ms,
                    .attempts = 7,
                    .final_types = {"card_declined", ""}},
          .on_cancel = cancellation::abandon};
}

start_options unusual_start() {
  return {.when_running = id_conflict::terminate_existing,
          .when_ended = id_reuse::after_failure,
          .delay = 1000ms,
          .run_timeout = 2000ms,
          .execution_timeout = 3000ms,
          .on_parent_close = parent_close::abandon,
          .on_cancel = cancellation::wait};
}

const std::string traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

core::outgoing plain_message() {
  core::outgoing message;
  message.number = 41;
  message.target = {"inventory", "tea"};
  message.method = 3;
  message.params = bytes_of("two bags");
  return message;
}

core::outgoing full_message() {
  auto message = plain_message();
  message.number = 43;
  message.kind = core::message_kind::run;
  message.start = unusual_start();
  message.as_child = true;
  message.reason = "no more time";
  message.chain = chain();
  message.traceparent = traceparent;
  message.method_name = "place";
  return message;
}

core::attributes attributes() {
  return {{"gold", true}, {"limit", std::int64_t{-5}}, {"name", "Alice"}, {"rate", 0.25}};
}

core::started_main main_under_way() {
  core::started_main main;
  main.method = 9;
  main.params = bytes_of("how");
  main.started = 12;
  main.options = unusual_start();
  main.parent = entity_id{"order", "7"};
  main.began = at(-900);
  main.due = at(-800);
  main.run_deadline = at(10'000);
  main.execution_deadline = at(20'000);
  main.outcome = failed_as("out_of_tea");
  return main;
}

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

std::vector<std::pair<std::string, sample_record>> first_sample_records() {
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

std::vector<std::pair<std::string, sample_record>> second_sample_records() {
  auto samples = first_sample_records();
  auto add = [&](std::string name, sample_record sample) {
    samples.emplace_back(std::move(name), std::move(sample));
  };
  auto started = with(core::main_started{9, bytes_of("how"), unusual_start(), true},
                      {core::attribute_set{"gold", true}});
  started.step.once = core::idempotency{"key-5", 5};
  started.step.from = core::origin{{"order", "7"}, at(-5000), 19, chain()};
  started.step.traceparent = traceparent;
  started.step.settles = {11, 13, 39};
  started.after.pending = true;
  started.attributes = attributes();
  add("main_started", started);
  add("main_started_plain", with(core::main_started{9, {}, {}, false}));
  add("main_due", with(core::main_due{}));
  add("deadline_passed", with(core::deadline_passed{true}));
  add("deadline_passed_execution", with(core::deadline_passed{false}));
  add("activity_ended", with(core::activity_ended{31, {bytes_of("receipt"), {}}}));
  add("activity_failed",
      with(core::activity_ended{
          31, {{}, error{errc::failed, "the card was declined", "card_declined"}}}));
  auto replied = with(core::reply_received{33, {{}, error{errc::timeout, "no answer"}}});
  replied.attributes.emplace();  // All of them removed.
  add("reply_received", replied);
  add("cancel_requested", with(core::cancel_requested{"asked for"}));
  auto paused = with(core::paused{"to look at it"});
  paused.after.status = entity_status::paused;
  add("paused", paused);
  add("resumed", with(core::resumed{}));

  core::record first;
  first.run = 2;
  first.event = 30;
  first.time = at(100);
  first.what = core::run_reset{20, "", {}, {}};
  core::record second;
  second.run = 2;
  second.event = 31;
  second.time = at(101);
  second.what = core::update_accepted{300, bytes_of("checkout")};
  second.once = core::idempotency{"key-4", 4};
  second.traceparent = traceparent;
  second.commands = {core::timer_started{13, at(999)}};
  auto reset = with(core::run_reset{32, "a mistake", {first, second}, {}});
  reset.after.run_began = reset.step.event;
  add("run_reset", reset);
  auto settled = with(core::settled{});
  settled.step.settles = {41};
  add("settled", settled);

  add("calls", with(core::signal_received{1, {}},
                    {core::activity_scheduled{"payments", 2, bytes_of("12.50"), {}, {}},
                     core::activity_scheduled{"payments", 3, bytes_of("12.50"), unusual_options(),
                                              traceparent},
                     core::activity_cancelled{31}, core::message_sent{plain_message()},
                     core::message_sent{full_message()}, core::version_recorded{"two-steps", -1},
                     core::side_effect_recorded{bytes_of("a random number")},
                     core::attribute_set{"limit", std::int64_t{-5}},
                     core::attribute_set{"rate", 0.25}, core::attribute_set{"name", "Alice"},
                     core::attribute_set{"old", std::nullopt}, core::continue_requested{}}));
  for (auto status : {entity_status::completed, entity_status::failed, entity_status::cancelled}) {
    bool well = status == entity_status::completed;
    auto ended = with(core::timer_fired{12},
                      {core::main_ended{static_cast<core::life_status>(status),
                                        well ? completed() : failed_as("out_of_tea")}});
    ended.after.status = status;
    ended.after.next_due.reset();
    add("ended_" + std::to_string(static_cast<int>(status)), ended);
  }
  auto continued = with(core::run_continued{second_sample_snapshot().carried});
  continued.after.run_began = continued.step.event;
  continued.attributes = attributes();
  add("run_continued_full", continued);
  return samples;
}

std::vector<std::pair<std::string, sample_record>> sample_records() {
  auto samples = second_sample_records();
  auto add = [&](std::string name, sample_record sample) {
    samples.emplace_back(std::move(name), std::move(sample));
  };
  auto born = with(core::signal_received{7, bytes_of("first words")});
  born.step.life = at(-3000);
  born.after.unsettled = true;
  add("life_began", born);
  auto replaced = with(core::run_continued{carried(), true});
  replaced.step.life = at(-2000);
  replaced.after.run_began = replaced.step.event;
  add("run_replaced", replaced);
  auto continued = with(core::run_continued{sample_snapshot().carried});
  continued.after.run_began = continued.step.event;
  continued.after.pending = continued.after.unsettled = true;
  add("run_continued_fuller", continued);

  core::record kept;
  kept.run = 2;
  kept.event = 30;
  kept.time = at(100);
  kept.what = core::main_started{9, bytes_of("how"), unusual_start(), true};
  kept.from = core::origin{{"order", "7"}, at(-5000), 19, chain()};
  core::record signal;
  signal.run = 2;
  signal.event = 35;
  signal.time = at(104);
  signal.what = core::signal_received{7, bytes_of("words")};
  signal.from = core::origin{{"order", "8"}, at(-4000), 3, {}};
  core::record later = signal;
  later.event = 38;
  later.what = core::signal_delayed{8, bytes_of("not yet"), at(777)};
  later.from.reset();
  auto reset = with(core::run_reset{
      32,
      "a mistake",
      {kept},
      {signal, later},
      {{34, {"inventory", "tea"}, parent_close::cancel, true}, {36, {"inventory", "milk"}}}});
  reset.step.life = at(-1000);
  reset.after.run_began = reset.step.event;
  add("run_reset_full", reset);

  auto adopting = full_message();
  adopting.number = 41;
  adopting.adopts = true;
  add("calls_more", with(core::signal_received{1, {}},
                         {core::message_sent{adopting},
                          core::side_effect_recorded{{}, error{errc::failed, "no such file", "io"}},
                          core::side_effect_recorded{{}, error{errc::unavailable, "not now"}}}));
  return samples;
}

snapshot first_sample_snapshot() {
  return {.entity = {"cart", "alice"},
          .run = 2,
          .event = 47,
          .run_events = 18,
          .state_digest = 0x1122334455667788ULL,
          .carried = carried()};
}

snapshot second_sample_snapshot() {
  auto taken = first_sample_snapshot();
  auto& state = taken.carried;
  state.idempotency.push_back(
      {"key-6", 0xABCULL, 15, 2, at(-200), true, failed_as("out_of_tea"), 9});
  state.outbox = {plain_message(), full_message()};
  state.idempotency.push_back(
      {"key-7", 0xDEFULL, 16, 2, at(-100), false, failed_as("out_of_tea"), 9, 12});
  core::taken_messages few{{"order", "6"}, at(-6000), 5, {}, 18};
  core::taken_messages more{{"order", "7"}, at(-5000), 19, {}, 22};
  more.requests.push_back({17, 20, 1, true, {}});
  more.requests.push_back({19, 22, 2, false, completed()});
  state.inbox = {few, more};
  state.children = {{43, {"inventory", "tea"}, parent_close::cancel}};
  state.attributes = attributes();
  state.status = core::life_status::failed;
  state.paused = true;
  state.main = main_under_way();
  state.reset_at = at(-50);
  return taken;
}

snapshot sample_snapshot() {
  auto taken = second_sample_snapshot();
  auto& state = taken.carried;
  state.life = at(-1000);
  state.outbox.back().adopts = true;
  state.children.push_back({44, {"inventory", "milk"}, parent_close::terminate, true});
  return taken;
}

activity_progress sample_progress() {
  return {.activity = 31,
          .attempt = 4,
          .next_try = at(700),
          .last_failure = "no route to host",
          .heartbeat = bytes_of("page 12")};
}

}  // namespace perdure::persistence::testing
