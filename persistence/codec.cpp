#include "persistence/codec.h"

#include <perdure/capnp_compat.h>

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <array>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

#include "persistence/check.h"
#include "persistence/event.capnp.h"

namespace perdure::persistence {

namespace {

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

std::int64_t millis(timestamp time) { return time.time_since_epoch().count(); }
timestamp time_of(std::int64_t millis) { return timestamp{duration{millis}}; }

// -- sizes ---------------------------------------------------------------------------------------
//
// An upper bound of the words a value takes, so that a message is one segment, built in place.

constexpr std::size_t segment_table_bytes = 8;

std::size_t blob_words(std::size_t size) { return (size + 8) / 8; }  // Text ends with a NUL.

template <class Struct>
constexpr std::size_t struct_words() {
  return capnp::sizeInWords<Struct>();
}

std::size_t words_of(const core::reminder& value) {
  return struct_words<wire::Reminder>() + blob_words(value.name.size()) +
         blob_words(value.params.size());
}

std::size_t words_of(const core::delayed_signal& value) {
  return struct_words<wire::DelayedSignal>() + blob_words(value.params.size());
}

std::size_t words_of(const core::update_outcome& value) {
  return struct_words<wire::UpdateOutcome>() + blob_words(value.results.size()) +
         blob_words(value.message.size());
}

std::size_t words_of(const core::keyed_message& value) {
  return struct_words<wire::KeyedMessage>() + blob_words(value.key.size()) +
         (value.outcome ? words_of(*value.outcome) : 0);
}

std::size_t words_of(const core::command& value);

template <class T>
std::size_t words_of(const std::vector<T>& values) {
  std::size_t words = 1;  // The list's tag.
  for (auto& value : values) words += words_of(value);
  return words;
}

std::size_t words_of(const core::carried_state& value) {
  return struct_words<wire::CarriedState>() + blob_words(value.state.size()) +
         words_of(value.reminders) + words_of(value.delayed) + words_of(value.idempotency);
}

std::size_t words_of(const core::input& value) {
  return std::visit(
      overloaded{
          [](const core::signal_received& in) { return blob_words(in.params.size()); },
          [](const core::signal_delayed& in) { return blob_words(in.params.size()); },
          [](const core::update_accepted& in) { return blob_words(in.params.size()); },
          [](const core::timer_fired&) { return std::size_t{0}; },
          [](const core::reminder_fired& in) { return blob_words(in.name.size()); },
          [](const core::delayed_signal_due&) { return std::size_t{0}; },
          [](const core::run_continued& in) { return words_of(in.carried); },
          [](const core::terminated& in) { return blob_words(in.reason.size()); },
      },
      value);
}

std::size_t words_of(const core::command& value) {
  return struct_words<wire::Command>() +
         std::visit(overloaded{
                        [](const core::timer_started&) { return std::size_t{0}; },
                        [](const core::timer_cancelled&) { return std::size_t{0}; },
                        [](const core::reminder_set& c) { return words_of(c.set); },
                        [](const core::reminder_cancelled& c) { return blob_words(c.name.size()); },
                        [](const core::update_ended& c) { return words_of(c.outcome); },
                        [](const core::handler_failed& c) { return blob_words(c.message.size()); },
                    },
                    value);
}

std::size_t words_of(const entity_id& entity) {
  return blob_words(entity.type.size()) + blob_words(entity.id.size());
}

// -- encoding ------------------------------------------------------------------------------------

capnp::Text::Reader text(const std::string& value) { return {value.c_str(), value.size()}; }

capnp::Data::Reader data(const bytes& value) {
  return {reinterpret_cast<const kj::byte*>(value.data()), value.size()};
}

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

void write(wire::UpdateOutcome::Builder to, const core::update_outcome& value) {
  if (value.how == core::update_outcome::kind::completed) {
    to.setCompleted(data(value.results));
  } else {
    to.setFailed(text(value.message));
  }
}

void write(wire::KeyedMessage::Builder to, const core::keyed_message& value) {
  to.setKey(text(value.key));
  to.setDigest(value.digest);
  to.setEvent(value.event);
  to.setRun(value.run);
  to.setIsUpdate(value.is_update);
  to.setMethod(value.method);
  to.setTime(millis(value.time));
  if (value.outcome) write(to.initOutcome(), *value.outcome);
}

void write(wire::Command::Builder to, const core::command& value);

template <class List, class T>
void write_list(List to, const std::vector<T>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) write(to[static_cast<unsigned>(i)], values[i]);
}

void write(wire::CarriedState::Builder to, const core::carried_state& value) {
  to.setState(data(value.state));
  to.setCreated(millis(value.created));
  to.setTimersStarted(value.timers_started);
  auto count = [](const auto& values) { return static_cast<unsigned>(values.size()); };
  write_list(to.initReminders(count(value.reminders)), value.reminders);
  write_list(to.initDelayed(count(value.delayed)), value.delayed);
  write_list(to.initIdempotency(count(value.idempotency)), value.idempotency);
}

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
                 [&](const core::run_continued& i) { write(in.initRunContinued(), i.carried); },
                 [&](const core::terminated& i) { in.setTerminated(text(i.reason)); },
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
             },
             value);
}

