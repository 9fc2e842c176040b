#pragma once

/// What travels from whoever asks to the entity: one delivery, answered exactly once.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include <perdure/call.h>

#include "entities/record.h"
#include "runtime/engine.h"

namespace perdure::runtime {

/// The way back to whoever asked. Counts as a request in flight until it has been used or dropped.
class answerer {
public:
  answerer() = default;
  answerer(completion done, std::atomic<std::uint64_t>* in_flight = nullptr)
      : done_(std::move(done)), in_flight_(in_flight) {}
  answerer(answerer&& other) noexcept
      : done_(std::exchange(other.done_, {})),
        in_flight_(std::exchange(other.in_flight_, nullptr)) {}
  answerer& operator=(answerer&& other) noexcept {
    std::swap(done_, other.done_);
    std::swap(in_flight_, other.in_flight_);
    return *this;
  }
  /// Whoever asks is answered even where the question was lost to a bug.
  ~answerer() {
    if (done_) (*this)(error{errc::internal, "the entity was put aside before it answered"});
    land();
  }

  /// Whether it is still to be used.
  explicit operator bool() const { return static_cast<bool>(done_); }

  /// Answers. At most once.
  void operator()(result<answer> what) {
    land();
    std::exchange(done_, {})(std::move(what));
  }

private:
  void land() {
    if (auto* counted = std::exchange(in_flight_, nullptr)) {
      counted->fetch_sub(1, std::memory_order_relaxed);
    }
  }

  completion done_;
  std::atomic<std::uint64_t>* in_flight_ = nullptr;
};

/// A signal, update, query or start.
struct call_message {
  request what;
  answerer done;
  std::optional<core::origin> from = {};  ///< The entity that sent it.
  bool as_child = false;                  ///< Of a start: the sender is the parent.
  /// Called once it is durably accepted, if it is answered later; may be empty.
  std::function<void()> accepted = {};
};

/// Asks for the results of the entity's main.
struct result_message {
  duration patience = forever;
  answerer done;
};

struct cancel_message {
  std::string reason;
  answerer done;
  std::optional<core::origin> from = {};
  bool as_parent = false;
};

struct pause_message {
  std::string reason;
  answerer done;
};

struct resume_message {
  answerer done;
};

struct reset_message {
  event_number to = 0;
  std::string reason;
  answerer done;
};

/// An activity of the entity, or a message it sent, came to its end. `done` hears why it could not
/// be recorded.
struct outcome_message {
  bool of_activity = false;
  event_number number = 0;
  core::call_outcome outcome;
  std::function<void(std::optional<error>)> done;
};

/// A message that the entity sent was taken by its receiver.
struct delivered_message {
  event_number number = 0;
  std::function<void(std::optional<error>)> done;
};

/// What the entity was told of its messages is to be recorded.
struct settle_message {
  std::function<void(std::optional<error>)> done;
};

/// A sender will not send its messages up to `number` again.
struct forget_message {
  entity_id sender;
  timestamp life;
  event_number number = 0;
  std::function<void(std::optional<error>)> done;
};

/// Asks for the end of an update by its idempotency key.
struct await_message {
  std::string key;
  duration patience = forever;
  std::function<void(result<update_state>)> done;
};

struct describe_message {
  std::function<void(result<entity_description>)> done;
};

struct terminate_message {
  std::string reason;
  answerer done;
  std::optional<core::origin> from = {};
  bool as_parent = false;
};

/// A timer of the entity may be due.
struct wake_message {
  std::function<void(std::optional<error>)> done;
  bool in_passing = false;  ///< If it is brought into memory for this, it had better not stay.
};

struct delivery {
  entity_id target;
  std::uint64_t hash = 0;  ///< Of the target, as `sharding::hash_of`.
  std::variant<call_message, await_message, describe_message, terminate_message, wake_message,
               result_message, cancel_message, pause_message, resume_message, reset_message,
               outcome_message, delivered_message, settle_message, forget_message>
      what;

  /// Answers with an error, whatever was asked.
  void refuse(const error& why) {
    std::visit([&](auto& message) { message.done(why); }, what);
  }
};

using delivery_ptr = std::shared_ptr<delivery>;

}  // namespace perdure::runtime
