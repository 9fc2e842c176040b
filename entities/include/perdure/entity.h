#pragma once

/// What an entity class is made of.
///
/// A generated class (`cart_entity`) derives from `entity<State>`; the developer derives from that
/// and overrides one virtual per contract method. One entity handles one message at a time, each
/// handler running to its next `co_await`.
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
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <perdure/contract.h>
#include <perdure/errors.h>
#include <perdure/task.h>
#include <perdure/types.h>

namespace perdure {

namespace core {
class machine;
}

class entity_base;

namespace detail {

/// `co_await sleep(d)`.
class [[nodiscard]] sleep_awaiter {
public:
  sleep_awaiter(core::machine& machine, duration time) : machine_(machine), time_(time) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handler);
  void await_resume() const noexcept {}

private:
  core::machine& machine_;
  duration time_;
};

/// `co_await wait_until(condition[, timeout])`: true when the condition held, false on time-out.
class [[nodiscard]] condition_awaiter {
public:
  condition_awaiter(core::machine& machine, std::function<bool()> condition, duration timeout)
      : machine_(machine), condition_(std::move(condition)), timeout_(timeout) {}
  bool await_ready() { return held_ = condition_(); }
  void await_suspend(std::coroutine_handle<> handler);
  bool await_resume() const noexcept { return held_; }

private:
  core::machine& machine_;
  std::function<bool()> condition_;
  duration timeout_;
  bool held_ = false;
};

}  // namespace detail

/// No time-out.
inline constexpr duration forever = duration::max();

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

  /// Suspends the handler for at least `time`; a crash or a move to another node does not matter.
  detail::sleep_awaiter sleep(duration time);

  /// Suspends the handler until `condition` holds or `timeout` has passed. The condition is asked
  /// again after every step of this entity; it reads state and has no effects.
  detail::condition_awaiter wait_until(std::function<bool()> condition, duration timeout = forever);

  /// Runs `body` beside the current handler, from here to its first await at once. The caller does
  /// not wait for it; a failure of it is recorded in the history.
  void spawn(task<> body);

  /// Removes a reminder; one that is not set is no error.
  void cancel_reminder(std::string_view name);

  /// Sets the reminder `name` to call a signal at `due`; it replaces one of the same name.
  /// Generated classes offer it as `remind(name, delay, &entity::signal)`.
  void set_reminder(std::string_view name, timestamp due, std::uint16_t signal, bytes params);

private:
  friend class core::machine;

  // -- hooks, overridden by generated code ------------------------------------------------------

  /// Decodes the parameters and runs the handler. `method` is one of the contract's, of that kind.
  /// Throws `rejected` to refuse, `failure{malformed}` where the parameters cannot be decoded.
  virtual void run_signal(const method& method, bytes_view params) = 0;
  /// REQUIRES: `params` outlives the first resumption only.
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
class entity : public entity_base {
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