void write_head(wire::Record::Builder to, const entity_id& entity, const core::record& step,
                const entity_summary& after) {
  to.setEntityType(text(entity.type));
  to.setEntityId(text(entity.id));
  to.setFirstEvent(step.event);
  to.setTime(millis(step.time));
  to.setRun(step.run);
  to.setEventCount(static_cast<std::uint32_t>(after.last_event - step.event + 1));
  to.setRunBegan(after.run_began);
  to.setRunBytes(after.run_bytes);
  to.setCreated(millis(after.created));
  to.setLastActive(millis(after.last_active));
  to.setNextDue(after.next_due ? millis(*after.next_due) : 0);
  to.setHasNextDue(after.next_due.has_value());
  to.setStatus(static_cast<std::uint8_t>(after.status));
}

/// Builds one message of at most `words` words with `fill`, in the bytes it returns.
template <class Root, class Fill>
bytes build(std::size_t words, Fill fill) {
  bytes encoded(segment_table_bytes + words * sizeof(capnp::word));
  auto* first = reinterpret_cast<capnp::word*>(encoded.data() + segment_table_bytes);
  capnp::FlatMessageBuilder message(kj::arrayPtr(first, words));
  fill(message.initRoot<Root>());
  auto used = static_cast<std::uint32_t>(message.getSegmentsForOutput()[0].size());
  std::memcpy(encoded.data() + sizeof used, &used,
              sizeof used);  // After the count of segments - 1.
  encoded.resize(segment_table_bytes + used * sizeof(capnp::word));
  return encoded;
}

// -- decoding ------------------------------------------------------------------------------------

/// Thrown while decoding, and turned into an error where the decoding began.
struct damaged {
  std::string what;
};

bytes to_bytes(capnp::Data::Reader value) {
  auto* first = reinterpret_cast<const std::byte*>(value.begin());
  return {first, first + value.size()};
}

std::string to_string(capnp::Text::Reader value) { return {value.begin(), value.size()}; }

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

core::update_outcome read(wire::UpdateOutcome::Reader from) {
  using kind = core::update_outcome::kind;
  switch (from.which()) {
    case wire::UpdateOutcome::COMPLETED:
      return {.how = kind::completed, .results = to_bytes(from.getCompleted()), .message = {}};
    case wire::UpdateOutcome::FAILED:
      return {.how = kind::failed, .results = {}, .message = to_string(from.getFailed())};
  }
  throw damaged{"an outcome of kind " + std::to_string(static_cast<int>(from.which()))};
}

core::keyed_message read(wire::KeyedMessage::Reader from) {
  core::keyed_message value{.key = to_string(from.getKey()),
                            .digest = from.getDigest(),
                            .event = from.getEvent(),
                            .run = from.getRun(),
                            .time = time_of(from.getTime()),
                            .is_update = from.getIsUpdate(),
                            .outcome = {},
                            .method = from.getMethod()};
  if (from.hasOutcome()) value.outcome = read(from.getOutcome());
  return value;
}

core::command read(wire::Command::Reader from);

template <class T, class List>
std::vector<T> read_list(List from) {
  std::vector<T> values;
  values.reserve(from.size());
  for (auto value : from) values.push_back(read(value));
  return values;
}

core::carried_state read(wire::CarriedState::Reader from) {
  return {.state = to_bytes(from.getState()),
          .created = time_of(from.getCreated()),
          .timers_started = from.getTimersStarted(),
          .reminders = read_list<core::reminder>(from.getReminders()),
          .delayed = read_list<core::delayed_signal>(from.getDelayed()),
          .idempotency = read_list<core::keyed_message>(from.getIdempotency())};
}

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
      return core::run_continued{read(in.getRunContinued())};
    case kind::TERMINATED:
      return core::terminated{to_string(in.getTerminated())};
  }
  throw damaged{"an input of kind " + std::to_string(static_cast<int>(in.which())) +
                ", written by a newer version"};
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
  }
  throw damaged{"a command of kind " + std::to_string(static_cast<int>(from.which())) +
                ", written by a newer version"};
}

entity_status read_status(std::uint8_t status) {
  if (status != static_cast<std::uint8_t>(entity_status::running) &&
      status != static_cast<std::uint8_t>(entity_status::terminated)) {
    throw damaged{"a status of " + std::to_string(status)};
  }
  return static_cast<entity_status>(status);
}

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
  step.commands = read_list<core::command>(from.getCommands());
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

