#pragma once

/// The world of a test: hosted entities, the journal they live from, what is under way between them
/// and outside, and a time that passes when nothing else can.
///
/// What an entity has in memory (its machine, who waits for its answers, what it knows of its
/// messages) is lost when it crashes. The rest stays: time, callers, attempts of activities, and
/// what orders events, which depends on the steps alone. So a world that crashes makes the same
/// steps as one that does not.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <perdure/call.h>
#include <perdure/testing.h>

#include "entities/json.h"
#include "entities/machine.h"
#include "entities/payload.h"
#include "persistence/memory_journal.h"
#include "testing/script.h"

namespace perdure::testing {

/// A place in the order of events: a time, and the step that caused it.
struct place {
  timestamp time;
  std::uint64_t step = 0;
  friend auto operator<=>(const place&, const place&) = default;
};

/// What happened, to be compared with what happened elsewhere.
struct trace {
  struct step {
    entity_id entity;
    core::record what;
  };
  std::vector<step> steps;
  std::vector<std::string> replies;
};

/// A message on its way. `number` of the sender's event names it.
struct delivery {
  enum class state : std::uint8_t { to_send, taken, answered, done };
  entity_id target;
  core::message_kind kind = core::message_kind::signal;
  place sent;  ///< When it may be sent (again), and which step sent it.
  state how = state::to_send;
  std::uint32_t attempts = 0;
  std::string last_failure;
  // When answered, and not told yet:
  place answered;
  core::call_outcome answer;
};

/// An activity and its current attempt.
struct activity_run {
  enum class state : std::uint8_t { waiting, running, to_be_completed };
  place next;  ///< When the next attempt begins or this one ends, and which step scheduled it.
  state how = state::waiting;
  std::uint32_t attempt = 0;
  std::variant<bytes, attempt_failure> end;  ///< Of the attempt that runs.
  bytes heartbeat;                           ///< Details of the last one, of the attempt before.
  bool ignores_cancellation = false;
  bool stopping = false;  ///< It was asked to.
  std::string last_failure;
};

/// A request from outside that has not been handled yet.
struct caller_request {
  std::uint64_t number = 0;
  place sent;
  request what;
  completion done;
};

/// A caller who waits for the end of an update or a main.
struct waiting_caller {
  std::uint64_t number = 0;
  std::string_view method;
  timestamp until;
  bool repeat = false;
  completion done;
};

struct live {
  live(entity_id who, const entity_type& of) : id(std::move(who)), type(of) {}

  const entity_id id;
  entity_type type;
  std::map<event_number, place> steps;  ///< By the step's first event.
  std::map<event_number, place> ended;  ///< Updates and mains, by the event that began them.
  std::map<event_number, delivery> deliveries;
  std::map<event_number, activity_run> runs;
  std::deque<caller_request> requests;
  std::multimap<event_number, waiting_caller> callers;

  // What a crash costs:
  std::unique_ptr<core::machine> machine;
  std::uint64_t lives_in_memory = 0;
  /// Messages of others whose answer is the end of an update or a main, by the event that began it.
  std::multimap<event_number, std::pair<entity_id, event_number>> waiting;
  event_number snapshot_event = 0;
  core::attributes known_attributes;

  bool exists() const { return machine->where().last_event > 0; }
};

class world {
public:
  world(test_options options, crashing crashes);

  void host(const entity_type& type);
  void deploy(const entity_type& type);
  void intercept(std::shared_ptr<interceptor> what) { interceptors_.push_back(std::move(what)); }
  void provide(std::shared_ptr<activities_base> activities);
  std::shared_ptr<script> script_of(const activities_description& of, std::string_view activity);

  /// Queues a request; returns its number.
  std::uint64_t send(request what, completion done);
  /// Drives until `done`; when it cannot become so, answers the request as timed out.
  void drive(const std::function<bool()>& done, std::uint64_t request);
  void run_until_idle();
  void run_until(timestamp end);
  void run_to_the_end();
  void advance(duration time) { now_ += time; }

  using operation = std::function<core::outcome(core::machine&, timestamp)>;
  result<receipt> operate(const entity_id& entity, const operation& what);
  result<nothing> complete(std::string_view token, std::variant<bytes, attempt_failure> end);
  std::vector<std::string> waiting_for(const script& scripted) const;

  void crash(const entity_id& entity);
  void crash_everything();

  /// Returns the entity's machine, a fresh one where it does not exist.
  core::machine& machine_of(const entity_id& entity) { return *get(entity).machine; }
  std::vector<std::string> pending(const entity_id& entity);
  history history_of(const entity_id& entity) const;
  std::vector<bytes> stored(const entity_id& entity) const;
  std::vector<entity_id> entities() const;

