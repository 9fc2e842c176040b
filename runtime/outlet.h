#pragma once

/// Where what entities say and do leaves the engine's inside: answers to callers, messages to other
/// entities, orders to the activity dispatcher. The writer calls it for what waited for the disk,
/// entities' actors for what may leave at once.
///
/// Threads: any. Callbacks are called in place, and must not block.

#include <perdure/types.h>

#include "process/actions.h"
#include "runtime/activities/dispatcher.h"
#include "runtime/courier.h"

namespace perdure::runtime {

class outlet {
public:
  outlet(activity_dispatcher& activities, courier& messages)
      : activities_(activities), messages_(messages) {}

  /// Says it: what it rests on is durable.
  void say(process::reply what) const;
  /// Says instead why what it rests on was not written.
  void take_back(process::reply what, const error& why) const;

  /// Does something that an entity wants done.
  void perform(const entity_id& of, process::effect what) const;

  /// Answers a delivery that nobody took.
  void refuse(const entity_id& target, process::delivery& what, const error& why) const;

private:
  activity_dispatcher& activities_;
  courier& messages_;
};

}  // namespace perdure::runtime
