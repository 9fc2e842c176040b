#pragma once

/// What an entity owes others: which of its messages are on their way, which wait behind them, and
/// what its receivers may forget. The machine knows the messages themselves and what of them is
/// recorded; this knows how far they have come since the entity was read from the journal, and all
/// of it can be found out again by sending again.
///
/// Guarantees:
/// - Messages to one receiver are sent in their order: the next one when the one before was taken.
/// - A message that was not taken is sent again, after pauses that grow, for ever.
/// - A receiver is told to forget only what no message before it is unsettled.
///
/// A message is *waiting* until its receiver has taken it, and *settled* once the sender has
/// recorded that it was taken, or answered.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <perdure/types.h>

#include "entities/record.h"
#include "process/description.h"

namespace perdure::process {

/// Whether the receiver's having taken it is all there is to know: no answer follows.
bool ends_when_taken(core::message_kind kind);

/// Whether it leaves no trace at its receiver, so that the next one may follow at once.
inline bool leaves_no_trace(core::message_kind kind) { return kind == core::message_kind::query; }

/// Whether what a cancel or a terminate asks for is so already, by what its receiver answers.
bool is_so_already(core::message_kind kind, const error& why);

class outbox {
public:
  /// A message was ordered by a step. REQUIRES: numbers grow. Returns whether it is to be sent with
  /// that step: nothing to the same receiver is under way.
  bool posted(const core::outgoing& what);

  /// The receiver has taken it. Returns which messages are to be sent now: those that leave no
  /// trace, up to and with the first that does.
  std::vector<event_number> taken(const core::outgoing& what,
                                  const std::map<event_number, core::outgoing>& all);

  /// The receiver cannot take it now. Returns after which pause it is to be sent again.
  duration failed(event_number number, std::string why);

  /// The sender's knowledge of its end is on its way to the journal. Returns up to which number the
  /// receiver may forget once it is durable.
  event_number settled(const entity_id& receiver, event_number number);

  /// Returns the number up to which the receiver may forget as things stand; `all`: nothing of it
  /// is unsettled.
  event_number forgettable(const entity_id& receiver, event_number all) const;

  /// Returns those that wait, in order of their numbers.
  std::vector<undelivered> waiting(const std::map<event_number, core::outgoing>& all) const;

private:
  struct lane {
    std::vector<event_number> unsettled;  ///< Ascending.
    event_number under_way = 0;           ///< The first that waits; 0: none does.
    event_number settled = 0;             ///< The highest that was.
  };
  struct failure {
    std::uint32_t attempts = 0;
    std::string last;
  };

  std::map<entity_id, lane> lanes_;  ///< By receiver.
  std::map<event_number, failure> failures_;
};

}  // namespace perdure::process
