#pragma once

/// A message from one entity to another on its way, and what its sender hears of it. Values alone:
/// they may cross threads and nodes.

#include <cstdint>
#include <memory>

#include "entities/record.h"

namespace perdure::process {

/// What is sent. Immutable, so that the sender's outbox, the way and the receiver share it.
struct envelope {
  entity_id sender;
  timestamp life;  ///< Of the sender: see `core::record::life`.
  core::outgoing what;

  core::origin origin() const { return {sender, life, what.number, what.chain}; }
};
using envelope_ptr = std::shared_ptr<const envelope>;

/// What has become of a message. A sender that hears nothing sends again.
enum class verdict : std::uint8_t {
  taken,     ///< It is durable at the receiver. Of a request: the answer comes later.
  answered,  ///< Durably answered, or refused for good: `outcome` says which.
  not_now,   ///< The receiver cannot take it now, and why: to be sent again.
};

/// Tells a sender what has become of its message.
struct told {
  envelope_ptr about;
  verdict how = verdict::taken;
  core::call_outcome outcome = {};  ///< Of `answered`; its `why` of `not_now`.
};

/// Whether a receiver that refuses with this may take the same message later. What it decides in a
/// step of its own is final.
bool may_pass(errc refusal);

}  // namespace perdure::process
