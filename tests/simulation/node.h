#pragma once

/// One node in one thread: does what entities want done, as live_entity, journal_writer, outlet,
/// shard_host and timers of the runtime do it, one step of it at a time.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "courier.h"
#include "desk.h"
#include "process/entity_process.h"
#include "surroundings.h"

namespace perdure::simulation {

class node {
public:
  explicit node(shared& with);
  ~node();

  /// Takes over all shards, and brings back what had something under way.
  void begin();
  /// All that is in memory is gone. `in_a_commit`: and some of what is queued may be written.
  void crash(bool in_a_commit);

  /// Asks an entity from outside, or on behalf of time.
  void ask(const entity_id& who, process::delivery what);
  void wake(const entity_id& who, bool in_passing);
  /// Asks it to leave memory; `in_any_case`: whoever waits is refused.
  void put_away(const entity_id& who, bool in_any_case);
  void put_all_away();
  /// The next commits are refused, or come back as unknown.
  void refuse_commits(std::uint32_t many, persistence::append_outcome how, bool written);
  void accept_commits() { refusals_.clear(); }
  void collect();

  /// A thing that can happen now, and one that will.
  enum class part : std::uint8_t { mail, append, come_back, carry, timer, desk };
  struct move {
    part of = part::mail;
    entity_id who = {};
    const courier::lane* lane = nullptr;
  };
  std::vector<move> moves();
  void make(const move& what);
  timestamp next() const;

  const std::map<entity_id, error>& parked() const { return parked_; }
  /// The machine, when it is in memory and all of it is durable; or null.
  const core::machine* settled_machine(const entity_id& who) const;
  desk& activities() { return desk_; }
  const process::surroundings& surrounding() const { return surroundings_; }
  static const process::hosted_type& type();

private:
  struct mail {
    enum class kind : std::uint8_t { deliver, refused, barrier, leave, leave_durably };
    kind about = kind::deliver;
    process::delivery what = process::record_settled{};
    std::optional<error> why = {};
  };
  struct resident {
    entity_id id;
    process::ownership owner;
    event_number durable = 0;
    std::optional<timestamp> armed = {};
    bool leaving = false;
    bool begun = false;
    std::unique_ptr<process::entity_process> process = {};
    process::actions* wanted = nullptr;
    std::deque<mail> mails = {};
    std::deque<process::delivery> kept = {};
  };
  using slot = std::shared_ptr<resident>;
  struct commit {
    slot entity;
    std::optional<persistence::batch> step = {};
    std::unique_ptr<persistence::snapshot> snapshot = {};
    std::vector<process::reply> replies = {};
    std::vector<process::effect> effects = {};
    event_number needs = 0;
    std::optional<mail::kind> reached = {};
    persistence::append_outcome outcome = persistence::append_outcome::unknown;
  };
  struct planned_refusal {
    persistence::append_outcome how;
    bool written;
  };

  // -- entities (node.cpp) --
  slot resident_of(const entity_id& who);
  bool is_here(const slot& whom) const;
  void hand(const entity_id& to, process::delivery what);
  void refuse(process::delivery& what, const entity_id& whose, const error& why);
  void receive(const slot& whom);
  void leave(const slot& whom, const std::optional<error>& why);
  void stays(const slot& whom);
  void gone(const slot& whom);
  template <class Call>
  bool drive(const slot& whom, Call call);
  using any_call = std::function<bool(process::entity_process&, timestamp, process::actions&)>;
  bool drive_any(const slot& whom, const any_call& call);

  // -- what they want done (performing.cpp) --
  void perform(const slot& of, process::append& what);
  void perform(const slot& of, process::behind& what);
  void perform(const slot& of, process::await_submitted& what);
  void perform(const slot& of, process::arm& what);
  void perform(const slot& of, process::load& what);
  void perform(const slot& of, process::read_history& what);
  void perform(const slot& of, process::ask_past& what);
  void perform(const slot& of, process::keep& what);
  void perform(const slot& of, process::answer_description& what);
  void perform(const slot& of, process::note_parked& what);
  void perform(const slot& of, process::complain& what);
  void perform(const slot& of, process::count& what);
  template <class Said>
  void perform(const slot& of, Said& what);
  void say(process::reply what);
  void take_back(process::reply what, const error& why);
  void affect(const entity_id& of, process::effect what);

  // -- the writer (writing.cpp) --
  void submit(commit work);
  void append_some();
  void come_back();
  void committed(resident& whom, const persistence::entity_summary& after);
  void tell_model(const std::vector<persistence::batch>& batches,
                  const std::vector<persistence::append_outcome>& outcomes);

  // -- time (writing.cpp) --
  void read_timers();
  void fire_timer();

  shared& with_;
  process::surroundings surroundings_;
  courier courier_;
  desk desk_;
  std::map<entity_id, slot> residents_;
  std::deque<commit> queue_;
  std::deque<commit> coming_back_;
  std::deque<planned_refusal> refusals_;
  std::vector<sharding::epoch_number> epochs_;
  std::uint64_t lives_ = 0;
  std::set<std::pair<timestamp, entity_id>> soon_;
  timestamp next_refill_;
  std::map<entity_id, error> parked_;
  std::uint64_t generation_ = 0;
};

/// Calls into the process, and does what comes out, and what comes out of that.
template <class Call>
bool node::drive(const slot& whom, Call call) {
  return drive_any(whom, [&](auto& process, timestamp now, auto& out) {
    if constexpr (std::is_void_v<decltype(call(process, now, out))>) {
      call(process, now, out);
      return false;
    } else {
      return call(process, now, out);
    }
  });
}

}  // namespace perdure::simulation
