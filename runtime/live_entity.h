#pragma once

/// One active entity in the engine: does what its process wants done (`process/actions.h`). No
/// protocol here: what is said when, and to whom, `process/entity_process.h` decides.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "persistence/journal.h"
#include "process/entity_process.h"
#include "runtime/activities/dispatcher.h"
#include "runtime/courier.h"
#include "runtime/entity_slot.h"
#include "runtime/journal_writer.h"
#include "runtime/outlet.h"

namespace perdure::runtime {

using counter = std::atomic<std::uint64_t>;

/// What every entity of an engine uses. Set up once; outlives the entities.
struct entity_services {
  persistence::journal& store;
  journal_writer& writer;
  activity_dispatcher& activities;
  courier& messages;
  const outlet& out;
  const wall_clock& wall;
  const engine_limits& limits;
  process::surroundings shared;
  /// An entity was parked, or (nothing) is no longer.
  std::function<void(const entity_id&, const std::optional<error>&)> on_parked;

  // Named as in engine_stats.
  counter signals{0}, updates{0}, queries{0}, starts{0}, refused{0}, replayed{0}, timers_fired{0},
      continued{0}, parked{0};
  std::atomic<std::int64_t> active_bytes{0}, messages_under_way{0};

  /// Returns what the process counts as `which`.
  counter& of(process::figure which);
};

class live_entity {
public:
  /// Whoever gives the entity its turn.
  class driver {
  public:
    virtual ~driver() = default;
    /// Returns what has `barrier_reached` called, in the entity's own turn. Any thread may call it.
    virtual std::function<void()> call_again() = 0;
  };

  live_entity(entity_services& services, const process::hosted_type& type,
              std::shared_ptr<entity_slot> slot, driver& by);
  ~live_entity();

  void deliver(process::delivery& what);

  /// A step was not written, and why.
  void commit_refused(error why);

  /// Everything submitted before `call_again` has come back.
  void barrier_reached();

  /// As of the process.
  bool can_leave();
  bool need_not_stay() const { return process_.need_not_stay(services_.wall.now()); }
  bool is_going_back() const { return process_.is_going_back(); }
  void refuse_waiting(const error& why);
  /// `for_good`: the engine ends.
  bool leave(bool for_good);

private:
  template <class Call>
  auto drive(Call call);
  void account();

  // What the process wants done.
  void perform(process::append& what);
  void perform(process::behind& what);
  void perform(process::await_submitted& what);
  void perform(process::arm& what);
  void perform(process::load& what);
  void perform(process::read_history& what);
  void perform(process::ask_past& what);
  void perform(process::keep& what);
  void perform(process::answer_description& what);
  void perform(process::note_parked& what);
  void perform(process::complain& what);
  void perform(process::count& what);
  template <class Said>
  void perform(Said& what);

  entity_services& services_;
  std::shared_ptr<entity_slot> slot_;
  driver& driver_;
  process::entity_process process_;
  process::actions* wanted_ = nullptr;  ///< What the call at hand has brought about.
  std::int64_t accounted_bytes_ = 0;
  std::int64_t accounted_messages_ = 0;
  bool parked_ = false;
};

}  // namespace perdure::runtime
