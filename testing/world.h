#pragma once

/// The world of a test: hosted entities, the journal they live from, what is under way between them
/// and outside, and a time that passes when nothing else can.
///
/// What entities do is `process/`'s. The world does what their processes want done
/// (`process/actions.h`), and adds nothing but order: what comes next, and when. Each thing that
/// can be done has a place, by the time from which it can be done and the step that caused it.
/// Places follow from durable steps alone.
///
/// What an entity has in memory, its process, is lost when it crashes: with everything that has not
/// become durable, and with what durable steps have let go and nobody has taken yet. The rest
/// stays: time, callers, attempts of activities, and places. So a world that crashes makes the same
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

#include "entities/machine.h"
#include "persistence/memory_journal.h"
#include "process/entity_process.h"
#include "testing/script.h"

namespace perdure::testing {

/// A place in the order of events: a time, and the step that caused it.
struct place {
  timestamp time;
  std::uint64_t step = 0;
  friend auto operator<=>(const place&, const place&) = default;
};

/// Whether nothing has happened in the step but that what was known already was recorded. When that
/// is done depends on crashes; nothing follows from it.
bool is_bookkeeping(const core::record& step);

/// What happened, to be compared with what happened elsewhere.
struct trace {
  struct step {
    entity_id entity;
    core::record what;
  };
  std::vector<step> steps;
  std::vector<std::string> replies;
  std::vector<timestamp> times;  ///< To which the clock has gone on, as something could be done.
};

/// A message on its way, let go by its sender's process.
struct letter {
  enum class state : std::uint8_t {
    to_send,
    sent,     ///< The receiver has it, or has been told of it.
    refused,  ///< To be sent again at its time.
  };
  process::envelope_ptr what;
  place when;  ///< May be sent (again).
  state how = state::to_send;
  std::uint32_t refusals = 0;  ///< The sender knows of so many, and of the last one why.
  error last_refusal;
  bool reported = false;  ///< As undelivered.
};

/// An answer that the sender of a message has not been told yet.
struct reply_on_its_way {
  place when;
  process::told what;
};

/// An activity and its current attempt.
struct activity_run {
  enum class state : std::uint8_t { waiting, running, to_be_completed, ended };
  timestamp life;  ///< Of the entity.
  place next;      ///< When the next attempt begins or this one ends, and which step scheduled it.
  state how = state::waiting;
  std::uint32_t attempt = 0;
  std::variant<bytes, attempt_failure> end;  ///< Of the attempt that runs.
  core::call_outcome outcome;                ///< Once it has ended.
  bytes heartbeat;                           ///< Details of the last one, of the attempt before.
  bool ignores_cancellation = false;
  bool stopping = false;  ///< It was asked to.
  std::string last_failure;
};

/// A request from outside that has not been accepted yet.
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

/// How an update or a main has ended, and in which step.
struct end_of_call {
  place when;
  event_number event = 0;
  run_number run = 0;
  core::update_outcome how;
};

struct live {
  live(entity_id who, std::shared_ptr<const process::hosted_type> of)
      : id(std::move(who)), type(std::move(of)) {}

  const entity_id id;
  std::shared_ptr<const process::hosted_type> type;

  // Facts, by durable steps:
  std::map<event_number, place> steps;  ///< By the step's first event.
  place life_began;
  event_number main_began = 0;                ///< The event; 0: none was started.
  std::map<event_number, end_of_call> ended;  ///< By the event that began it.
  /// Messages it took, by sender, life and number: where, and which event their answers end.
  std::map<std::tuple<entity_id, timestamp, event_number>, std::pair<place, event_number>> took;

  // What is outside:
  std::map<event_number, letter> letters;
  std::map<event_number, activity_run> runs;
  std::deque<caller_request> requests;
  std::multimap<event_number, waiting_caller> callers;

  // What a crash costs:
  std::unique_ptr<process::entity_process> process;
  std::uint64_t lives_in_memory = 0;
  process::actions* wanted = nullptr;  ///< Of the call at hand.
  std::map<event_number, reply_on_its_way> replies;

  const core::machine& machine() const { return *process->machine(); }
  bool exists() const { return process->machine() && machine().where().last_event > 0; }
  /// Returns the place of the step that holds the event, not before the present life began.
  place place_of(event_number event) const;
};

class world {
public:
  world(test_options options, crashing crashes);
  ~world();

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

  /// Makes what an operator asks for.
  using operation = std::function<process::delivery(process::answerer)>;
  result<receipt> operate(const entity_id& entity, const operation& what);
  result<nothing> complete(std::string_view token, std::variant<bytes, attempt_failure> end);
  std::vector<std::string> waiting_for(const script& scripted) const;

