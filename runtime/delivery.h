#pragma once

/// What travels from whoever asks to the entity: one delivery, answered exactly once.

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include <perdure/call.h>

#include "runtime/engine.h"

namespace perdure::runtime {

/// A signal, update or query.
struct call_message {
  request what;
  completion done;
};

/// Asks for the end of an update by its idempotency key.
struct await_message {
  std::string key;
  std::function<void(result<update_state>)> done;
};

struct describe_message {
  std::function<void(result<entity_description>)> done;
};

struct terminate_message {
  std::string reason;
  completion done;
};

/// A timer of the entity may be due.
struct wake_message {
  std::function<void(std::optional<error>)> done;
};

struct delivery {
  entity_id target;
  std::variant<call_message, await_message, describe_message, terminate_message, wake_message> what;

  /// Answers with an error, whatever was asked.
  void refuse(const error& why) {
    std::visit([&](auto& message) { message.done(why); }, what);
  }
};

using delivery_ptr = std::shared_ptr<delivery>;

}  // namespace perdure::runtime
