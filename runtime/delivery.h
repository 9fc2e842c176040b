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

#include "runtime/engine.h"

namespace perdure::runtime {

/// The way back to whoever asked. Counts as a request in flight until it has been used or dropped.
class answerer {
public:
  answerer() = default;
  answerer(completion done, std::atomic<std::uint64_t>* in_flight = nullptr)
      : done_(std::move(done)), in_flight_(in_flight) {}
  answerer(answerer&& other) noexcept
      : done_(std::move(other.done_)), in_flight_(std::exchange(other.in_flight_, nullptr)) {}
  answerer& operator=(answerer&& other) noexcept {
    std::swap(done_, other.done_);
    std::swap(in_flight_, other.in_flight_);
    return *this;
  }
  ~answerer() { land(); }

  /// Answers. At most once.
  void operator()(result<answer> what) {
    land();
    done_(std::move(what));
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

/// A signal, update or query.
struct call_message {
  request what;
  answerer done;
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
};

/// A timer of the entity may be due.
struct wake_message {
  std::function<void(std::optional<error>)> done;
};

struct delivery {
  entity_id target;
  std::uint64_t hash = 0;  ///< Of the target, as `sharding::hash_of`.
  std::variant<call_message, await_message, describe_message, terminate_message, wake_message> what;

  /// Answers with an error, whatever was asked.
  void refuse(const error& why) {
    std::visit([&](auto& message) { message.done(why); }, what);
  }
};

using delivery_ptr = std::shared_ptr<delivery>;

}  // namespace perdure::runtime
