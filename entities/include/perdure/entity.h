#pragma once

/// What an entity class is made of.
///
/// A generated class (`cart_entity`) derives from `stateful<State>`; the developer derives from
/// that and overrides one virtual per contract method. One entity handles one message at a time,
/// each handler running to its next `co_await`.
///
/// Guarantees:
/// - A handler is atomic up to its first await: if it throws there, nothing has happened.
/// - `now`, `random`, `uuid` are recorded or derived from what is recorded: replay sees the same.
/// - All data lives in `state`; a class with members of its own does not compile.
///
/// Everything here is called from within a handler, on the entity's own turn, by nobody else.

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <perdure/await.h>
#include <perdure/concurrency.h>
#include <perdure/contract.h>
#include <perdure/errors.h>
#include <perdure/options.h>
#include <perdure/task.h>
#include <perdure/types.h>

namespace perdure {

/// The context of handlers, and the hooks through which the runtime drives a generated class.
class entity_base {
public:
  entity_base(const entity_base&) = delete;
  entity_base& operator=(const entity_base&) = delete;
  virtual ~entity_base() = default;

protected:
  entity_base() = default;

  // -- context of handlers ----------------------------------------------------------------------

  /// Returns who this entity is.
  const entity_id& self() const;

  /// Returns the time of the event being handled. It stands still within a handler's turn.
  timestamp now() const;

  /// Returns 64 random bits, the same when this event is replayed. Not for secrets.
  std::uint64_t random();

  /// Returns a random UUID (version 4), the same when this event is replayed.
  std::string uuid();

  // -- waiting ----------------------------------------------------------------------------------

  /// Suspends the handler for at least `time`; a crash or a move to another node does not matter.
  detail::sleep_awaiter sleep(duration time);

  /// Suspends the handler until that time; not at all when it has come.
  task<> sleep_until(timestamp time);

  /// Suspends the handler until `condition` holds or `timeout` has passed. The condition is asked
  /// again after every step of this entity; it reads state and has no effects.
  detail::condition_awaiter wait_until(std::function<bool()> condition, duration timeout = forever);

  /// Suspends the handler until no other handler of this entity is suspended, other than those
  /// that wait for just this.
  task<> handlers_finished();

  /// Waits for the mutex of that name; others of this entity wait until the permit is gone.
  task<permit> mutex(std::string name);

  /// Waits for one of `places` of the semaphore of that name.
  task<permit> semaphore(std::string name, std::size_t places);

  /// Runs `body`, at most for `limit`; nothing: the time was over, and it was cancelled.
  template <class Body>
  task<std::optional<detail::value_of<detail::outcome_of<Body>>>> within(duration limit,
                                                                         Body&& body) {
    return detail::run_within(pause(limit), detail::as_task(std::forward<Body>(body)));
  }

  /// In a main: where its history may be cut. When it has grown large, the entity continues as new:
  /// the main begins again at its top, with the state as it is here.
  detail::continue_awaiter continue_point();

  /// Runs `body` beside the current handler, from here to its first await at once. The caller does
  /// not wait for it; a failure of it is recorded in the history.
  void spawn(task<> body);

  /// Likewise, of what `body()` returns; a lambda is kept, with what it has captured, until its
  /// task has ended.
  template <class Body>
    requires std::invocable<Body&>
  void spawn(Body body) {
    spawn(detail::call_and_keep(std::move(body)));
  }
  /// Likewise, of a call or a wait, or a task with results, which are dropped.
  template <class Awaitable>
    requires(!std::invocable<Awaitable&> && !std::same_as<Awaitable, task<>>)
  void spawn(Awaitable what) {
    spawn(detail::without_result(std::move(what)));
  }

  /// Whether the current handler as a whole has been cancelled. Not of a part of it, such as the
  /// loser of a race: that one is told by its next await.
  bool is_cancelled() const;

  // -- the world --------------------------------------------------------------------------------

  /// Activities of a contract, e.g. `activities<payments_contract>().charge({...})`.
  template <class Contract>
  typename Contract::stub activities(activity_options options = {}) {
    return {bound(), Contract::description(), std::move(options)};
  }

  /// Another entity, e.g. `entity<account_contract>("alice").deposit({...})`. Signals return at
  /// once, updates and queries are awaited, a main is started and awaited.
  template <class Contract>
  typename Contract::stub entity(std::string id, start_options start = {}) {
    return {bound(), named<Contract>(std::move(id)), false, start, &Contract::description()};
  }

  /// An entity whose main is started as a child: it is told when this one ends.
  template <class Contract>
  typename Contract::stub child(std::string id, start_options start = {}) {
    return {bound(), named<Contract>(std::move(id)), true, start, &Contract::description()};
  }

  /// An entity whose type is known at run time only.
  untyped_entity entity(std::string type, std::string id, start_options start = {}) {
    return {bound(), {std::move(type), std::move(id)}, false, start};
  }
  untyped_entity child(std::string type, std::string id, start_options start = {}) {
    return {bound(), {std::move(type), std::move(id)}, true, start};
  }

  // -- what is recorded -------------------------------------------------------------------------

  /// Returns which version of a piece of code this handler runs: `max` where it gets here for the
  /// first time, and in replay what it was then (`min` where the history is older than the change).
  int version(std::string_view change, int min, int max);

