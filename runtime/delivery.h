#pragma once

/// What is sent to an entity's actor: deliveries, and what the engine has to say to it. One
/// allocation each, from whoever asks to the entity's turn.

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include <perdure/errors.h>
#include <perdure/types.h>

#include "process/delivery.h"
#include "sharding/shard.h"

namespace perdure::runtime {

/// One mail to an entity's actor.
struct mail {
  enum class kind : std::uint8_t {
    deliver,         ///< Take `what`.
    commit_refused,  ///< A step was not written: `why`.
    barrier,         ///< What was submitted before has come back.
    leave,           ///< Go when nobody waits here; `why`: go in any case, refusing those who wait.
    leave_durably,   ///< What was submitted before `leave` has come back: go.
  };
  kind about = kind::deliver;
  entity_id target = {};   ///< Of a delivery.
  std::uint64_t hash = 0;  ///< Of the target, as `sharding::hash_of`.
  process::delivery what = {};
  std::optional<error> why = {};
  mail* next = nullptr;  ///< The mailbox's.
};
using mail_ptr = std::unique_ptr<mail>;

inline mail_ptr address(entity_id target, process::delivery what) {
  auto made = std::make_unique<mail>();
  made->target = std::move(target);
  made->hash = sharding::hash_of(made->target);
  made->what = std::move(what);
  return made;
}

inline mail_ptr to_mail(mail::kind about, std::optional<error> why = {}) {
  auto made = std::make_unique<mail>();
  made->about = about;
  made->why = std::move(why);
  return made;
}

/// Whether it waits in the mailbox within its bound. What an entity is owed has bounds of its own,
/// and is never refused for want of room.
inline bool is_bounded(const process::delivery& what) {
  return what.index() <= process::delivery(process::message{}).index();
}

}  // namespace perdure::runtime