/// Words on an eight-byte boundary: the caller's bytes when they stand on one, a copy otherwise.
class aligned_words {
public:
  explicit aligned_words(bytes_view encoded) : count_(encoded.size() / sizeof(capnp::word)) {
    if (reinterpret_cast<std::uintptr_t>(encoded.data()) % alignof(std::uint64_t) == 0) {
      first_ = reinterpret_cast<const capnp::word*>(encoded.data());
      return;
    }
    std::uint64_t* to = near_.data();
    if (count_ > near_.size()) {
      far_ = std::make_unique_for_overwrite<std::uint64_t[]>(count_);
      to = far_.get();
    }
    std::memcpy(to, encoded.data(), count_ * sizeof(capnp::word));
    first_ = reinterpret_cast<const capnp::word*>(to);
  }

  kj::ArrayPtr<const capnp::word> get() const { return {first_, count_}; }

private:
  std::size_t count_;
  const capnp::word* first_ = nullptr;
  std::array<std::uint64_t, 256> near_;  // Left as it is: only what is copied is read.
  std::unique_ptr<std::uint64_t[]> far_;
};

/// Reads `encoded` as one message with root `Root`, by `read`.
template <class Root, class Read>
auto parse(bytes_view encoded, const char* noun, Read read)
    -> result<decltype(read(std::declval<typename Root::Reader>()))> {
  auto broken = [&](const std::string& what) {
    return error{errc::internal, std::string(noun) + " is damaged: " + what};
  };
  std::array<std::uint32_t, 2> table{};
  if (encoded.size() < segment_table_bytes) return broken("it has no segment table");
  std::memcpy(table.data(), encoded.data(), segment_table_bytes);
  if (table[0] != 0) return broken("it is not one segment");
  if (encoded.size() != segment_table_bytes + std::size_t{table[1]} * sizeof(capnp::word)) {
    return broken("it has not the size it says");
  }
  try {
    aligned_words words(encoded.subspan(segment_table_bytes));
    kj::ArrayPtr<const capnp::word> segments[] = {words.get()};
    capnp::ReaderOptions limits{.traversalLimitInWords = 4 * words.get().size() + 64,
                                .nestingLimit = 16};
    capnp::SegmentArrayMessageReader message(kj::arrayPtr(segments, 1), limits);
    return read(message.getRoot<Root>());
  } catch (const damaged& found) {
    return broken(found.what);
  } catch (const kj::Exception& found) {
    return broken(found.getDescription().cStr());
  }
}

}  // namespace

bytes encode_record(const entity_id& entity, const core::record& step,
                    const entity_summary& after) {
  check(step.event > 0 && after.last_event == step.last_event() && after.run == step.run,
        "the summary is not that of the step");
  std::size_t words = 1 + struct_words<wire::Record>() + words_of(entity) + words_of(step.what);
  if (step.once) words += struct_words<wire::Once>() + blob_words(step.once->key.size());
  if (!step.commands.empty()) words += words_of(step.commands);
  return build<wire::Record>(words, [&](wire::Record::Builder to) {
    write_head(to, entity, step, after);
    write(to, step.what);
    if (step.once) {
      auto once = to.initOnce();
      once.setKey(text(step.once->key));
      once.setDigest(step.once->digest);
    }
    if (!step.commands.empty()) {
      write_list(to.initCommands(static_cast<unsigned>(step.commands.size())), step.commands);
    }
    to.setHasStateDigest(step.state_digest.has_value());
    to.setStateDigest(step.state_digest.value_or(0));
  });
}

result<record_header> decode_header(bytes_view encoded) {
  return parse<wire::Record>(encoded, "a record", read_header);
}

result<core::record> decode_record(bytes_view encoded) {
  return parse<wire::Record>(encoded, "a record", read_record);
}

bytes encode_snapshot(const snapshot& taken) {
  std::size_t words =
      1 + struct_words<wire::Snapshot>() + words_of(taken.entity) + words_of(taken.carried);
  return build<wire::Snapshot>(words, [&](wire::Snapshot::Builder to) {
    to.setEntityType(text(taken.entity.type));
    to.setEntityId(text(taken.entity.id));
    to.setRun(taken.run);
    to.setEvent(taken.event);
    to.setRunEvents(taken.run_events);
    to.setStateDigest(taken.state_digest);
    write(to.initCarried(), taken.carried);
  });
}

result<snapshot> decode_snapshot(bytes_view encoded) {
  return parse<wire::Snapshot>(encoded, "a snapshot", read_snapshot);
}

}  // namespace perdure::persistence
