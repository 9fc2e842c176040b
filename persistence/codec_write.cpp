#include "persistence/codec_write.h"

#include "persistence/codec_read.h"

namespace perdure::persistence::codec {

namespace {

capnp::Text::Reader text(const std::string& value) { return {value.c_str(), value.size()}; }

capnp::Data::Reader data(const bytes& value) {
  return {reinterpret_cast<const kj::byte*>(value.data()), value.size()};
}

template <class List>
unsigned count(const List& values) {
  return static_cast<unsigned>(values.size());
}

template <class E>
std::uint8_t number(E word) {
  return static_cast<std::uint8_t>(word);
}

// What stands in lists.
void write(wire::Reminder::Builder to, const core::reminder& value);
void write(wire::DelayedSignal::Builder to, const core::delayed_signal& value);
void write(wire::KeyedMessage::Builder to, const core::keyed_message& value);
void write(wire::ChainLink::Builder to, const core::chain_link& value);
void write(wire::Outgoing::Builder to, const core::outgoing& value);
void write(wire::TakenMessages::Request::Builder to, const core::taken_messages::request& value);
void write(wire::TakenMessages::Builder to, const core::taken_messages& value);
void write(wire::Child::Builder to, const core::child& value);
void write(wire::Command::Builder to, const core::command& value);
void write(wire::Record::Builder to, const core::record& step);

template <class List, class T>
void write_list(List to, const std::vector<T>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) write(to[static_cast<unsigned>(i)], values[i]);
}

// -- outcomes ------------------------------------------------------------------------------------

void write(wire::UpdateOutcome::Builder to, const core::update_outcome& value) {
  if (value.how == core::update_outcome::kind::completed) {
    to.setCompleted(data(value.results));
  } else {
    to.setFailed(text(value.message));
  }
  if (!value.type.empty()) to.setType(text(value.type));
}

void write(wire::Error::Builder to, const error& value) {
  auto code = to_string(value.code);
  to.setCode({code.data(), code.size()});  // A literal: it ends with a NUL.
  to.setDetail(text(value.detail));
  if (!value.type.empty()) to.setType(text(value.type));
}

void write(wire::CallOutcome::Builder to, const core::call_outcome& value) {
  if (!value.why) return to.setResults(data(value.results));
  write(to.initFailed(), *value.why);
}

// -- what a run carries --------------------------------------------------------------------------

void write(wire::Reminder::Builder to, const core::reminder& value) {
  to.setName(text(value.name));
  to.setSignal(value.signal);
  to.setParams(data(value.params));
  to.setDue(millis(value.due));
}

void write(wire::DelayedSignal::Builder to, const core::delayed_signal& value) {
  to.setAccepted(value.accepted);
  to.setSignal(value.signal);
  to.setParams(data(value.params));
  to.setDue(millis(value.due));
}

void write(wire::KeyedMessage::Builder to, const core::keyed_message& value) {
  to.setKey(text(value.key));
  to.setDigest(value.digest);
  to.setEvent(value.event);
  to.setRun(value.run);
  to.setIsUpdate(value.is_update);
  to.setMethod(value.method);
  to.setTime(millis(value.time));
  to.setJoined(value.joined);
  if (value.outcome) write(to.initOutcome(), *value.outcome);
}

void write(wire::EntityName::Builder to, const entity_id& value) {
  to.setType(text(value.type));
  to.setId(text(value.id));
}

void write(wire::ChainLink::Builder to, const core::chain_link& value) {
  write(to.initEntity(), value.entity);
  to.setMethod(text(value.method));
}

void write(wire::Origin::Builder to, const core::origin& value) {
  write(to.initSender(), value.sender);
  to.setLife(millis(value.life));
  to.setNumber(value.number);
  if (!value.chain.empty()) write_list(to.initChain(count(value.chain)), value.chain);
}

void write(wire::ActivityOptions::Builder to, const activity_options& value) {
  if (!value.queue.empty()) to.setQueue(text(value.queue));
  to.setScheduleToStart(value.schedule_to_start.count());
  to.setStartToClose(value.start_to_close.count());
  to.setScheduleToClose(value.schedule_to_close.count());
  to.setHeartbeat(value.heartbeat.count());
  auto retry = to.getRetry();
  retry.setFirst(value.retry.first.count());
  retry.setFactor(value.retry.factor);
  retry.setMost(value.retry.most.count());
  retry.setAttempts(value.retry.attempts);
  if (!value.retry.final_types.empty()) {
    auto types = retry.initFinalTypes(count(value.retry.final_types));
    for (unsigned i = 0; i < types.size(); ++i) types.set(i, text(value.retry.final_types[i]));
  }
  to.setOnCancel(number(value.on_cancel));
}

void write(wire::StartOptions::Builder to, const start_options& value) {
  to.setWhenRunning(number(value.when_running));
  to.setWhenEnded(number(value.when_ended));
  to.setDelay(value.delay.count());
  to.setRunTimeout(value.run_timeout.count());
  to.setExecutionTimeout(value.execution_timeout.count());
  to.setOnParentClose(number(value.on_parent_close));
  to.setOnCancel(number(value.on_cancel));
}

void write(wire::Outgoing::Builder to, const core::outgoing& value) {
  to.setNumber(value.number);
  write(to.initTarget(), value.target);
  to.setKind(number(value.kind));
  to.setMethod(value.method);
  to.setParams(data(value.params));
  if (value.start != default_start_options()) write(to.initStart(), value.start);
  to.setAsChild(value.as_child);
  if (!value.reason.empty()) to.setReason(text(value.reason));
  if (!value.chain.empty()) write_list(to.initChain(count(value.chain)), value.chain);
  if (!value.traceparent.empty()) to.setTraceparent(text(value.traceparent));
  if (!value.method_name.empty()) to.setMethodName(text(value.method_name));
  to.setAdopts(value.adopts);
}

void write(wire::TakenMessages::Request::Builder to, const core::taken_messages::request& value) {
  to.setNumber(value.number);
  to.setEvent(value.event);
  to.setRun(value.run);
  to.setIsStart(value.is_start);
  if (value.outcome) write(to.initOutcome(), *value.outcome);
}

void write(wire::TakenMessages::Builder to, const core::taken_messages& value) {
  write(to.initSender(), value.sender);
  to.setLife(millis(value.life));
  to.setLast(value.last);
  to.setEvent(value.event);
  if (!value.requests.empty()) write_list(to.initRequests(count(value.requests)), value.requests);
}

void write(wire::Child::Builder to, const core::child& value) {
  to.setNumber(value.number);
  write(to.initEntity(), value.entity);
  to.setOnClose(number(value.on_close));
  to.setUndone(value.undone);
}

void write(wire::StartedMain::Builder to, const core::started_main& value) {
  to.setMethod(value.method);
  to.setParams(data(value.params));
  to.setStarted(value.started);
  if (value.options != default_start_options()) write(to.initOptions(), value.options);
  if (value.parent) write(to.initParent(), *value.parent);
  to.setBegan(millis(value.began));
  to.setHasDue(value.due.has_value());
  to.setHasRunDeadline(value.run_deadline.has_value());
  to.setHasExecutionDeadline(value.execution_deadline.has_value());
  if (value.due) to.setDue(millis(*value.due));
  if (value.run_deadline) to.setRunDeadline(millis(*value.run_deadline));
  if (value.execution_deadline) to.setExecutionDeadline(millis(*value.execution_deadline));
  if (value.outcome) write(to.initOutcome(), *value.outcome);
}

void write(wire::Attribute::Builder to, const std::string& name, const attribute_value& value) {
  to.setName(text(name));
  std::visit(overloaded{[&](bool v) { to.setBoolean(v); },
                        [&](std::int64_t v) { to.setInteger(v); }, [&](double v) { to.setReal(v); },
                        [&](const std::string& v) { to.setText(text(v)); }},
             value);
}

/// Whether any of what `CarriedExtra` holds is there to say.
bool has_extra(const core::carried_state& value) {
  return !value.outbox.empty() || !value.inbox.empty() || !value.children.empty() ||
         !value.attributes.empty() || value.status != core::life_status::running || value.paused ||
         value.main.has_value() || value.reset_at != timestamp{};
}

void write(wire::CarriedExtra::Builder to, const core::carried_state& value) {
  if (!value.outbox.empty()) write_list(to.initOutbox(count(value.outbox)), value.outbox);
  if (!value.inbox.empty()) write_list(to.initInbox(count(value.inbox)), value.inbox);
  if (!value.children.empty()) write_list(to.initChildren(count(value.children)), value.children);
  if (!value.attributes.empty()) write_attributes(to.initAttributes(), value.attributes);
  to.setStatus(number(value.status));
  to.setPaused(value.paused);
  to.setResetAt(millis(value.reset_at));
  if (value.main) write(to.initMain(), *value.main);
}

void write(wire::CarriedState::Builder to, const core::carried_state& value,
           bool replaces = false) {
  to.setState(data(value.state));
  to.setCreated(millis(value.created));
  to.setTimersStarted(value.timers_started);
  write_list(to.initReminders(count(value.reminders)), value.reminders);
  write_list(to.initDelayed(count(value.delayed)), value.delayed);
  write_list(to.initIdempotency(count(value.idempotency)), value.idempotency);
  to.setLife(millis(value.life));
  if (!has_extra(value) && !replaces) return;
  auto extra = to.initExtra();
  write(extra, value);
  extra.setReplaces(replaces);
}

// -- inputs and commands -------------------------------------------------------------------------

void write(wire::Record::Builder to, const core::input& value) {
  auto in = to.getInput();
  std::visit(overloaded{
                 [&](const core::signal_received& i) {
                   to.setMethod(i.method);
                   in.setSignalReceived(data(i.params));
                 },
                 [&](const core::signal_delayed& i) {
                   to.setMethod(i.method);
                   auto delayed = in.initSignalDelayed();
                   delayed.setParams(data(i.params));
                   delayed.setDue(millis(i.due));
                 },
                 [&](const core::update_accepted& i) {
                   to.setMethod(i.method);
                   in.setUpdateAccepted(data(i.params));
                 },
                 [&](const core::timer_fired& i) { in.setTimerFired(i.timer); },
                 [&](const core::reminder_fired& i) { in.setReminderFired(text(i.name)); },
                 [&](const core::delayed_signal_due& i) { in.setDelayedSignalDue(i.accepted); },
                 [&](const core::run_continued& i) {
                   write(in.initRunContinued(), i.carried, i.replaces);
                 },
                 [&](const core::terminated& i) { in.setTerminated(text(i.reason)); },
                 [&](const core::main_started& i) {
                   to.setMethod(i.method);
                   auto started = in.initMainStarted();
                   started.setParams(data(i.params));
                   if (i.options != default_start_options()) {
                     write(started.initOptions(), i.options);
                   }
                   started.setAsChild(i.as_child);
                 },
                 [&](const core::main_due&) { in.setMainDue(); },
                 [&](const core::deadline_passed& i) { in.setDeadlinePassed(i.of_run); },
                 [&](const core::activity_ended& i) {
                   auto ended = in.initActivityEnded();
                   ended.setActivity(i.activity);
                   write(ended.initOutcome(), i.outcome);
                 },
                 [&](const core::reply_received& i) {
                   auto received = in.initReplyReceived();
                   received.setMessage(i.message);
                   write(received.initOutcome(), i.outcome);
                 },
                 [&](const core::cancel_requested& i) { in.setCancelRequested(text(i.reason)); },
                 [&](const core::paused& i) { in.setPaused(text(i.reason)); },
                 [&](const core::resumed&) { in.setResumed(); },
                 [&](const core::run_reset& i) {
                   auto reset = in.initRunReset();
                   reset.setTo(i.to);
                   if (!i.reason.empty()) reset.setReason(text(i.reason));
                   write_list(reset.initHistory(count(i.history)), i.history);
                   if (!i.signals.empty()) {
                     write_list(reset.initSignals(count(i.signals)), i.signals);
                   }
                   if (!i.children.empty()) {
                     write_list(reset.initChildren(count(i.children)), i.children);
                   }
                 },
                 [&](const core::settled&) { in.setSettled(); },
             },
             value);
}

void write(wire::Command::Builder to, const core::command& value) {
  std::visit(overloaded{
                 [&](const core::timer_started& c) {
                   auto started = to.initTimerStarted();
                   started.setTimer(c.timer);
                   started.setDue(millis(c.due));
                 },
                 [&](const core::timer_cancelled& c) { to.setTimerCancelled(c.timer); },
                 [&](const core::reminder_set& c) { write(to.initReminderSet(), c.set); },
                 [&](const core::reminder_cancelled& c) { to.setReminderCancelled(text(c.name)); },
                 [&](const core::update_ended& c) {
                   auto ended = to.initUpdateEnded();
                   ended.setUpdate(c.update);
                   write(ended.initOutcome(), c.outcome);
                 },
                 [&](const core::handler_failed& c) {
                   auto failed = to.initHandlerFailed();
                   failed.setStartedBy(c.started_by);
                   failed.setMessage(text(c.message));
                 },
                 [&](const core::activity_scheduled& c) {
                   auto call = to.initActivityScheduled();
                   call.setActivities(text(c.activities));
                   call.setActivity(c.activity);
                   call.setParams(data(c.params));
                   if (c.options != default_activity_options()) {
                     write(call.initOptions(), c.options);
                   }
                   if (!c.traceparent.empty()) call.setTraceparent(text(c.traceparent));
                 },
                 [&](const core::activity_cancelled& c) { to.setActivityCancelled(c.activity); },
                 [&](const core::message_sent& c) { write(to.initMessageSent(), c.message); },
                 [&](const core::version_recorded& c) {
                   auto recorded = to.initVersionRecorded();
                   recorded.setChange(text(c.change));
                   recorded.setVersion(c.version);
                 },
                 [&](const core::side_effect_recorded& c) {
                   if (c.why) return write(to.initSideEffectFailed(), *c.why);
                   to.setSideEffectRecorded(data(c.value));
                 },
                 [&](const core::attribute_set& c) {
                   if (c.value) return write(to.initAttributeSet(), c.name, *c.value);
                   auto removed = to.initAttributeSet();
                   removed.setName(text(c.name));
                   removed.setNone();
                 },
                 [&](const core::main_ended& c) {
                   auto ended = to.initMainEnded();
                   ended.setStatus(number(c.status));
                   write(ended.initOutcome(), c.outcome);
                 },
                 [&](const core::continue_requested&) { to.setContinueRequested(); },
             },
             value);
}

// -- records -------------------------------------------------------------------------------------

/// All but the entity's name, its summary and its attributes.
void write(wire::Record::Builder to, const core::record& step) {
  to.setFirstEvent(step.event);
  to.setTime(millis(step.time));
  to.setRun(step.run);
  to.setEventCount(count(step.commands) + 1);
  write(to, step.what);
  if (step.once) {
    auto once = to.initOnce();
    once.setKey(text(step.once->key));
    once.setDigest(step.once->digest);
  }
  if (!step.commands.empty()) write_list(to.initCommands(count(step.commands)), step.commands);
  to.setHasStateDigest(step.state_digest.has_value());
  to.setStateDigest(step.state_digest.value_or(0));
  if (!step.from && step.traceparent.empty() && step.settles.empty() && !step.life) return;
  auto extra = to.initExtra();
  if (step.from) write(extra.initFrom(), *step.from);
  if (!step.traceparent.empty()) extra.setTraceparent(text(step.traceparent));
  if (step.life) extra.setLife(millis(*step.life));
  if (step.settles.empty()) return;
  auto settles = extra.initSettles(count(step.settles));
  for (unsigned i = 0; i < settles.size(); ++i) settles.set(i, step.settles[i]);
}

}  // namespace

