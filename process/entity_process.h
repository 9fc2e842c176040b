#pragma once

/// One active entity's whole protocol: what it does with all that comes to it, and what is owed to
/// whom and when. Pure: no threads, clocks, actors or files. Whatever is to happen comes out as
/// actions; time, what the journal holds and what became of steps come in.
///
///     (delivery | journal's answer | moment, time) -> actions
///
/// Guarantees:
/// - Nothing leaves before what it rests on is durable (`gate.h`).
/// - What was acknowledged is in the journal; what was not may be asked again.
/// - After a step that could not be written, or a refusal that spoiled the state, the entity is
/// read
///   again from the journal before it takes the next delivery.
/// - What is owed to others (`outbox.h`), or to the entity, follows from its records: whatever is
///   lost on the way is said again.
///
/// Where things stand: deliveries are sorted in entity_process.cpp, requests.cpp has those from
/// outside and from other entities, told.cpp what comes back of messages and activities, steps.cpp
/// how a step leaves for the journal, loading.cpp how an entity comes and goes, reset.cpp,
/// describe.cpp.
///
/// One thread at a time. `actions` are appended to, in the order in which they are to be done.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <perdure/payload_codec.h>

#include "entities/machine.h"
#include "persistence/journal.h"
#include "process/actions.h"
#include "process/delivery.h"
#include "process/gate.h"
#include "process/hosted_type.h"
#include "process/outbox.h"

namespace perdure::process {

struct limits {
  core::machine_limits machine;
  std::uint64_t snapshot_every_events = 256;
  std::uint64_t digest_every_steps =
      8;  ///< And not before as much was recorded as the state takes.
  std::size_t state_bytes_warning = 1024 * 1024;
  duration stay = std::chrono::minutes{2};  ///< What is due within this time stays in memory.
};

/// What the processes of a node share. Set up once; outlives them.
struct surroundings {
  process::limits limits;
  const payload_codec* codec = nullptr;  ///< Null: payloads are stored as they are.
  /// Names a life that begins: see `core::record::life`.
  std::function<timestamp(sharding::epoch_number)> new_life;
};

/// Whose entity it is, and under which epoch its steps are written.
struct ownership {
  sharding::shard_number shard = 0;
  sharding::epoch_number epoch = 0;
};

class entity_process {
public:
  /// REQUIRES: what is referred to outlives the process.
  entity_process(const surroundings& shared, const hosted_type& type, const entity_id& who,
                 ownership owner);
  entity_process(const entity_process&) = delete;
  entity_process& operator=(const entity_process&) = delete;
  ~entity_process();

  // -- what comes in ------------------------------------------------------------------------------

  /// Asks for what the journal has. Before anything else; deliveries wait until it has come.
  void begin(timestamp now, actions& out);

  /// Takes a delivery: it is answered now, later, or kept until the entity has been read.
  void deliver(delivery& what, timestamp now, actions& out);

  /// All steps up to this event are durable. Told before whatever else comes in.
  void durable(event_number last) { gate_.durable(last); }

  /// A step was not written, and why.
  void append_refused(error why, timestamp now, actions& out);

  /// What `await_submitted` asked for: all that was submitted has come back.
  void barrier_reached(timestamp now, actions& out);

  /// What `load` and `read_history` asked for.
  void loaded(result<persistence::loaded_entity> found, timestamp now, actions& out);
  void history_read(result<std::vector<core::record>> found, timestamp now, actions& out);

  /// The journal has removed the entity, whose retention was over.
  void removed(timestamp now, actions& out);

  // -- leaving ------------------------------------------------------------------------------------

  /// Whether the entity may leave memory once what it submitted is durable: nobody waits here for
  /// the end of an update.
  bool can_leave(timestamp now, actions& out);

  /// Steps were not written, and it has not been read again yet: it must not leave, or nobody says
  /// again what they have said.
  bool is_going_back() const { return stage_ == stage::returning; }

  /// Nothing was ever accepted for this id, or it was only brought into memory to be woken.
  bool need_not_stay(timestamp now) const;

  /// Why it leaves.
  enum class leaving : std::uint8_t {
    idle,
    in_haste,  ///< Many have to go.
    for_good,  ///< The node ends; another build may come.
  };

  /// Records what nobody else knows, and has a last snapshot kept. Returns whether anything it
  /// submitted, now or before, is under way.
  bool leave(leaving why, timestamp now, actions& out);

  /// Answers all who wait with `why`.
  void refuse_waiting(const error& why, timestamp now, actions& out);

  /// Drops what is in memory. Nothing comes in any more.
  void end(timestamp now, actions& out);

  // -- what is known ------------------------------------------------------------------------------

  /// About how many bytes the state takes.
  std::size_t state_size() const { return machine_ ? machine_->state_size() : 0; }
  /// Messages to other entities that are not settled.
  std::size_t messages_under_way() const;
  /// It has ended, and all of it is durable: the journal may have removed it.
  bool may_be_removed() const;
  event_number last_submitted() const { return gate_.last_submitted(); }
  /// The machine as it is; null: parked, or not read yet.
  const core::machine* machine() const { return machine_.get(); }
  const hosted_type& type() const { return type_; }
  /// Why it is parked, or null.
  const error* parked() const { return parked_.get(); }

private:
  enum class stage : std::uint8_t {
    loading,  ///< Waits for `loaded`.
    serving,
    returning,  ///< The gate is shut: waits for `barrier_reached`, then loads.
    resetting,  ///< Waits for `history_read`.
    parked,
  };

  /// The call at hand: its time, and where its actions go.
  class visit;

