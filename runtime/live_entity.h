#pragma once

/// One active entity: takes deliveries, lets its machine make steps of them, and hands the steps to
/// the writer with the answers that may be given once they are durable. No threads and no actors
/// here: an actor drives it, or a test.
///
/// Guarantees:
/// - No answer leaves before what it rests on is durable.
/// - After a step that could not be written, or a refusal that spoiled the state, the entity is
///   loaded again from the journal before it takes the next delivery.

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <perdure/payload_codec.h>

#include "entities/machine.h"
#include "persistence/journal.h"
#include "runtime/activities/dispatcher.h"
#include "runtime/courier.h"
#include "runtime/delivery.h"
#include "runtime/entity_slot.h"
#include "runtime/journal_writer.h"

namespace perdure::runtime {

using counter = std::atomic<std::uint64_t>;

/// What every entity of an engine uses. Set up once; outlives the entities.
struct entity_services {
  persistence::journal& store;
  journal_writer& writer;
  activity_dispatcher& activities;
  courier& messages;
  const wall_clock& wall;
  const engine_limits& limits;
  const payload_codec* codec;  ///< Null: payloads are stored as they are.
  core::machine_limits machine_limits;
  /// An entity was parked, or (nothing) is no longer.
  std::function<void(const entity_id&, const std::optional<error>&)> on_parked;

  // Named as in engine_stats.
  counter signals{0}, updates{0}, queries{0}, starts{0}, refused{0}, replayed{0}, timers_fired{0},
      continued{0}, parked{0};
  std::atomic<std::int64_t> active_bytes{0};
};

class live_entity {
public:
  /// `again` asks the driver to call `barrier_reached` from the entity's own turn.
  live_entity(entity_services& services, const entity_type& type, std::shared_ptr<entity_slot> slot,
              std::function<void()> again);
  ~live_entity();

  /// Takes a delivery: answers it now, later, or keeps it until the entity is loaded again.
  void deliver(delivery_ptr what);

  /// A step was not written, and why.
  void commit_refused(error why);

  /// Everything submitted before `again` was asked for has been settled.
  void barrier_reached();

  /// Whether the entity may leave memory once what it submitted is durable: nobody waits here for
  /// the end of an update.
  bool can_be_put_away();

  /// Answers all who wait with `why`; for the end of the engine.
  void refuse_waiting(const error& why);

  /// Records what nobody else knows, and takes a last snapshot. `draining`: the engine ends.
  /// Returns whether anything it submitted, now or before, is not settled.
  bool before_leaving(bool draining);

  /// Nothing was ever accepted for this id, or it was only brought into memory to be woken.
  bool need_not_stay() const;

private:
  bool is_empty() const { return machine_ && machine_->where().last_event == 0; }
  void load();
  std::optional<error> open(persistence::loaded_entity& sealed) const;
  std::optional<error> open(std::vector<core::record>& sealed) const;
  void park(error why);
  void reload();

  void take(call_message& message);
  void take(await_message& message);
  void take(describe_message& message);
  void take(terminate_message& message);
  void take(wake_message& message);
  void take(result_message& message);
  void take(cancel_message& message);
  void take(pause_message& message);
  void take(resume_message& message);
  void take(reset_message& message);
  void take(outcome_message& message);
  void take(delivered_message& message);
  void take(settle_message& message);
  void take(forget_message& message);

  void answer_query(call_message& message);
  void answer_past_query(call_message& message);
  /// Where the answer goes, and when it is given.
  struct asking {
    answerer done;
    /// Set: the answer is that of the update or the main, waited for until then.
    std::optional<timestamp> wait_until = {};
    std::function<void()> accepted = {};
  };
  void settle(core::outcome outcome, asking who, counter* taken = nullptr);
  void answer_repeat(const core::repeated& seen, asking who);
  void start(call_message& message, timestamp now);
  void do_reset(reset_message& message);
  void settle_messages();
  bool is_removed() const;
  void give_up(delivery& what, const std::string& why);
  void take_held();
  void refuse_missing(answerer done);
  /// Answers whoever waits for the end of what began after `last`.
  void drop_waiting_after(event_number last, const error& why);
  void unpark();
  void redispatch();
  std::function<void()> effects_of(const core::record& step);
  void submit(core::record step, std::vector<reply> replies);
  void answer_ended_updates(const core::record& step, std::vector<reply>& replies);
  void after_durable(answerer done, result<answer> what);
  timestamp deadline(duration patience) const;
  void drop_impatient();
  std::unique_ptr<persistence::snapshot> maybe_snapshot(core::record& step);
  bool is_worth_a_last_snapshot(bool draining) const;
  void take_last_snapshot();
  void maybe_continue_as_new();
  persistence::entity_summary summary() const;
  void know_attributes();
  void account();

  entity_services& services_;
  const entity_type& type_;
  std::shared_ptr<entity_slot> slot_;
  std::function<void()> again_;

  std::unique_ptr<core::machine> machine_;
  std::unique_ptr<error> parked_;  ///< Why, when parked. Rare, so not in place.
  event_number submitted_ = 0;     ///< Last event handed to the writer.
  event_number snapshot_event_ = 0;
  std::uint64_t bytes_since_snapshot_ = 0;
  std::uint64_t snapshot_bytes_ = 0;
  bool warned_ = false;
  bool warned_of_size_ = false;

  bool reloading_ = false;
  bool passing_ = true;  ///< Nothing but wake-ups in passing has come yet.
  /// Who waits for the end of an update or a main.
  struct waiting_caller {
    answerer done;
    bool repeat = false;  ///< Asked again for what somebody had asked before.
    timestamp until;
  };
  /// What few entities have at a time.
  struct rarities {
    std::unique_ptr<error> lost;     ///< Why the last steps were not written.
    std::vector<delivery_ptr> held;  ///< Until the entity is loaded again.
    std::vector<delivery_ptr> held_while_paused;
    std::unique_ptr<reset_message> reset;  ///< To be done when the entity is loaded again.
    /// Messages whose settlement goes into the next step, and their receivers.
    std::vector<std::pair<event_number, entity_id>> settling;
    core::attributes known_attributes;                    ///< As the journal's index has them.
    std::multimap<event_number, waiting_caller> waiting;  ///< By the event that began it.
  };
  rarities& extras() {
    if (!extras_) extras_ = std::make_unique<rarities>();
    return *extras_;
  }

  std::unique_ptr<rarities> extras_;
  std::int64_t accounted_bytes_ = 0;
};

}  // namespace perdure::runtime