void write_record(wire::Record::Builder to, const entity_id& entity, const core::record& step,
                  const entity_summary& after, const std::optional<core::attributes>& attributes) {
  to.setEntityType(text(entity.type));
  to.setEntityId(text(entity.id));
  write(to, step);
  to.setRunBegan(after.run_began);
  to.setRunBytes(after.run_bytes);
  to.setCreated(millis(after.created));
  to.setLastActive(millis(after.last_active));
  to.setNextDue(after.next_due ? millis(*after.next_due) : 0);
  to.setHasNextDue(after.next_due.has_value());
  to.setStatus(number(after.status));
  to.setPending(after.pending);
  to.setUnsettled(after.unsettled);
  if (!attributes) return;
  auto extra = to.hasExtra() ? to.getExtra() : to.initExtra();
  write_attributes(extra.initAttributes(), *attributes);
}

void write_snapshot(wire::Snapshot::Builder to, const snapshot& taken) {
  to.setEntityType(text(taken.entity.type));
  to.setEntityId(text(taken.entity.id));
  to.setRun(taken.run);
  to.setEvent(taken.event);
  to.setRunEvents(taken.run_events);
  to.setStateDigest(taken.state_digest);
  write(to.initCarried(), taken.carried);
}

void write_attributes(wire::Attributes::Builder to, const core::attributes& values) {
  auto all = to.initAll(count(values));
  unsigned i = 0;
  for (auto& [name, value] : values) write(all[i++], name, value);
}

void write_progress(wire::Progress::Builder to, const activity_progress& progress) {
  to.setActivity(progress.activity);
  to.setAttempt(progress.attempt);
  to.setNextTry(millis(progress.next_try));
  if (!progress.last_failure.empty()) to.setLastFailure(text(progress.last_failure));
  if (!progress.heartbeat.empty()) to.setHeartbeat(data(progress.heartbeat));
}

}  // namespace perdure::persistence::codec
