#pragma once

/// Many shoppers at once: they send a day's messages to a shop, those to one entity one after
/// another, in the day's order, each only when the one before it has been answered.
///
/// A message without an answer (the shop is gone) stops its lane; `go` sends it again, under the
/// same key, before anything else of that lane. So at most one message a lane is in doubt.
///
/// Each answer is held against what the ledger expects; acknowledged messages are booked.
///
/// Threads: one thread calls; answers come on the caller's own threads.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include <perdure/call.h>

#include "examples/shop/demo/day.h"
#include "examples/shop/demo/ledger.h"

namespace shop::demo {

/// Sends one message through the contract's stubs; `done` gets the number of an update's result.
void deliver(perdure::caller& shop, const message& what,
             std::function<void(perdure::result<std::int64_t>)> done);

class shoppers {
public:
  using clock = std::chrono::steady_clock;

  /// REQUIRES: `day` outlives the shoppers.
  shoppers(const std::vector<message>& day, std::size_t lanes);

  /// Lets every lane send through `shop`, until the day is over, the shop is gone or `pause` is
  /// called. REQUIRES: no lane is under way; `shop` lives until `wait` returns.
  void go(perdure::caller& shop);

  /// Lets no lane send a further message.
  void pause() { paused_ = true; }

  /// Waits until no message is under way.
  void wait();

  /// Messages that were answered, refusals among them.
  std::size_t answered() const { return answered_; }
  bool is_over() const { return answered_ == day_.size(); }
  /// Whether every lane has stopped before the day was over.
  bool is_stuck() const;

  // -- between `wait` and `go` --------------------------------------------------------------------

  /// What the acknowledged messages add up to.
  const ledger& booked() const { return booked_; }
  /// Messages that were sent and not answered.
  std::vector<const message*> in_doubt() const;
  /// Answers that were not what the ledger expected: how many, and the first 20 in words.
  std::size_t surprise_count() const { return surprise_count_; }
  const std::vector<std::string>& surprises() const { return surprises_; }
  /// Times from sending to answer, of all answered messages but those that were sent again.
  std::vector<clock::duration>& times() { return times_; }
  std::size_t sent_again() const { return sent_again_; }
  std::size_t refused() const { return refused_; }

private:
  struct lane {
    std::vector<std::size_t> messages;  ///< Places in the day.
    std::size_t next = 0;
    bool in_doubt = false;  ///< messages[next] was sent and not answered.
  };

  void send_next(perdure::caller& shop, lane& of);
  /// Takes the answer; returns whether the lane may go on.
  bool take(lane& of, clock::time_point sent, bool again, perdure::result<std::int64_t> answer);

  const std::vector<message>& day_;
  std::vector<lane> lanes_;
  std::atomic<bool> paused_ = false;
  std::atomic<std::size_t> answered_ = 0;

  mutable std::mutex mutex_;  ///< Guards what follows, and the lanes while they are under way.
  std::condition_variable idle_;
  std::size_t under_way_ = 0;
  ledger booked_;
  std::vector<std::string> surprises_;
  std::size_t surprise_count_ = 0;
  std::vector<clock::duration> times_;
  std::size_t sent_again_ = 0;
  std::size_t refused_ = 0;
};

}  // namespace shop::demo
