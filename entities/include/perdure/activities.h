#pragma once

/// What a contract says about activities, as data, and the base of generated activity classes.
/// Activities are calls to the outside world: plain C++ that may block and may fail. A developer
/// derives from the generated class (`payments_activities`) and overrides one virtual per method.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <perdure/errors.h>
#include <perdure/types.h>

namespace perdure {

/// One activity of a contract. All views live as long as the program.
struct activity {
  std::uint16_t ordinal = 0;     ///< The number after @; what is journaled, so it never changes.
  std::string_view name = {};    ///< As in the contract, e.g. "charge".
  std::uint64_t params = 0;      ///< Schema id of the parameter struct.
  std::uint64_t results = 0;     ///< Schema id of the result struct.
  std::string_view source = {};  ///< Where it is declared, e.g. "cart.capnp:19".
};

/// One interface with `$Perdure.activities`. All views live as long as the program.
struct activities_description {
  std::string_view name = {};                  ///< E.g. "payments".
  std::string_view source = {};                ///< E.g. "cart.capnp:18".
  std::span<const activity> activities = {};   ///< In order of their ordinals.
  std::span<const std::uint64_t> schema = {};  ///< As in `contract::schema`.

  /// Returns the activity with this name, or null.
  const activity* find(std::string_view name) const {
    for (auto& candidate : activities) {
      if (candidate.name == name) return &candidate;
    }
    return nullptr;
  }

  /// Returns the activity with this ordinal, or null.
  const activity* find(std::uint16_t ordinal) const {
    for (auto& candidate : activities) {
      if (candidate.ordinal == ordinal) return &candidate;
    }
    return nullptr;
  }
};

/// Thrown by an activity to fail with a type of its own, to fail for good, or to say when to try
/// again. Any other exception is a failure without a type, and is retried.
class activity_failure : public std::runtime_error {
public:
  activity_failure(std::string type, const std::string& message)
      : std::runtime_error(message), type(std::move(type)) {}

  /// This failure is final: no further attempt is made.
  activity_failure& for_good() {
    retryable = false;
    return *this;
  }
  /// The next attempt is made after this time, whatever the policy says.
  activity_failure& again_after(duration pause) {
    next_delay = pause;
    return *this;
  }

  std::string type;  ///< E.g. "card_declined".
  bool retryable = true;
  std::optional<duration> next_delay;
};

/// One attempt of an activity, seen from within. Used by the thread that runs the attempt.
class activity_context {
public:
  virtual ~activity_context() = default;

  /// Returns the entity that waits for it.
  virtual const entity_id& entity() const = 0;
  /// Returns 1 for the first attempt.
  virtual std::uint32_t attempt() const = 0;
  /// Returns a key that is the same for all attempts and for no other activity: for services that
  /// take an idempotency key.
  virtual std::string key() const = 0;
  /// Returns when this attempt is given up.
  virtual timestamp deadline() const = 0;
  /// Returns the trace context (W3C) of the message that caused it; may be empty.
  virtual std::string traceparent() const = 0;

  /// Tells that the attempt is alive. `details` are handed to the next attempt, should this fail.
  virtual void heartbeat(bytes_view details = {}) = 0;
  /// Returns the details of the last heartbeat of the attempt before.
  virtual bytes heartbeat_details() const = 0;
  /// Whether nobody waits for the result any more; told by heartbeats.
  virtual bool is_cancelled() const = 0;

  /// The activity is completed by someone else, with this token, over HTTP or `node.complete`; what
  /// the attempt returns is passed over.
  virtual std::string complete_later() = 0;
};

/// Runs activities by their description; overridden by generated classes.
class activities_base {
public:
  virtual ~activities_base() = default;

  /// Returns what these activities are.
  virtual const activities_description& described() const = 0;

  /// Decodes the parameters, runs the activity and returns its encoded results. Throws what the
  /// activity throws, `failure{malformed}` where the parameters cannot be decoded.
  virtual bytes run(const activity& which, bytes_view params) = 0;

protected:
  /// Returns the attempt that the calling thread runs. Throws std::logic_error where it runs none.
  static activity_context& context();

private:
  friend class activity_scope;
  static activity_context*& current();
};

/// Makes an attempt the calling thread's, for the time of its life.
class activity_scope {
public:
  explicit activity_scope(activity_context& attempt)
      : before_(std::exchange(activities_base::current(), &attempt)) {}
  activity_scope(const activity_scope&) = delete;
  activity_scope& operator=(const activity_scope&) = delete;
  ~activity_scope() { activities_base::current() = before_; }

private:
  activity_context* before_;
};

}  // namespace perdure
