// How a delivery finds its entity: by type and shard.

#include <utility>

#include "runtime/engine_parts.h"

namespace perdure::runtime {

namespace {

const error draining_error{errc::draining,
                           "this node is shutting down: try again, or another node"};

}  // namespace

void engine::parts::send(entity_id target, process::delivery what) {
  auto sent = address(std::move(target), std::move(what));
  hosts[sharding::shard_of(sent->hash, shard_count())]->deliver(std::move(sent));
}

void engine::parts::hand(entity_id target, process::delivery what) {
  if (auto* sent = std::get_if<process::message>(&what)) {
    auto why = check(target);
    if (why && why->code == errc::malformed) {
      // Nobody can ever have such a name.
      auto about = std::move(sent->what);
      return messages.tell(
          process::told{std::move(about), process::verdict::answered, {{}, std::move(why)}});
    }
    if (why) return out.refuse(target, what, *why);
  } else if (!types.contains(target.type)) {
    return;
  }
  send(std::move(target), std::move(what));
}

void engine::parts::ask(const entity_id& target, process::delivery what) {
  if (auto why = check(target)) return out.refuse(target, what, *why);
  send(target, std::move(what));
}

void engine::parts::activity_ended(const entity_id& entity, timestamp life, event_number activity,
                                   const core::call_outcome& how) {
  if (!types.contains(entity.type)) return;
  send(entity, process::activity_end{activity, life, how});
}

// -- checks ---------------------------------------------------------------------------------------

std::optional<error> engine::parts::check(const entity_id& target) const {
  if (!serving) return draining_error;
  if (!types.contains(target.type)) {
    return error{errc::unknown_type, "no entity type \"" + target.type + "\" is hosted here"};
  }
  return core::check(target, bounds);
}

std::optional<error> engine::parts::check(const request& what) const {
  if (auto why = check(what.target)) return why;
  if (!what.method ||
      types.find(what.target.type)->second->contract().find(what.method->ordinal) == nullptr) {
    return error{errc::unknown_method, "\"" + what.target.type + "\" has no such method"};
  }
  return core::check(what, bounds);
}

}  // namespace perdure::runtime
