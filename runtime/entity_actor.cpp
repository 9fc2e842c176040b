#include "runtime/entity_actor.h"

#include <utility>

#include <caf/behavior.hpp>
#include <caf/send.hpp>

#include "runtime/messages.h"

namespace perdure::runtime {

entity_actor::entity_actor(caf::actor_config& config, shard_host& host, entity_services& services,
                           const process::hosted_type& type, std::shared_ptr<entity_slot> slot)
    : caf::event_based_actor(config),
      host_(host),
      services_(services),
      type_(type),
      slot_(std::move(slot)) {}

caf::behavior entity_actor::make_behavior() {
  entity_.emplace(services_, type_, slot_, reminder_of(entity_mail::kind::barrier));
  return {[this](const entity_mail& mail) { receive(mail); }};
}

void entity_actor::receive(const entity_mail& mail) {
  mail_stamp::received(slot_.get());
  switch (mail.about) {
    case entity_mail::kind::deliver:
      entity_->deliver(mail.what->what);
      host_.handled(*slot_);
      if (entity_->need_not_stay() && host_.dismiss(*slot_)) leave(std::nullopt);
      return;
    case entity_mail::kind::commit_refused:
      return entity_->commit_refused(*mail.why);
    case entity_mail::kind::barrier:
      return entity_->barrier_reached();
    case entity_mail::kind::leave:
      return leave(mail.why);
    case entity_mail::kind::leave_durably:
      if (!sent_off_ && entity_->is_going_back()) return host_.stays(*slot_);
      return gone();
  }
}

void entity_actor::leave(const std::optional<error>& why) {
  sent_off_ = sent_off_ || why;
  if (why)
    entity_->refuse_waiting(*why);
  else if (!entity_->can_leave())
    return host_.stays(*slot_);
  if (!entity_->leave(why.has_value())) return gone();
  commit barrier;
  barrier.entity = slot_;
  barrier.reached = reminder_of(entity_mail::kind::leave_durably);
  services_.writer.submit(std::move(barrier));
}

void entity_actor::gone() {
  entity_.reset();
  host_.left(*slot_);
  quit();
}

std::function<void()> entity_actor::reminder_of(entity_mail::kind about) {
  // Weak: the entity, which this actor owns, keeps one of these.
  return [self = caf::actor_cast<caf::weak_actor_ptr>(this), slot = slot_, about] {
    if (auto alive = self.lock()) {
      caf::anon_send(caf::actor_cast<caf::actor>(alive),
                     entity_mail{about, nullptr, std::nullopt, mail_stamp{slot.get()}});
    }
  };
}

}  // namespace perdure::runtime
