#pragma once

/// Carries what entities have for each other: messages, what has become of them, notes; now, or
/// after a pause. What is to be sent, and when again, the entities know (`process/outbox.h`).
///
/// Nothing here is durable, and nothing needs to be: what is lost on the way is sent again when its
/// sender is read from the journal.
///
/// Threads: any, for every member.

#include <functional>
#include <map>
#include <mutex>

#include <perdure/errors.h>
#include <perdure/types.h>

#include "process/delivery.h"
#include "runtime/defaults.h"

namespace perdure::runtime {

class courier {
public:
  /// Hands a delivery to the entity, or refuses it. Must not block.
  using handing = std::function<void(entity_id to, process::delivery what)>;

  courier(const wall_clock& wall, handing hand) : wall_(wall), hand_(std::move(hand)) {}

  /// Sends a message to its receiver.
  void send(process::envelope_ptr what) const;

  /// Tells the sender of a message what has become of it.
  void tell(process::told what) const;

  void tell(entity_id to, process::note what) const;

  /// Tells at that time.
  void tell_at(timestamp when, entity_id to, process::note what);

  /// Tells what is due. Returns when to call next at the latest.
  timestamp tick();

  /// Carries nothing later any more.
  void stop();

private:
  const wall_clock& wall_;
  const handing hand_;

  std::mutex mutex_;
  std::multimap<timestamp, std::pair<entity_id, process::note>> later_;
  bool stopped_ = false;
};

}  // namespace perdure::runtime
