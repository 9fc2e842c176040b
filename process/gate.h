#pragma once

/// What may be said when: nothing leaves an entity before the steps that it rests on are durable.
///
/// The machine takes steps ahead of the disk. Each is *submitted* to the journal, in order, and
/// some time later *durable*, in the same order. Whatever an entity says (an answer, a message, an
/// activity to be attempted) rests on all that was submitted before, so it may leave
/// - at once, when nothing submitted is still under way (`is_open`);
/// - with the step that causes it, as a reply or an effect of its append;
/// - behind a barrier, when it rests on steps under way but causes none.
///
/// When a step is refused, all that were submitted behind it are refused as well: the gate *shuts*,
/// nothing is taken on until the last of them has come back, and the entity is then read again from
/// the journal, which knows what is true. What was to be said with those steps is not said.

#include "persistence/check.h"

#include <perdure/types.h>

namespace perdure::process {

class gate {
public:
  /// The entity was read from the journal: all that is known is durable.
  void open_at(event_number last) {
    submitted_ = durable_ = last;
    shut_ = false;
  }

  /// A step is on its way to the journal. REQUIRES: not shut; steps grow.
  void submitted(event_number last) {
    persistence::check(!shut_ && last > submitted_,
                       "steps are submitted in order, through an open gate");
    submitted_ = last;
  }

  /// Everything up to this event is durable.
  void durable(event_number last) {
    if (last > durable_) durable_ = last;
  }

  void shut() { shut_ = true; }

  bool is_shut() const { return shut_; }
  /// Whether all that was submitted is durable.
  bool is_open() const { return !shut_ && durable_ >= submitted_; }
  /// Whether the step that holds this event is durable.
  bool has_passed(event_number event) const { return event <= durable_; }

  event_number last_submitted() const { return submitted_; }

private:
  event_number submitted_ = 0;
  event_number durable_ = 0;
  bool shut_ = false;
};

}  // namespace perdure::process
