#pragma once

/// A few entities on the deterministic core, and a time that passes when the test says so. Messages
/// between them are delivered at once, those whose type is known at run time only as JSON, as a
/// node does. Each entity can be lost after each of its steps, and is replayed.

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <perdure/call.h>
#include <perdure/entity.h>
#include <perdure/value.h>

#include "entities/json.h"
#include "entities/machine.h"

namespace perdure::testing {

class stage final : public caller {
public:
  explicit stage(timestamp start, bool crashes = false, std::uint64_t continue_after = 4'096)
      : now_(start), crashes_(crashes) {
    limits_.continue_after_events = continue_after;
  }

  template <class Entity>
  void host() {
    auto type = type_of<Entity>();
    types_.emplace(type.contract->type, hosted{type, core::json_codec(*type.contract)});
  }

  /// Answers before it returns; `timeout` when the update has not ended.
  void call(request what, completion done) override;

  timestamp now() const { return now_; }
  /// Lets so much time pass, and everything happen that is due in it.
  void run_for(duration time);
  /// Moves the clock alone: what came due happens late, all of it now.
  void outage(duration time);

  template <class State>
  State state(const std::string& type, const std::string& id) {
    return decode<State>(get({type, id}).machine->state());
  }
  bool exists(const std::string& type, const std::string& id) const {
    return entities_.contains({type, id});
  }
  core::life_status status(const std::string& type, const std::string& id) {
    return get({type, id}).machine->status();
  }
  /// Ids of all entities of this type that were reached, in order.
  std::vector<std::string> ids(const std::string& type) const;
  /// Of all runs.
  const std::vector<core::record>& journal(const std::string& type, const std::string& id) {
    return get({type, id}).journal;
  }
  const core::machine& machine(const std::string& type, const std::string& id) {
    return *get({type, id}).machine;
  }

  /// Replays everything; throws std::logic_error with what differs.
  void check_replay();

private:
  struct hosted {
    entity_type type;
    core::json_codec json;
  };
  struct live {
    entity_id id;
    hosted* of = nullptr;
    std::unique_ptr<core::machine> machine;
    std::vector<core::record> journal;
  };
  using message_name = std::pair<entity_id, event_number>;

  live& get(const entity_id& id);
  void reload(live& of);
  bool take(live& of, core::outcome outcome, error* refusal);
  void commit(live& of, core::record step);
  void settle();
  void fire(timestamp until);
  void deliver(const message_name& name);
  void answer(const message_name& name, core::call_outcome how);
  void answer_with(const message_name& name, live& receiver, const method& of,
                   const core::update_outcome& how);

  timestamp now_;
  bool crashes_;
  core::machine_limits limits_;
  std::map<std::string, hosted, std::less<>> types_;
  std::map<entity_id, live> entities_;
  std::deque<message_name> posted_;
  /// Messages that wait for the end of an update or a main, by receiver and its event.
  std::multimap<message_name, message_name> waiting_;
  std::map<message_name, core::update_outcome> ended_;
};

}  // namespace perdure::testing
