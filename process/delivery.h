#pragma once

/// What goes into an entity: requests from outside, messages of other entities, what became of its
/// own messages and activities, and moments that have come.

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include <perdure/await.h>
#include <perdure/call.h>

#include "entities/record.h"
#include "process/answerer.h"
#include "process/description.h"
#include "process/envelope.h"

namespace perdure::process {

/// Told whether what it waits for has become durable, or why not.
using report = std::function<void(const std::optional<error>&)>;

// -- from outside ---------------------------------------------------------------------------------

/// A signal, update, query or start.
struct call {
  request what;
  answerer done;
};

/// What became of an update, asked for by its idempotency key.
struct update_state {
  event_number event = 0;
  run_number run = 0;
  std::uint16_t method = 0;
  bytes results;
};

struct await_update {
  std::string key;
  duration patience = forever;
  std::function<void(result<update_state>)> done;
};

/// Returns what answers `done` for an update of that method.
inline answerer to_answerer(std::function<void(result<update_state>)> done, std::uint16_t method) {
  return {[done = std::move(done), method](result<answer> how) {
    if (!how) return done(std::move(how).error());
    done(update_state{how->event, how->run, method, std::move(how->results)});
  }};
}

struct await_result {
  duration patience = forever;
  answerer done;
};

struct describe {
  std::function<void(result<description>)> done;
};

struct terminate {
  std::string reason;
  answerer done;
};

struct cancel {
  std::string reason;
  answerer done;
};

struct pause {
  std::string reason;
  answerer done;
};

/// Of a parked entity: loads it again.
struct resume {
  answerer done;
};

/// Goes back to the step that holds event `to`.
struct reset {
  event_number to = 0;
  std::string reason;
  answerer done;
};

// -- from other entities, and of them -------------------------------------------------------------

struct message {
  envelope_ptr what;
};

/// The sender will not send its messages up to `number` again, nor ask for their answers.
struct forget {
  entity_id sender;
  timestamp life;  ///< Of the sender.
  event_number number = 0;
};

/// The receiver took messages up to `last` and has not been told to forget them: may it?
struct inquiry {
  entity_id receiver;
  timestamp life;  ///< Of the sender, as the receiver knows it.
  event_number last = 0;
};

/// The pause behind an attempt to send is over.
struct send_again {
  event_number message = 0;
  timestamp life;
};

/// What is known of messages is to be recorded, if no step has done so.
struct record_settled {};

/// What entities, and the courier for them, tell each other without waiting for an answer.
using note = std::variant<forget, inquiry, send_again, record_settled>;

// -- of its activities, and of time ---------------------------------------------------------------

/// An activity of the entity came to its end.
struct activity_end {
  event_number activity = 0;
  timestamp life;
  core::call_outcome outcome;
};

/// A timer of the entity may be due.
struct wake {
  report done;
  bool in_passing = false;  ///< If it is brought into memory for this, it had better not stay.
};

using delivery = std::variant<call, await_update, await_result, describe, terminate, cancel, pause,
                              resume, reset, message, told, forget, inquiry, send_again,
                              record_settled, activity_end, wake>;

/// Makes a delivery of a note.
inline delivery to_delivery(note what) {
  return std::visit([](auto& each) -> delivery { return std::move(each); }, what);
}

}  // namespace perdure::process