  std::vector<std::string> handler_failures();
  std::vector<std::string> undelivered();
  /// Returns all that the test did not ask about; empty: nothing. Also replays every history.
  std::string problems();

  timestamp now() const { return now_; }
  std::uint64_t digest() const { return digest_; }
  std::uint64_t steps() const { return steps_; }
  std::uint64_t last_request() const { return last_request_; }
  const test_options& options() const { return options_; }
  const trace& happened() const { return trace_; }
  bool has_failed() const { return failed_; }

private:
  enum class kind : std::uint8_t { timer, answer, send, attempt, request, impatience };
  /// Something that can be done; orders by when it came to be possible.
  using entry = std::tuple<place, kind, event_number, entity_id>;

  // -- order (world.cpp) --
  bool step();
  bool settle_all();
  /// Goes on to the next time at which something can be done, not past `end`.
  bool skip(timestamp end);
  void run(const std::function<bool()>& done, timestamp end);
  std::optional<entry> pick();
  void perform(const entry& what);
  void touch(live& of);
  std::vector<entry> entries_of(const live& of) const;
  void answer(const entity_id& of, std::string_view method, completion done,
              result<perdure::answer> what);
  void flush();
  void give_up(std::uint64_t request, const std::string& why);
  std::string who_waits();

  // -- entities (entities.cpp) --
  live* find(const entity_id& entity);
  live& get(const entity_id& entity);
  void load(live& of);
  result<persistence::loaded_entity> read(const entity_id& entity, event_number at = 0) const;
  void commit(live& of, core::record step);
  persistence::entity_summary summary_of(const live& of) const;
  std::optional<persistence::snapshot> maybe_snapshot(live& of, core::record& step) const;
  void follow_up(live& of, const core::record& step, place where);
  void ended(live& of, event_number begun, const core::update_outcome& how, place where);
  void continue_as_new(live& of);
  void crash(live& of);
  core::outcome start(live& of, core::message what);

  // -- requests from outside (requests.cpp) --
  void handle(live& of, caller_request what);
  result<perdure::answer> query(live& of, const request& what);

  // -- messages (messages.cpp) --
  void deliver(live& sender, event_number number);
  void deliver(live& sender, const core::outgoing& what, live& receiver);
  std::optional<error> read_json(core::outgoing& what);
  void write_json(const core::outgoing& what, core::call_outcome& how);
  const core::json_codec& json_of(const std::string& type);
  void taken(live& sender, event_number number);
  void answered(live& sender, event_number number, core::call_outcome how, place when);
  void answered_at_once(live& sender, event_number number, core::call_outcome how);
  void refused(live& sender, const core::outgoing& what, const error& why);
  void tell(live& sender, event_number number);
  void settle_messages(live& of, const core::record& step);

  // -- activities (activities.cpp) --
  void follow_up_activities(live& of, const core::record& step, place where);
  void begin_attempt(live& of, event_number number);
  void end_attempt(live& of, event_number number);
  void end_activity(live& of, event_number number, core::call_outcome how);
  std::string name_of(const core::pending_activity& what) const;

  [[noreturn]] void fail(const std::string& why);

  const test_options options_;
  const crashing crashes_;
  core::machine_limits limits_;
  persistence::memory_journal journal_;
  std::vector<sharding::epoch_number> epochs_;
  timestamp now_;
  std::mt19937_64 choices_;
  std::map<std::string, entity_type, std::less<>> types_;
  std::vector<std::shared_ptr<interceptor>> interceptors_;
  std::map<std::string, core::json_codec> json_;  ///< By type, of those that were asked for.
  std::map<std::string, std::shared_ptr<activities_base>, std::less<>> provided_;
  std::map<std::pair<std::string, std::uint16_t>, std::shared_ptr<script>> scripts_;
  std::map<entity_id, std::unique_ptr<live>> entities_;
  std::set<entry> agenda_;
  std::map<entity_id, std::vector<entry>> listed_;  ///< What stands in the agenda, by entity.
  std::set<entity_id> unsettled_;                   ///< They may have deliveries to record.
  std::vector<std::pair<completion, result<perdure::answer>>> answers_;
  std::uint64_t last_request_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t digest_ = 0;
  bool failed_ = false;
  trace trace_;
  std::vector<std::string> handler_failures_, undelivered_;
  std::size_t handler_failures_seen_ = 0, undelivered_seen_ = 0;
};

}  // namespace perdure::testing
