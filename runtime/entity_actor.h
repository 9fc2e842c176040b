#pragma once

/// One CAF actor per active entity: a thin driver of `live_entity`. It gives the entity its turn,
/// one message at a time, on the scheduler's threads.

#include <memory>
#include <optional>

#include <caf/event_based_actor.hpp>

#include "runtime/delivery.h"
#include "runtime/live_entity.h"
#include "runtime/mailbox_order.h"
#include "runtime/shard_host.h"

namespace perdure::runtime {

/// What an entity's actor is told. Never leaves the process.
struct entity_mail {
  enum class kind : std::uint8_t {
    deliver,         ///< Take `what`.
    commit_refused,  ///< A step was not written: `why`.
    barrier,         ///< What was submitted before has been settled.
    leave,           ///< Go when nobody waits here; `why`: go in any case, refusing those who wait.
    leave_durably,   ///< What was submitted before `leave` has been settled: go.
  };
  kind about = kind::deliver;
  delivery_ptr what;
  std::optional<error> why;
  mail_stamp stamp{};  ///< Stays the last.
};

class entity_actor final : public caf::event_based_actor {
public:
  entity_actor(caf::actor_config& config, shard_host& host, entity_services& services,
               const process::hosted_type& type, std::shared_ptr<entity_slot> slot);

  caf::behavior make_behavior() override;
  const char* name() const override { return "perdure.entity"; }

private:
  void receive(const entity_mail& mail);
  void leave(const std::optional<error>& why);
  void gone();
  /// Returns what sends this actor a mail of that kind, from any thread.
  std::function<void()> reminder_of(entity_mail::kind about);

  shard_host& host_;
  entity_services& services_;
  const process::hosted_type& type_;
  std::shared_ptr<entity_slot> slot_;
  std::optional<live_entity> entity_;
  bool sent_off_ = false;  ///< It has to leave in any case.
};

}  // namespace perdure::runtime