  /// Whoever asks: somebody outside, or another entity.
  using asker = std::variant<answerer, envelope_ptr>;
  /// An asker, and until when it waits for the end of the update or the main; nothing: it is
  /// answered when what it asks for is accepted.
  struct asking {
    asker who;
    std::optional<timestamp> until = {};
  };
  struct waiter {
    asker who;
    bool repeat = false;  ///< Asked again for what somebody had asked before.
    timestamp until;
    event_number taken = 0;     ///< The step that took its question. A start may have joined a main
                                ///< that began before.
    event_number rests_on = 0;  ///< It waits only if this event is written.
  };
  struct settling {
    event_number message = 0;
    entity_id receiver;
  };

  /// What few entities have at a time.
  struct rarities {
    std::optional<error> lost;              ///< Why the last steps were not written.
    std::vector<delivery> held;             ///< Until the entity has been read.
    std::optional<process::reset> reset;    ///< To be done when it has been read.
    std::optional<process::resume> resume;  ///< Of a parked entity, likewise.
    persistence::entity_summary before_reset;
    process::outbox outbox;
    std::vector<settling> settling;  ///< Goes into the next step.
    bool settle_armed = false;
    std::vector<effect> replaced;       ///< Of the run that the step at hand has replaced.
    core::attributes known_attributes;  ///< As the journal's index has them.
    std::multimap<event_number, waiter> waiting;  ///< By the event that began it.
  };
  rarities& extras() {
    if (!extras_) extras_ = std::make_unique<rarities>();
    return *extras_;
  }

  bool is_empty() const { return machine_->where().last_event == 0; }
  timestamp now() const;
  void act(action what);

  // -- deliveries (entity_process.cpp) --
  void sort(delivery& what);
  void give_up(delivery& what, error why);
  void deliver_parked(delivery& what);
  void refuse_waiters(const error& why);

  // -- requests (requests.cpp) --
  void on(call& what);
  void on(await_update& what);
  void on(await_result& what);
  void on(terminate& what);
  void on(cancel& what);
  void on(pause& what);
  void on(resume& what);
  void on(message& what);
  void on_request(const envelope_ptr& what);
  void start(core::message what, asking who);
  void answer_query(const request& what, asker who);
  void catch_up();
  timestamp deadline(duration patience) const;
  reply reply_to(asker who, result<answer> what, bool of_acceptance);
  told tell(const envelope_ptr& about, result<answer> what, bool of_acceptance) const;
  void refuse_missing(asker who);
  void conclude(core::outcome outcome, asking who, std::optional<figure> counted = {});
  void answer_repeat(const core::repeated& seen, asking who);
  void wait_for_end(event_number of, waiter who);
  void say(reply what);
  void answer_waiting(event_number begun, const core::update_outcome& how, run_number run,
                      std::vector<reply>& replies);
  void drop_impatient();

  // -- what comes back (told.cpp) --
  void on(told& what);
  void on(forget& what);
  void on(inquiry& what);
  void on(send_again& what);
  void on(record_settled& what);
  void on(activity_end& what);
  void on(wake& what);
  void was_taken(const core::outgoing& what);
  void note_settling(event_number message, const entity_id& receiver);
  void settle_messages();
  effect send_of(const core::outgoing& what) const;
  void send_when_durable(const std::vector<event_number>& messages);
  void do_when_durable(effect what);
  static std::vector<effect> one(effect what);

  // -- steps (steps.cpp) --
  void submit(core::record step, std::vector<reply> replies, std::vector<effect> effects = {});
  void answer_ended(const core::record& step, std::vector<reply>& replies);
  void add_effects(const core::record& step, std::vector<effect>& effects);
  void mark_state(core::record& step);
  std::unique_ptr<persistence::snapshot> maybe_snapshot(core::record& step);
  persistence::snapshot snapshot_of(event_number last);
  void maybe_continue_as_new();
  persistence::entity_summary summary() const;
  void know_attributes();

  // -- coming and going (loading.cpp) --
  std::optional<error> come_back(result<persistence::loaded_entity>& found);
  std::optional<error> bring_back(persistence::loaded_entity& found);
  void forget_lost_steps();
  void fail_to_load(error why);
  void go_on(std::vector<effect>& effects);
  void say_again(std::vector<effect>& effects);
  void go_on();
  void ask_senders();
  void park(error why);
  void unpark();
  void go_back();
  void serve_held();
  /// Answers with `why` those of whom that event comes after `last`.
  void drop_waiting(event_number waiter::* which, event_number last, const error& why,
                    std::vector<reply>& replies);
  void drop_machine();
  bool is_worth_a_last_snapshot(bool in_haste) const;

  // -- reset.cpp --
  void on(process::reset& what);
  void begin_reset();
  std::optional<error> go_back_to(process::reset& what, std::vector<core::record> history);

  // -- describe.cpp --
  void on(describe& what);

  const surroundings& shared_;
  const hosted_type& type_;
  const entity_id& who_;
  const ownership owner_;

  std::unique_ptr<core::machine> machine_;  ///< Null: parked, or not read yet.
  std::unique_ptr<error> parked_;           ///< Why, when parked. Rare, so not in place.
  std::unique_ptr<rarities> extras_;
  process::gate gate_;
  event_number snapshot_event_ = 0;
  std::uint64_t bytes_since_snapshot_ = 0;
  std::uint64_t snapshot_bytes_ = 0;
  std::uint64_t bytes_since_digest_ = 0;
  std::uint32_t steps_since_digest_ = 0;
  stage stage_ = stage::loading;
  bool passing_ = true;  ///< Nothing but wake-ups in passing has come yet.
  bool warned_ = false;
  bool warned_of_size_ = false;
  visit* visit_ = nullptr;
};

/// Answers a query from the state as it was after `what.options.at`, to which `found` leads.
result<answer> query_past(const surroundings& shared, const hosted_type& type,
                          persistence::loaded_entity found, const request& what);

}  // namespace perdure::process
