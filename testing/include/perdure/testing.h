#pragma once

/// The test kit: entities, activities and time in one thread of one process, without disk, clock or
/// network.
///
///     perdure::test_environment env;
///     env.host<shop::order>();
///     env.script<shop::payments_contract>("charge").fails_times(2).returns(receipt).times(3);
///     auto placed = env.entity<shop::order_contract>("o1").place({.sku = "tea"}).get().value();
///
/// Guarantees:
/// - What happens is what a node would do: the same machine and records, each step through the
///   encoding of the journal, messages between entities delivered exactly once, activities with
///   their retries and time-outs.
/// - Time is virtual. A call drives the world until it is answered; where nothing is to be done, it
///   goes on to the next timer, retry or time-out. A year takes milliseconds.
/// - Equal seeds and scenarios give equal histories, to the last bit: `digest()`.
/// - What the test did not ask about is not passed over: calls of scripted activities that nobody
///   looked at, messages to types that are not hosted, signals that were refused and handlers that
///   failed unheard make `finish` (or the destructor) fail. So does an entity whose history,
///   replayed, is another one.
///
/// One thread.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <perdure/activities.h>
#include <perdure/call.h>
#include <perdure/entity.h>
#include <perdure/errors.h>
#include <perdure/history.h>
#include <perdure/interceptor.h>
#include <perdure/options.h>
#include <perdure/payload_codec.h>
#include <perdure/testing_activities.h>
#include <perdure/types.h>
#include <perdure/value.h>

namespace perdure {

/// Thrown where a test cannot go on: an activity that nobody scripted, an entity whose replay
/// differs. Also what `finish` throws.
class test_failure : public std::logic_error {
public:
  using std::logic_error::logic_error;
};

struct test_options {
  /// Decides the order of what can happen at the same time, where `shuffled`.
  std::uint64_t seed = 1;
  /// What time it is at first: 2030-01-01 00:00 UTC.
  timestamp start = std::chrono::sys_days{std::chrono::year{2030} / 1 / 1};
  /// Otherwise: in the order in which it came to be.
  bool shuffled = false;
  /// The chance, from 0 to 1, that a step is followed by a crash of its entity or of everything;
  /// the seed decides.
  double crashes = 0;
  /// A call that is not answered after so many steps is given up.
  std::uint64_t steps_max = 100'000;
  std::uint64_t snapshot_every_events = 32;
  std::uint64_t continue_after_events = 4'096;
  /// Makes what is stored of payloads, and reads it. Null: they are stored as they are.
  std::shared_ptr<const payload_codec> codec = {};
  /// Told what the test did not ask about. Empty: as `report_test_failures` says.
  std::function<void(const std::string&)> on_failure = {};
};

/// Sets what all environments without `on_failure` do with what a test did not ask about. For
/// doctest, once, in the test program's main file:
///
///     static const auto reported =
///         (perdure::report_test_failures([](const std::string& why) { FAIL_CHECK(why); }), true);
///
/// Without it, `finish` throws `test_failure`, and the destructor of an environment that was not
/// finished prints and aborts.
void report_test_failures(std::function<void(const std::string&)> to);

/// Names an entity in tests: "order/o1", or an `entity_id`.
struct entity_name {
  entity_name(const char* name) : entity_name(std::string_view(name)) {}
  entity_name(const std::string& name) : entity_name(std::string_view(name)) {}
  /// Throws std::invalid_argument where there is no '/'.
  entity_name(std::string_view name);
  entity_name(entity_id which) : id(std::move(which)) {}

  entity_id id;
};

namespace testing {

enum class crashing : std::uint8_t { nothing, entity, everything };
struct trace;

}  // namespace testing

template <class T>
class sent_call;

class test_environment final : public caller {
public:
  explicit test_environment(test_options options = {});
  test_environment(const test_environment&) = delete;
  test_environment& operator=(const test_environment&) = delete;
  ~test_environment() override;

  // -- the world --------------------------------------------------------------------------------

  /// Hosts an entity class.
  template <class Entity>
  test_environment& host() {
    return host(type_of<Entity>());
  }
  test_environment& host(const entity_type& type);

  /// Deploys a new version of a class that is hosted: every entity of its type that has not ended
  /// is loaded anew. Throws `test_failure` where one does not replay with it.
  template <class Entity>
  test_environment& deploy() {
    return deploy(type_of<Entity>());
  }
  test_environment& deploy(const entity_type& type);

  /// Has an interceptor see every call from outside, after those added before it.
  test_environment& intercept(std::shared_ptr<interceptor> what);

  /// Runs these activities for real, at the time of each attempt.
  test_environment& provide(std::shared_ptr<activities_base> activities);

  /// Returns the script of an activity, which goes before what is provided.
  template <class Contract>
  activity_script script(std::string_view activity) {
    return script(Contract::description(), activity);
  }
  activity_script script(const activities_description& of, std::string_view activity);

  // -- calls ------------------------------------------------------------------------------------

  /// Returns the client of an entity. Generated clients take the environment as it is, too:
  /// `shop::order_client{env, "o1"}`.
  template <class Contract>
  typename Contract::client_type entity(std::string id) {
    return {*this, std::move(id)};
  }

  /// Sends, and drives the world until it is answered. The answer is `timeout` after the call's
  /// `patience` of virtual time, or when nothing can happen any more that would answer it; the
  /// detail then says who waits for what. Errors of the test itself are thrown.
  void call(request what, completion done) override;

  /// Sends, and returns at once: nothing has happened yet.
  ///     auto first = env.send(env.entity<order_contract>("o1").place({...}));
  template <class T>
  sent_call<T> send(prepared_call<T> what);