  void crash(const entity_id& entity);
  void crash_everything();

  /// Returns the entity's machine, a fresh one where it does not exist.
  const core::machine& machine_of(const entity_id& entity) { return get(entity).machine(); }
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
  using call_into = std::function<void(process::entity_process&, process::actions&)>;

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
  void begin(live& of);
  void crash(live& of);
  void maybe_crash(live& of);
  void ask_again(live& of);

  // -- what processes want done (actions.cpp) --
  /// Has the entity take it, and does what comes of it. Returns whether that was done to its end:
  /// not so when the entity has crashed meanwhile.
  bool deliver(live& of, process::delivery what);
  bool enter(live& of, const call_into& call);
  void perform(live& of, process::append& what);
  void perform(live& of, process::behind& what);
  void perform(live& of, process::await_submitted& what);
  void perform(live& of, process::arm& what);
  void perform(live& of, process::load& what);
  void perform(live& of, process::read_history& what);
  void perform(live& of, process::ask_past& what);
  void perform(live& of, process::keep& what);
  void perform(live& of, process::answer_description& what);
  void perform(live& of, process::note_parked& what);
  void perform(live& of, process::complain& what);
  void perform(live& of, process::count& what);
  void perform(live& of, process::answer_caller& what);
  void perform(live& of, process::report_to& what);
  void perform(live& of, process::told& what);
  void perform(live& of, process::send& what);
  void perform(live& of, process::tell_entity& what);
  void perform(live& of, process::schedule_activity& what);
  void perform(live& of, process::schedule_reloaded& what);
  void perform(live& of, process::cancel_activity& what);
  void perform(live& of, process::activity_recorded& what);
  void perform(live& of, process::activity_unwanted& what);
  void perform(live& of, process::activity_not_now& what);
  /// Has it delivered when what is at hand is done.
  void hand_over(const entity_id& to, process::delivery what);
  void drain();
  core::record commit(live& of, process::append& what);
  void note(live& of, const core::record& step);
  void ended(live& of, event_number begun, const core::update_outcome& how,
             const core::record& step);

  // -- requests from outside (requests.cpp) --
  void ask(live& of);
  void accepted(live& of, std::uint64_t request, result<perdure::answer> how);
  void undone(live& of, event_number after);

  // -- messages (messages.cpp) --
  void send(live& sender, event_number number);
  void reply(live& sender, process::told what, std::optional<place> when);
  void tell(live& sender, event_number number);
  void heard(live& sender, const process::told& what);
  static std::optional<place> place_of_answer(const live& of, const process::envelope& to);

  // -- activities (activities.cpp) --
  void schedule(live& of, timestamp life, const core::pending_activity& what);
  void go_on(live& of, event_number number);
  void begin_attempt(live& of, event_number number);
  void end_attempt(live& of, event_number number);
  void end_activity(live& of, event_number number, core::call_outcome how);
  std::string name_of(const core::pending_activity& what) const;

  [[noreturn]] void fail(const std::string& why);

  const test_options options_;
  const crashing crashes_;
  persistence::memory_journal journal_;
  std::vector<sharding::epoch_number> epochs_;
  process::surroundings shared_;
  timestamp now_;
  std::mt19937_64 choices_;
  std::map<std::string, std::shared_ptr<const process::hosted_type>, std::less<>> types_;
  std::vector<std::shared_ptr<interceptor>> interceptors_;
  std::map<std::string, std::shared_ptr<activities_base>, std::less<>> provided_;
  std::map<std::pair<std::string, std::uint16_t>, std::shared_ptr<script>> scripts_;
  std::map<entity_id, std::unique_ptr<live>> entities_;
  std::set<entry> agenda_;
  std::map<entity_id, std::vector<entry>> listed_;  ///< What stands in the agenda, by entity.
  std::set<entity_id> unsettled_;                   ///< They may have messages to record.
  std::deque<std::pair<entity_id, process::delivery>> handed_over_;
  std::vector<std::pair<completion, result<perdure::answer>>> answers_;
  std::size_t depth_ = 0;  ///< Calls into processes at hand.
  bool draining_ = false;
  bool losing_ = false;  ///< What is destroyed now is lost, whatever it says.
  std::uint64_t last_request_ = 0;
  std::uint64_t commits_ = 0;
  std::uint64_t steps_ = 0;  ///< But bookkeeping.
  std::uint64_t lives_ = 0;  ///< That have begun durably.
  std::uint64_t digest_ = 0;
  bool failed_ = false;
  trace trace_;
  std::vector<std::string> handler_failures_, undelivered_, complaints_;
  std::size_t handler_failures_seen_ = 0, undelivered_seen_ = 0;
};

}  // namespace perdure::testing