  /// Calls `f` once, ever: its result is recorded. For what replay must not do again (reading a
  /// file, asking a library that may change). Returns a contract's struct, or a text as
  /// std::string. What `f` throws is recorded too, and thrown again in replay: `rejected` and
  /// `failure` as they are, anything else as a `failure` (failed) with its text.
  template <class F>
  auto side_effect(F f) {
    using value = std::invoke_result_t<F&>;
    if constexpr (std::is_convertible_v<value, std::string_view>) {
      const auto kept = recorded(
          [&] {
            const value text = f();
            const auto view = as_bytes_view(text);
            return bytes(view.begin(), view.end());
          },
          {});
      return std::string(as_text(kept));
    } else {
      static_assert(
          requires { codec<value>::schema; },
          "a side effect returns a text, or a struct of a contract");
      return perdure::decode<value>(
          recorded([&] { return perdure::encode(f()); }, empty_payload()));
    }
  }

  /// Sets what this entity can be found by: `list --where 'status="paid"'`.
  /// Throws std::invalid_argument for what is no number, or beyond 64 bits with a sign.
  void set_attribute(std::string name, attribute_value value);
  template <class T>
    requires(std::integral<T> && !std::same_as<T, bool>)
  void set_attribute(std::string name, T value) {
    if (!std::in_range<std::int64_t>(value)) {
      throw std::invalid_argument("attribute \"" + name + "\" is beyond 64 bits with a sign");
    }
    set_attribute(std::move(name), attribute_value(static_cast<std::int64_t>(value)));
  }
  void set_attribute(std::string name, std::same_as<std::string_view> auto value) {
    set_attribute(std::move(name), attribute_value(std::string(value)));
  }
  void remove_attribute(std::string name);

  /// In an update: answers the caller now; the handler goes on, and what it returns is nobody's.
  /// Throws `std::logic_error` for what are not the update's results.
  template <class Results>
  void reply(const Results& results) {
    reply_with(perdure::encode(results), codec<Results>::schema);
  }
  /// Likewise, of an update without results.
  void reply() { reply_with(empty_payload(), 0); }

  // -- reminders --------------------------------------------------------------------------------

  /// Removes a reminder; one that is not set is no error.
  void cancel_reminder(std::string_view name);

  /// Sets the reminder `name` to call a signal at `due`; it replaces one of the same name.
  /// Generated classes offer it as `remind(name, delay, &entity::signal)`.
  void set_reminder(std::string_view name, timestamp due, std::uint16_t signal, bytes params);

private:
  friend class core::machine;

  template <class Contract>
  static entity_id named(std::string id) {
    return {std::string(Contract::description().type), std::move(id)};
  }
  core::machine& bound() const;
  task<> pause(duration time);
  /// `nothing`: what it returns where it can have no effect.
  bytes recorded(const std::function<bytes()>& effect, bytes nothing);
  /// `schema`: 0 for no results.
  void reply_with(bytes results, std::uint64_t schema);

  // -- hooks, overridden by generated code ------------------------------------------------------

  /// Decodes the parameters and runs the handler. `method` is one of the contract's, of that kind.
  /// Throws `rejected` to refuse, `failure{malformed}` where the parameters cannot be decoded.
  virtual void run_signal(const method& method, bytes_view params) = 0;
  /// Of updates and mains. REQUIRES: `params` outlives the first resumption only.
  virtual task<bytes> run_update(const method& method, bytes_view params) = 0;
  virtual bytes run_query(const method& method, bytes_view params) const = 0;

  virtual bytes save_state() const = 0;
  virtual void load_state(bytes_view saved) = 0;
  /// Keeps a copy of the state for this turn; `restore_state` goes back to it, at most once.
  virtual void keep_state() = 0;
  virtual void restore_state() = 0;

  core::machine* machine_ = nullptr;
};

/// The base of generated entity classes: holds the state and nothing else.
template <class State>
class stateful : public entity_base {
public:
  using state_type = State;

protected:
  /// All the data of this entity. Saved, loaded and compared by generated code.
  State state{};

private:
  // One turn runs on one thread without interruption, so a thread needs one copy, not each entity.
  static State& kept() {
    static thread_local State copy;
    return copy;
  }
  void keep_state() final { kept() = state; }
  void restore_state() final { state = std::move(kept()); }

  // Leaves no tail padding in which a derived class could hide data from the size check below.
  [[maybe_unused]] std::uintptr_t end_ = 0;
};

/// An entity type that can be run: its contract, and how to make an instance.
struct entity_type {
  const perdure::contract* contract = nullptr;
  std::unique_ptr<entity_base> (*make)() = nullptr;
};

/// Returns the entity type implemented by `Entity`, a final class derived from a generated one.
template <class Entity>
entity_type type_of() {
  using generated = typename Entity::generated_type;
  static_assert(std::derived_from<Entity, generated>);
  static_assert(!std::is_abstract_v<Entity>,
                "this entity class does not override every method of its contract");
  static_assert(
      sizeof(Entity) == sizeof(generated),
      "an entity class holds no data of its own: put it into the contract's state struct, "
      "where it survives snapshots and replay");
  static_assert(std::is_default_constructible_v<Entity>,
                "an entity class is made without arguments: what it is lies in its state");
  return {&generated::contract_type::description(),
          []() -> std::unique_ptr<entity_base> { return std::make_unique<Entity>(); }};
}

}  // namespace perdure