  /// From outside, as an operator does.
  result<receipt> cancel(const entity_name& entity, std::string reason = {});
  result<receipt> terminate(const entity_name& entity, std::string reason = {});
  result<receipt> pause(const entity_name& entity, std::string reason = {});
  result<receipt> resume(const entity_name& entity);
  /// Goes back to the step that holds event `to` of the current run; signals that came behind it
  /// are taken again. Errors: malformed when it is not of this run.
  result<receipt> reset(const entity_name& entity, event_number to, std::string reason = {});

  /// Completes an activity whose attempt asked for it by `complete_later()`. Errors: completed.
  template <class Results>
  result<nothing> complete(std::string_view token, const Results& results) {
    return complete(token, encode(results));
  }
  result<nothing> complete(std::string_view token, bytes results);

  // -- time -------------------------------------------------------------------------------------

  timestamp now() const;
  /// Does what can be done now; time stands still.
  void run_until_idle();
  /// Lets so much time pass, and everything happen that is due in it.
  void run_for(duration time);
  /// Lets time pass until nothing can happen any more.
  void run_to_the_end();
  /// Moves the clock; what came due happens late, with the next call or run.
  void advance(duration time);

  // -- crashes ----------------------------------------------------------------------------------

  /// The entity loses its memory, and is loaded from the journal.
  void crash(const entity_name& entity);
  /// Every entity does. What is outside (callers, activities, time) goes on.
  void crash_everything();

  // -- what is asserted -------------------------------------------------------------------------

  /// Returns the present state; that of an entity which does not exist is a fresh one.
  template <class State>
  State state(const entity_name& entity) {
    return decode<State>(state_of(entity));
  }
  bytes state_of(const entity_name& entity);
  std::map<std::string, attribute_value, std::less<>> attributes(const entity_name& entity);
  /// Returns "none" (it does not exist), "running", "paused", "completed", "failed", "cancelled" or
  /// "terminated".
  std::string status(const entity_name& entity);
  /// Returns which of its runs goes on, or was the last: 1, and one more with each continue-as-new.
  run_number run(const entity_name& entity);
  /// Returns the ids of all entities of a type that exist, in order.
  std::vector<std::string> ids(std::string_view type) const;
  /// Returns a line for each thing that has not ended: handlers, activities, messages, timers.
  std::vector<std::string> pending(const entity_name& entity);
  perdure::history history(const entity_name& entity);
  /// Returns what is stored of it, record by record, as it lies in the journal.
  std::vector<bytes> stored(const entity_name& entity);

  /// Returns the failures of handlers that nobody waits for, which were looked at.
  std::vector<std::string> handler_failures();
  /// Returns the messages that were not delivered (the type is not hosted: it waits; a signal was
  /// refused), which were looked at.
  std::vector<std::string> undelivered();

  /// Digest of everything that has happened: all steps of all entities, in order.
  std::uint64_t digest() const;
  /// How many steps all entities have taken.
  std::uint64_t steps() const;
  std::uint64_t seed() const;

  /// Ends the test: fails when something happened that it did not ask about. Nothing is done after
  /// it.
  void finish();

private:
  template <class T>
  friend class sent_call;
  friend class testing_access;

  test_environment(test_options options, testing::crashing crashes);
  void drive_until(const std::function<bool()>& done, std::uint64_t call);
  std::uint64_t last_call() const;

  std::unique_ptr<testing::world> world_;
  bool sends_ = false;  ///< The next call is sent only.
  bool finished_ = false;
  int unwinding_ = 0;  ///< Exceptions under way when it was made.
};

/// A call under way. A handle; may be dropped.
template <class T>
class sent_call {
public:
  /// Whether it has been answered.
  bool done() const { return answer_->has_value(); }
  /// Drives the world until it is answered, as a call does.
  result<T> get() {
    env_->drive_until([this] { return done(); }, number_);
    return **answer_;
  }

private:
  friend class test_environment;
  sent_call(test_environment& env, std::shared_ptr<std::optional<result<T>>> answer)
      : env_(&env), answer_(std::move(answer)) {}

  test_environment* env_;
  std::uint64_t number_ = 0;
  std::shared_ptr<std::optional<result<T>>> answer_;
};

template <class T>
sent_call<T> test_environment::send(prepared_call<T> what) {
  auto answer = std::make_shared<std::optional<result<T>>>();
  sent_call<T> sent(*this, answer);
  sends_ = true;
  std::move(what).then([answer](result<T> value) { answer->emplace(std::move(value)); });
  sends_ = false;
  sent.number_ = last_call();
  return sent;
}

using test_scenario = std::function<void(test_environment&)>;

/// Runs the scenario three times: undisturbed, with each entity crashed after each of its steps,
/// and with every entity crashed after every step. Steps (their events, times, effects), replies
/// and final states must be equal; throws `test_failure` with the first difference otherwise. The
/// scenario hosts and scripts what it needs, and asserts what it likes.
void crash_everywhere(const test_scenario& scenario, test_options options = {});

/// Runs the scenario once for each of `seeds` seeds, from `options.seed` on, the order of what can
/// happen at the same time decided by the seed. What one sender tells one receiver stays in order.
/// With `options.crashes` there are crashes, too; then the scenario's own assertions say what must
/// hold. Whatever it throws, or did not ask about, is reported with the seed. Returns the digests.
std::vector<std::uint64_t> shuffle(std::size_t seeds, const test_scenario& scenario,
                                   test_options options = {});

}  // namespace perdure
