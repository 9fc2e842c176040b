#pragma once

/// One actor per active entity: a mailbox and a `live_entity`, given its turn by CAF's scheduler,
/// one mail at a time.
///
/// It is what CAF schedules (`caf::resumable`) and not one of CAF's own actors: those are told by
/// message objects of two allocations each, and have behaviors, monitors, time-outs and requests,
/// for which each pays 1,300 bytes. An entity needs none of that, and a node has millions.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include <caf/intrusive_ptr.hpp>
#include <caf/resumable.hpp>

#include "runtime/live_entity.h"
#include "runtime/mailbox.h"

namespace perdure::runtime {

class shard_host;

class entity_actor final : public caf::resumable, private live_entity::driver {
public:
  entity_actor(shard_host& host, entity_services& services, const process::hosted_type& type,
               std::shared_ptr<entity_slot> slot)
      : host_(host), services_(services), type_(type), slot_(std::move(slot)) {}

  /// Any thread.
  void tell(mail_ptr what);

  // -- for CAF's scheduler ------------------------------------------------------------------------

  resume_result resume(caf::execution_unit* by, std::size_t most) override;
  void intrusive_ptr_add_ref_impl() override {
    references_.fetch_add(1, std::memory_order_relaxed);
  }
  void intrusive_ptr_release_impl() override {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

private:
  void receive(mail& what);
  void leave(const std::optional<error>& why);
  void gone();
  /// Returns what sends this actor a mail of that kind, from any thread.
  std::function<void()> reminder_of(mail::kind about);
  std::function<void()> call_again() override { return reminder_of(mail::kind::barrier); }

  shard_host& host_;
  entity_services& services_;
  const process::hosted_type& type_;
  std::shared_ptr<entity_slot> slot_;
  std::unique_ptr<live_entity> entity_;  ///< Null before the first turn, and when it is gone.
  mailbox mails_;
  std::atomic<std::uint32_t> references_{0};
  bool has_left_ = false;
  bool sent_off_ = false;  ///< It has to leave in any case.
};

using entity_actor_ptr = caf::intrusive_ptr<entity_actor>;

inline void intrusive_ptr_add_ref(entity_actor* actor) { actor->intrusive_ptr_add_ref_impl(); }
inline void intrusive_ptr_release(entity_actor* actor) { actor->intrusive_ptr_release_impl(); }

}  // namespace perdure::runtime
