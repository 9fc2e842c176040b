#include "runtime/entity_actor.h"

#include <utility>

#include "runtime/shard_host.h"

namespace perdure::runtime {

void entity_actor::tell(mail_ptr what) {
  if (!mails_.put(std::move(what))) return;
  intrusive_ptr_add_ref_impl();  // The scheduler's.
  host_.schedule(this);
}

caf::resumable::resume_result entity_actor::resume(caf::execution_unit*, std::size_t most) {
  if (!entity_ && !has_left_) {
    driver& me = *this;
    entity_ = std::make_unique<live_entity>(services_, type_, slot_, me);
  }
  for (std::size_t i = 0; i < most; ++i) {
    const auto next = mails_.get();
    if (!next) return awaiting_message;
    receive(*next);
    if (has_left_) return done;
  }
  return resume_later;
}

void entity_actor::receive(mail& what) {
  switch (what.about) {
    case mail::kind::deliver:
      entity_->deliver(what.what);
      host_.handled(*slot_);
      if (entity_->need_not_stay() && host_.dismiss(*slot_)) leave(std::nullopt);
      return;
    case mail::kind::commit_refused:
      return entity_->commit_refused(std::move(*what.why));
    case mail::kind::barrier:
      return entity_->barrier_reached();
    case mail::kind::leave:
      return leave(what.why);
    case mail::kind::leave_durably:
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
  barrier.reached = reminder_of(mail::kind::leave_durably);
  services_.writer.submit(std::move(barrier));
}

void entity_actor::gone() {
  entity_.reset();
  has_left_ = true;
  mails_.close();
  host_.left(*slot_);
}

std::function<void()> entity_actor::reminder_of(mail::kind about) {
  return [self = entity_actor_ptr(this), about] { self->tell(to_mail(about)); };
}

}  // namespace perdure::runtime
