#include "persistence/codec_read.h"

namespace perdure::persistence::codec {

namespace {

bytes to_bytes(capnp::Data::Reader value) {
  auto* first = reinterpret_cast<const std::byte*>(value.begin());
  return {first, first + value.size()};
}

std::string to_string(capnp::Text::Reader value) { return {value.begin(), value.size()}; }

[[noreturn]] void unknown(const char* what, unsigned number) {
  throw damaged{std::string(what) + " of kind " + std::to_string(number) +
                ", written by a newer version"};
}

// -- words as numbers ----------------------------------------------------------------------------
//
// Their enumerators' numbers are the format's: new ones come last, and nothing else changes.

template <class E>
constexpr std::uint8_t number(E word) {
  return static_cast<std::uint8_t>(word);
}

static_assert(number(core::message_kind::signal) == 0 && number(core::message_kind::update) == 1 &&
              number(core::message_kind::query) == 2 && number(core::message_kind::start) == 3 &&
              number(core::message_kind::run) == 4 && number(core::message_kind::result) == 5 &&
              number(core::message_kind::cancel) == 6 &&
              number(core::message_kind::terminate) == 7);
static_assert(number(core::life_status::running) == 1 &&
              number(core::life_status::terminated) == 2 &&
              number(core::life_status::completed) == 3 && number(core::life_status::failed) == 4 &&
              number(core::life_status::cancelled) == 5);
static_assert(number(entity_status::running) == 1 && number(entity_status::terminated) == 2 &&
              number(entity_status::completed) == 3 && number(entity_status::failed) == 4 &&
              number(entity_status::cancelled) == 5 && number(entity_status::paused) == 6);
static_assert(number(cancellation::try_cancel) == 0 && number(cancellation::wait) == 1 &&
              number(cancellation::abandon) == 2);
static_assert(number(id_conflict::reject) == 0 && number(id_conflict::use_existing) == 1 &&
              number(id_conflict::terminate_existing) == 2);
static_assert(number(id_reuse::allow) == 0 && number(id_reuse::after_failure) == 1 &&
              number(id_reuse::reject) == 2);
static_assert(number(parent_close::terminate) == 0 && number(parent_close::cancel) == 1 &&
              number(parent_close::abandon) == 2);

/// Returns the enumerator with this number, which is one from `first` to `last`.
template <class E>
E word(std::uint8_t from, E first, E last, const char* what) {
  if (from < number(first) || from > number(last)) unknown(what, from);
  return static_cast<E>(from);
}

cancellation read_cancellation(std::uint8_t from) {
  return word(from, cancellation::try_cancel, cancellation::abandon, "a cancellation");
}

parent_close read_parent_close(std::uint8_t from) {
  return word(from, parent_close::terminate, parent_close::abandon, "a close of a parent");
}

core::life_status read_life_status(std::uint8_t from) {
  return word(from, core::life_status::running, core::life_status::cancelled, "a life");
}

entity_status read_status(std::uint8_t from) {
  return word(from, entity_status::running, entity_status::paused, "a status");
}

// What stands in lists.
core::reminder read(wire::Reminder::Reader from);
core::delayed_signal read(wire::DelayedSignal::Reader from);
core::keyed_message read(wire::KeyedMessage::Reader from);
core::chain_link read(wire::ChainLink::Reader from);
core::outgoing read(wire::Outgoing::Reader from);
core::taken_messages::request read(wire::TakenMessages::Request::Reader from);
core::taken_messages read(wire::TakenMessages::Reader from);
core::child read(wire::Child::Reader from);
core::command read(wire::Command::Reader from);
core::record read(wire::Record::Reader from);

template <class List>
auto read_list(List from) {
  std::vector<decltype(read(from[0]))> values;
  values.reserve(from.size());
  for (auto value : from) values.push_back(read(value));
  return values;
}

// -- outcomes ------------------------------------------------------------------------------------

core::update_outcome read(wire::UpdateOutcome::Reader from) {
  using kind = core::update_outcome::kind;
  core::update_outcome value;
  value.type = to_string(from.getType());
  switch (from.which()) {
    case wire::UpdateOutcome::COMPLETED:
      value.how = kind::completed;
      value.results = to_bytes(from.getCompleted());
      return value;
    case wire::UpdateOutcome::FAILED:
      value.how = kind::failed;
      value.message = to_string(from.getFailed());
      return value;
  }
  unknown("an outcome", static_cast<unsigned>(from.which()));
}

error read(wire::Error::Reader from) {
  auto name = to_string(from.getCode());
  auto code = errc_from_string(name);
  if (!code) throw damaged{"an error of code '" + name + "', written by a newer version"};
  return {*code, to_string(from.getDetail()), to_string(from.getType())};
}

core::call_outcome read(wire::CallOutcome::Reader from) {
  switch (from.which()) {
    case wire::CallOutcome::RESULTS:
      return {to_bytes(from.getResults()), std::nullopt};
    case wire::CallOutcome::FAILED:
      return {{}, read(from.getFailed())};
  }
  unknown("a call's outcome", static_cast<unsigned>(from.which()));
}

// -- what a run carries --------------------------------------------------------------------------

core::reminder read(wire::Reminder::Reader from) {
  return {.name = to_string(from.getName()),
          .signal = from.getSignal(),
          .params = to_bytes(from.getParams()),
          .due = time_of(from.getDue())};
}

core::delayed_signal read(wire::DelayedSignal::Reader from) {
  return {.accepted = from.getAccepted(),
          .signal = from.getSignal(),
          .params = to_bytes(from.getParams()),
          .due = time_of(from.getDue())};
}

core::keyed_message read(wire::KeyedMessage::Reader from) {
  core::keyed_message value{.key = to_string(from.getKey()),
                            .digest = from.getDigest(),
                            .event = from.getEvent(),
                            .run = from.getRun(),
                            .time = time_of(from.getTime()),
                            .is_update = from.getIsUpdate(),
                            .outcome = {},
                            .method = from.getMethod(),
                            .joined = from.getJoined()};
  if (from.hasOutcome()) value.outcome = read(from.getOutcome());
  return value;
}

entity_id read(wire::EntityName::Reader from) {
  return {to_string(from.getType()), to_string(from.getId())};
}

core::chain_link read(wire::ChainLink::Reader from) {
  return {read(from.getEntity()), to_string(from.getMethod())};
}

core::origin read(wire::Origin::Reader from) {
  return {.sender = read(from.getSender()),
          .life = time_of(from.getLife()),
          .number = from.getNumber(),
          .chain = read_list(from.getChain())};
}

activity_options read(wire::ActivityOptions::Reader from) {
  activity_options value;
  value.queue = to_string(from.getQueue());
  value.schedule_to_start = duration{from.getScheduleToStart()};
  value.start_to_close = duration{from.getStartToClose()};
  value.schedule_to_close = duration{from.getScheduleToClose()};
  value.heartbeat = duration{from.getHeartbeat()};
  auto retry = from.getRetry();
  value.retry.first = duration{retry.getFirst()};
  value.retry.factor = retry.getFactor();
  value.retry.most = duration{retry.getMost()};
  value.retry.attempts = retry.getAttempts();
  for (auto type : retry.getFinalTypes()) value.retry.final_types.push_back(to_string(type));
  value.on_cancel = read_cancellation(from.getOnCancel());
  return value;
}

start_options read(wire::StartOptions::Reader from) {
  start_options value;
  value.when_running = word(from.getWhenRunning(), id_conflict::reject,
                            id_conflict::terminate_existing, "a conflict of ids");
  value.when_ended =
      word(from.getWhenEnded(), id_reuse::allow, id_reuse::reject, "a second use of an id");
  value.delay = duration{from.getDelay()};
  value.run_timeout = duration{from.getRunTimeout()};
  value.execution_timeout = duration{from.getExecutionTimeout()};
  value.on_parent_close = read_parent_close(from.getOnParentClose());
  value.on_cancel = read_cancellation(from.getOnCancel());
  return value;
}

core::outgoing read(wire::Outgoing::Reader from) {
  core::outgoing value;
  value.number = from.getNumber();
  value.target = read(from.getTarget());
  value.kind =
      word(from.getKind(), core::message_kind::signal, core::message_kind::terminate, "a message");
  value.method = from.getMethod();
  value.params = to_bytes(from.getParams());
  value.start = read(from.getStart());
  value.as_child = from.getAsChild();
  value.reason = to_string(from.getReason());
  value.chain = read_list(from.getChain());
  value.traceparent = to_string(from.getTraceparent());
  value.method_name = to_string(from.getMethodName());
  value.adopts = from.getAdopts();
  return value;
}

core::taken_messages::request read(wire::TakenMessages::Request::Reader from) {
  core::taken_messages::request value;
  value.number = from.getNumber();
  value.event = from.getEvent();
  value.run = from.getRun();
  value.is_start = from.getIsStart();
  if (from.hasOutcome()) value.outcome = read(from.getOutcome());
  return value;
}

core::taken_messages read(wire::TakenMessages::Reader from) {
  return {.sender = read(from.getSender()),
          .life = time_of(from.getLife()),
          .last = from.getLast(),
          .requests = read_list(from.getRequests()),
          .event = from.getEvent()};
}

core::child read(wire::Child::Reader from) {
  return {.number = from.getNumber(),
          .entity = read(from.getEntity()),
          .on_close = read_parent_close(from.getOnClose()),
          .undone = from.getUndone()};
}

core::started_main read(wire::StartedMain::Reader from) {
  core::started_main value;
  value.method = from.getMethod();
  value.params = to_bytes(from.getParams());
  value.started = from.getStarted();
  value.options = read(from.getOptions());
  if (from.hasParent()) value.parent = read(from.getParent());
  value.began = time_of(from.getBegan());
  if (from.getHasDue()) value.due = time_of(from.getDue());
  if (from.getHasRunDeadline()) value.run_deadline = time_of(from.getRunDeadline());
  if (from.getHasExecutionDeadline()) {
    value.execution_deadline = time_of(from.getExecutionDeadline());
  }
  if (from.hasOutcome()) value.outcome = read(from.getOutcome());
  return value;
}

/// Returns the attribute's value, or nothing when it says that there is none.
std::optional<attribute_value> read(wire::Attribute::Reader from) {
  switch (from.which()) {
    case wire::Attribute::NONE:
      return std::nullopt;
    case wire::Attribute::BOOLEAN:
      return attribute_value{from.getBoolean()};
    case wire::Attribute::INTEGER:
      return attribute_value{from.getInteger()};
    case wire::Attribute::REAL:
      return attribute_value{from.getReal()};
    case wire::Attribute::TEXT:
      return attribute_value{to_string(from.getText())};
  }
  unknown("an attribute", static_cast<unsigned>(from.which()));
}

core::carried_state read(wire::CarriedState::Reader from) {
  core::carried_state value;
  value.state = to_bytes(from.getState());
  value.created = time_of(from.getCreated());
  value.timers_started = from.getTimersStarted();
  value.reminders = read_list(from.getReminders());
  value.delayed = read_list(from.getDelayed());
  value.idempotency = read_list(from.getIdempotency());
  value.life = time_of(from.getLife());
  if (!from.hasExtra()) return value;
  auto extra = from.getExtra();
  value.outbox = read_list(extra.getOutbox());
  value.inbox = read_list(extra.getInbox());
  value.children = read_list(extra.getChildren());
  value.attributes = read_attributes(extra.getAttributes());
  value.status = read_life_status(extra.getStatus());
  value.paused = extra.getPaused();
  if (extra.hasMain()) value.main = read(extra.getMain());
  value.reset_at = time_of(extra.getResetAt());
  return value;
}

// -- inputs and commands -------------------------------------------------------------------------

core::record read(wire::Record::Reader from) { return read_record(from); }

core::input read_input(wire::Record::Reader from) {
  auto in = from.getInput();
  using kind = wire::Record::Input;
  switch (in.which()) {
    case kind::SIGNAL_RECEIVED:
      return core::signal_received{from.getMethod(), to_bytes(in.getSignalReceived())};
    case kind::SIGNAL_DELAYED:
      return core::signal_delayed{from.getMethod(), to_bytes(in.getSignalDelayed().getParams()),
                                  time_of(in.getSignalDelayed().getDue())};
    case kind::UPDATE_ACCEPTED:
      return core::update_accepted{from.getMethod(), to_bytes(in.getUpdateAccepted())};
    case kind::TIMER_FIRED:
      return core::timer_fired{in.getTimerFired()};
    case kind::REMINDER_FIRED:
      return core::reminder_fired{to_string(in.getReminderFired())};
    case kind::DELAYED_SIGNAL_DUE:
      return core::delayed_signal_due{in.getDelayedSignalDue()};
    case kind::RUN_CONTINUED:
      return core::run_continued{read(in.getRunContinued()),
                                 in.getRunContinued().getExtra().getReplaces()};
    case kind::TERMINATED:
      return core::terminated{to_string(in.getTerminated())};
    case kind::MAIN_STARTED: {
      auto started = in.getMainStarted();
      return core::main_started{from.getMethod(), to_bytes(started.getParams()),
                                read(started.getOptions()), started.getAsChild()};
    }
    case kind::MAIN_DUE:
      return core::main_due{};
    case kind::DEADLINE_PASSED:
      return core::deadline_passed{in.getDeadlinePassed()};
    case kind::ACTIVITY_ENDED:
      return core::activity_ended{in.getActivityEnded().getActivity(),
                                  read(in.getActivityEnded().getOutcome())};
    case kind::REPLY_RECEIVED:
      return core::reply_received{in.getReplyReceived().getMessage(),
                                  read(in.getReplyReceived().getOutcome())};
    case kind::CANCEL_REQUESTED:
      return core::cancel_requested{to_string(in.getCancelRequested())};
    case kind::PAUSED:
      return core::paused{to_string(in.getPaused())};
    case kind::RESUMED:
      return core::resumed{};
    case kind::RUN_RESET: {
      auto reset = in.getRunReset();
      return core::run_reset{reset.getTo(), to_string(reset.getReason()),
                             read_list(reset.getHistory()), read_list(reset.getSignals()),
                             read_list(reset.getChildren())};
    }
    case kind::SETTLED:
      return core::settled{};
  }
  unknown("an input", static_cast<unsigned>(in.which()));
}

core::command read(wire::Command::Reader from) {
  switch (from.which()) {
    case wire::Command::TIMER_STARTED:
      return core::timer_started{from.getTimerStarted().getTimer(),
                                 time_of(from.getTimerStarted().getDue())};
    case wire::Command::TIMER_CANCELLED:
      return core::timer_cancelled{from.getTimerCancelled()};
    case wire::Command::REMINDER_SET:
      return core::reminder_set{read(from.getReminderSet())};
    case wire::Command::REMINDER_CANCELLED:
      return core::reminder_cancelled{to_string(from.getReminderCancelled())};
    case wire::Command::UPDATE_ENDED:
      return core::update_ended{from.getUpdateEnded().getUpdate(),
                                read(from.getUpdateEnded().getOutcome())};
    case wire::Command::HANDLER_FAILED:
      return core::handler_failed{from.getHandlerFailed().getStartedBy(),
                                  to_string(from.getHandlerFailed().getMessage())};
    case wire::Command::ACTIVITY_SCHEDULED: {
      auto call = from.getActivityScheduled();
      return core::activity_scheduled{to_string(call.getActivities()), call.getActivity(),
                                      to_bytes(call.getParams()), read(call.getOptions()),
                                      to_string(call.getTraceparent())};
    }
    case wire::Command::ACTIVITY_CANCELLED:
      return core::activity_cancelled{from.getActivityCancelled()};
    case wire::Command::MESSAGE_SENT:
      return core::message_sent{read(from.getMessageSent())};
    case wire::Command::VERSION_RECORDED:
      return core::version_recorded{to_string(from.getVersionRecorded().getChange()),
                                    from.getVersionRecorded().getVersion()};
    case wire::Command::SIDE_EFFECT_RECORDED:
      return core::side_effect_recorded{to_bytes(from.getSideEffectRecorded())};
    case wire::Command::SIDE_EFFECT_FAILED:
      return core::side_effect_recorded{{}, read(from.getSideEffectFailed())};
    case wire::Command::ATTRIBUTE_SET:
      return core::attribute_set{to_string(from.getAttributeSet().getName()),
                                 read(from.getAttributeSet())};
    case wire::Command::MAIN_ENDED:
      return core::main_ended{read_life_status(from.getMainEnded().getStatus()),
                              read(from.getMainEnded().getOutcome())};
    case wire::Command::CONTINUE_REQUESTED:
      return core::continue_requested{};
  }
  unknown("a command", static_cast<unsigned>(from.which()));
}

}  // namespace

// -- messages ------------------------------------------------------------------------------------

record_header read_header(wire::Record::Reader from) {
  if (from.getFirstEvent() == 0 || from.getEventCount() == 0) throw damaged{"no event"};
  record_header head;
  head.entity = {to_string(from.getEntityType()), to_string(from.getEntityId())};
  head.first_event = from.getFirstEvent();
  head.after.status = read_status(from.getStatus());
  head.after.run = from.getRun();
  head.after.run_began = from.getRunBegan();
  head.after.last_event = from.getFirstEvent() + from.getEventCount() - 1;
  head.after.run_bytes = from.getRunBytes();
  head.after.created = time_of(from.getCreated());
  head.after.last_active = time_of(from.getLastActive());
  if (from.getHasNextDue()) head.after.next_due = time_of(from.getNextDue());
  head.after.pending = from.getPending();
  head.after.unsettled = from.getUnsettled();
  if (from.hasExtra() && from.getExtra().hasAttributes()) {
    head.attributes = read_attributes(from.getExtra().getAttributes());
  }
  return head;
}

core::record read_record(wire::Record::Reader from) {
  core::record step;
  step.run = from.getRun();
  step.event = from.getFirstEvent();
  step.time = time_of(from.getTime());
  step.what = read_input(from);
  if (from.hasOnce()) {
    auto once = from.getOnce();
    step.once = core::idempotency{to_string(once.getKey()), once.getDigest()};
  }
  if (from.hasExtra()) {
    auto extra = from.getExtra();
    if (extra.hasFrom()) step.from = read(extra.getFrom());
    step.traceparent = to_string(extra.getTraceparent());
    for (auto event : extra.getSettles()) step.settles.push_back(event);
    if (extra.getLife() != no_life) step.life = time_of(extra.getLife());
  }
  step.commands = read_list(from.getCommands());
  if (from.getHasStateDigest()) step.state_digest = from.getStateDigest();
  if (step.event == 0 || step.commands.size() + 1 != from.getEventCount()) {
    throw damaged{"its count of events is not that of its commands"};
  }
  return step;
}

snapshot read_snapshot(wire::Snapshot::Reader from) {
  return {.entity = {to_string(from.getEntityType()), to_string(from.getEntityId())},
          .run = from.getRun(),
          .event = from.getEvent(),
          .run_events = from.getRunEvents(),
          .state_digest = from.getStateDigest(),
          .carried = read(from.getCarried())};
}

core::attributes read_attributes(wire::Attributes::Reader from) {
  core::attributes values;
  for (auto attribute : from.getAll()) {
    auto value = read(attribute);
    if (!value) throw damaged{"an attribute without a value"};
    values.insert_or_assign(values.end(), to_string(attribute.getName()), std::move(*value));
  }
  return values;
}

activity_progress read_progress(wire::Progress::Reader from) {
  return {.activity = from.getActivity(),
          .attempt = from.getAttempt(),
          .next_try = time_of(from.getNextTry()),
          .last_failure = to_string(from.getLastFailure()),
          .heartbeat = to_bytes(from.getHeartbeat())};
}

const activity_options& default_activity_options() {
  static const auto options = read(wire::ActivityOptions::Reader());
  return options;
}

const start_options& default_start_options() {
  static const auto options = read(wire::StartOptions::Reader());
  return options;
}

}  // namespace perdure::persistence::codec
