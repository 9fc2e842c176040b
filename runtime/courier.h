#pragma once

/// Carries messages from entity to entity within this engine: sends, sends again until they are
/// taken, and brings the answers back.
///
/// Guarantees:
/// - A message is sent only after its step is durable, and again, with growing pauses and for ever,
///   until the receiver has durably taken or finally refused it.
/// - Messages of one sender to one receiver are sent in order: the next one when the one before has
///   been taken.
/// - A receiver is told what it may forget once the sender's knowledge of it is durable.
///
/// Threads: any, for every member.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <perdure/errors.h>
#include <perdure/types.h>

#include "entities/record.h"
#include "runtime/defaults.h"

namespace perdure::runtime {

/// A message that has not been taken yet.
struct undelivered {
  event_number number = 0;
  entity_id target;
  core::message_kind kind = core::message_kind::signal;
  std::uint32_t attempts = 0;
  std::string last_failure;
};

class courier {
public:
  struct ways {
    /// Sends a message: `taken` is called once it is durably accepted where its answer comes later,
    /// `done` with the answer.
    std::function<void(const core::origin& from, const core::outgoing& what,
                       std::function<void()> taken, std::function<void(core::call_outcome)> done)>
        send;
    /// Tells the sender that its message was taken, when no answer follows.
    std::function<void(const entity_id& sender, event_number number,
                       std::function<void(std::optional<error>)> done)>
        delivered;
    /// Tells the sender the answer to its message.
    std::function<void(const entity_id& sender, event_number number, core::call_outcome how,
                       std::function<void(std::optional<error>)> done)>
        answered;
    /// Asks the sender to record what was told to it, which it does by itself with its next step.
    std::function<void(const entity_id& sender)> settle;
    /// Tells a receiver what it may forget.
    std::function<void(const entity_id& receiver, const entity_id& sender, timestamp life,
                       event_number number)>
        forget;
  };

  courier(const wall_clock& wall, ways through);

  /// Takes a message over whose step is durable. One that is under way already is left alone.
  void post(const entity_id& sender, timestamp life, const core::outgoing& what);

  /// The sender's knowledge that the message was taken or answered is durable.
  void settled(const entity_id& sender, timestamp life, const entity_id& target,
               event_number number);

  /// Sends again what is to be sent again. Returns when to call next at the latest.
  timestamp tick();

  /// Sends nothing any more.
  void stop();

  /// What of an entity's messages has not been taken, in order of their numbers.
  std::vector<undelivered> undelivered_of(const entity_id& sender) const;
  std::size_t under_way() const;

private:
  /// A message by its sender and its number.
  using name = std::pair<entity_id, event_number>;
  using key = std::pair<entity_id, entity_id>;  ///< Sender, receiver.

  struct message {
    timestamp life;  ///< Of the sender.
    core::outgoing what;
    bool taken = false;
    std::uint32_t attempts = 0;
    std::string last_failure;
  };
  struct hash {
    std::size_t operator()(const key& pair) const;
    std::size_t operator()(const name& message) const;
  };

  void send(const name& which);
  void taken(const name& which);
  void answered(const name& which, core::call_outcome how);
  void tell(const name& which, core::message_kind kind, core::call_outcome how,
            std::uint32_t attempt);
  void given_up(const name& which);
  void settle_soon(const name& which);
  void later(timestamp when, std::function<void()> what);

  const wall_clock& wall_;
  const ways through_;

  mutable std::mutex mutex_;
  std::unordered_map<name, message, hash> messages_;  ///< Posted and not settled.
  /// Messages that have not been taken, in order; the first is under way.
  std::unordered_map<key, std::deque<event_number>, hash> lanes_;
  /// Messages that are not settled, and the highest number that was.
  struct unsettled {
    std::set<event_number> numbers;
    event_number settled = 0;
  };
  std::unordered_map<key, unsettled, hash> unsettled_;
  std::multimap<timestamp, std::function<void()>> later_;
  bool stopped_ = false;
};

}  // namespace perdure::runtime
