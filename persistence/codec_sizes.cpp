#include "persistence/codec_sizes.h"

#include "persistence/codec_wire.h"

namespace perdure::persistence::codec {

namespace {

constexpr std::size_t root_words = 1;
constexpr std::size_t list_tag_words = 1;

std::size_t blob_words(std::size_t size) { return (size + 8) / 8; }  // Text ends with a NUL.

template <class Blob>
std::size_t words_of_blob(const Blob& value) {
  return blob_words(value.size());
}

template <class Struct>
constexpr std::size_t struct_words() {
  return capnp::sizeInWords<Struct>();
}

// What stands in lists, or may be absent.
std::size_t words_of(const core::reminder& value);
std::size_t words_of(const core::delayed_signal& value);
std::size_t words_of(const core::keyed_message& value);
std::size_t words_of(const core::chain_link& value);
std::size_t words_of(const core::outgoing& value);
std::size_t words_of(const core::taken_messages::request& value);
std::size_t words_of(const core::taken_messages& value);
std::size_t words_of(const core::child& value);
std::size_t words_of(const core::command& value);
std::size_t words_of(const core::record& step);
std::size_t words_of(const core::update_outcome& value);
std::size_t words_of(const core::origin& value);
std::size_t words_of(const core::started_main& value);
std::size_t words_of(const entity_id& entity);
std::size_t words_of(const error& value);

template <class T>
std::size_t words_of(const std::vector<T>& values) {
  std::size_t words = list_tag_words;
  for (auto& value : values) words += words_of(value);
  return words;
}

template <class T>
std::size_t words_of(const std::optional<T>& value) {
  return value ? words_of(*value) : 0;
}

std::size_t words_of(const core::reminder& value) {
  return struct_words<wire::Reminder>() + words_of_blob(value.name) + words_of_blob(value.params);
}

std::size_t words_of(const core::delayed_signal& value) {
  return struct_words<wire::DelayedSignal>() + words_of_blob(value.params);
}

std::size_t words_of(const core::update_outcome& value) {
  return struct_words<wire::UpdateOutcome>() + words_of_blob(value.results) +
         words_of_blob(value.message) + words_of_blob(value.type);
}

std::size_t words_of(const error& value) {
  return struct_words<wire::Error>() + blob_words(to_string(value.code).size()) +
         words_of_blob(value.detail) + words_of_blob(value.type);
}

std::size_t words_of(const core::call_outcome& value) {
  return struct_words<wire::CallOutcome>() + words_of_blob(value.results) + words_of(value.why);
}

std::size_t words_of(const core::keyed_message& value) {
  return struct_words<wire::KeyedMessage>() + words_of_blob(value.key) + words_of(value.outcome);
}

std::size_t words_of(const entity_id& entity) {
  return struct_words<wire::EntityName>() + words_of_blob(entity.type) + words_of_blob(entity.id);
}

std::size_t words_of(const core::chain_link& value) {
  return struct_words<wire::ChainLink>() + words_of(value.entity) + words_of_blob(value.method);
}

std::size_t words_of(const core::origin& value) {
  return struct_words<wire::Origin>() + words_of(value.sender) + words_of(value.chain);
}

std::size_t words_of(const std::vector<std::string>& texts) {
  std::size_t words = texts.size();  // A pointer each.
  for (auto& text : texts) words += words_of_blob(text);
  return words;
}

std::size_t words_of(const activity_options& value) {
  return struct_words<wire::ActivityOptions>() + words_of_blob(value.queue) +
         words_of(value.retry.final_types);
}

std::size_t words_of(const start_options&) { return struct_words<wire::StartOptions>(); }

std::size_t words_of(const core::outgoing& value) {
  return struct_words<wire::Outgoing>() + words_of(value.target) + words_of_blob(value.params) +
         words_of(value.start) + words_of_blob(value.reason) + words_of(value.chain) +
         words_of_blob(value.traceparent) + words_of_blob(value.method_name);
}

std::size_t words_of(const core::taken_messages::request& value) {
  return struct_words<wire::TakenMessages::Request>() + words_of(value.outcome);
}

std::size_t words_of(const core::taken_messages& value) {
  return struct_words<wire::TakenMessages>() + words_of(value.sender) + words_of(value.requests);
}

std::size_t words_of(const core::child& value) {
  return struct_words<wire::Child>() + words_of(value.entity);
}

std::size_t words_of(const core::started_main& value) {
  return struct_words<wire::StartedMain>() + words_of_blob(value.params) + words_of(value.options) +
         words_of(value.parent) + words_of(value.outcome);
}

std::size_t words_of(std::string_view name, const attribute_value* value) {
  auto* text = value != nullptr ? std::get_if<std::string>(value) : nullptr;
  return struct_words<wire::Attribute>() + words_of_blob(name) +
         (text != nullptr ? words_of_blob(*text) : 0);
}

std::size_t words_of(const core::attributes& values) {
  auto words = struct_words<wire::Attributes>() + list_tag_words;
  for (auto& [name, value] : values) words += words_of(name, &value);
  return words;
}

std::size_t words_of(const core::carried_state& value) {
  return struct_words<wire::CarriedState>() + words_of_blob(value.state) +
         words_of(value.reminders) + words_of(value.delayed) + words_of(value.idempotency) +
         struct_words<wire::CarriedExtra>() + words_of(value.outbox) + words_of(value.inbox) +
         words_of(value.children) + words_of(value.attributes) + words_of(value.main);
}

std::size_t words_of(const core::input& value) {
  return std::visit(overloaded{
                        [](const core::signal_received& in) { return words_of_blob(in.params); },
                        [](const core::signal_delayed& in) { return words_of_blob(in.params); },
                        [](const core::update_accepted& in) { return words_of_blob(in.params); },
                        [](const core::timer_fired&) { return std::size_t{0}; },
                        [](const core::reminder_fired& in) { return words_of_blob(in.name); },
                        [](const core::delayed_signal_due&) { return std::size_t{0}; },
                        [](const core::run_continued& in) { return words_of(in.carried); },
                        [](const core::terminated& in) { return words_of_blob(in.reason); },
                        [](const core::main_started& in) {
                          return struct_words<wire::MainStarted>() + words_of_blob(in.params) +
                                 words_of(in.options);
                        },
                        [](const core::main_due&) { return std::size_t{0}; },
                        [](const core::deadline_passed&) { return std::size_t{0}; },
                        [](const core::activity_ended& in) { return words_of(in.outcome); },
                        [](const core::reply_received& in) { return words_of(in.outcome); },
                        [](const core::cancel_requested& in) { return words_of_blob(in.reason); },
                        [](const core::paused& in) { return words_of_blob(in.reason); },
                        [](const core::resumed&) { return std::size_t{0}; },
                        [](const core::run_reset& in) {
                          return struct_words<wire::RunReset>() + words_of_blob(in.reason) +
                                 words_of(in.history) + words_of(in.signals) +
                                 words_of(in.children);
                        },
                        [](const core::settled&) { return std::size_t{0}; },
                    },
                    value);
}

std::size_t words_of(const core::command& value) {
  return struct_words<wire::Command>() +
         std::visit(overloaded{
                        [](const core::timer_started&) { return std::size_t{0}; },
                        [](const core::timer_cancelled&) { return std::size_t{0}; },
                        [](const core::reminder_set& c) { return words_of(c.set); },
                        [](const core::reminder_cancelled& c) { return words_of_blob(c.name); },
                        [](const core::update_ended& c) { return words_of(c.outcome); },
                        [](const core::handler_failed& c) { return words_of_blob(c.message); },
                        [](const core::activity_scheduled& c) {
                          return struct_words<wire::ActivityCall>() + words_of_blob(c.activities) +
                                 words_of_blob(c.params) + words_of(c.options) +
                                 words_of_blob(c.traceparent);
                        },
                        [](const core::activity_cancelled&) { return std::size_t{0}; },
                        [](const core::message_sent& c) { return words_of(c.message); },
                        [](const core::version_recorded& c) { return words_of_blob(c.change); },
                        [](const core::side_effect_recorded& c) {
                          return words_of_blob(c.value) + words_of(c.why);
                        },
                        [](const core::attribute_set& c) {
                          return words_of(c.name, c.value ? &*c.value : nullptr);
                        },
                        [](const core::main_ended& c) { return words_of(c.outcome); },
                        [](const core::continue_requested&) { return std::size_t{0}; },
                    },
                    value);
}

/// All but the entity's name and its attributes.
std::size_t words_of(const core::record& step) {
  auto words = struct_words<wire::Record>() + words_of(step.what);
  if (step.once) words += struct_words<wire::Once>() + words_of_blob(step.once->key);
  if (!step.commands.empty()) words += words_of(step.commands);
  if (step.from || !step.traceparent.empty() || !step.settles.empty() || step.life) {
    words += struct_words<wire::Extra>() + words_of(step.from) + words_of_blob(step.traceparent) +
             step.settles.size();
  }
  return words;
}

}  // namespace

std::size_t words_of_record(const entity_id& entity, const core::record& step,
                            const std::optional<core::attributes>& attributes) {
  auto words = root_words + words_of_blob(entity.type) + words_of_blob(entity.id) + words_of(step);
  if (attributes) words += struct_words<wire::Extra>() + words_of(*attributes);
  return words;
}

std::size_t words_of_snapshot(const snapshot& taken) {
  return root_words + struct_words<wire::Snapshot>() + words_of_blob(taken.entity.type) +
         words_of_blob(taken.entity.id) + words_of(taken.carried);
}

std::size_t words_of_attributes(const core::attributes& values) {
  return root_words + words_of(values);
}

std::size_t words_of_progress(const activity_progress& progress) {
  return root_words + struct_words<wire::Progress>() + words_of_blob(progress.last_failure) +
         words_of_blob(progress.heartbeat);
}

}  // namespace perdure::persistence::codec
