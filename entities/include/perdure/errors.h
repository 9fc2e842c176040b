#pragma once

/// Errors as values. A code is chosen by what the caller should do about it; the detail says so in
/// words. The names of the codes are part of the HTTP contract and never change.
///
/// Exceptions are reserved for two things: a bug, and an entity's own refusal (`rejected`).

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace perdure {

enum class errc : std::uint8_t {
  malformed,             ///< The request is not what the contract says. Mend it.
  unauthenticated,       ///< No valid token. Send one.
  forbidden,             ///< The token does not allow this.
  unknown_type,          ///< No such entity type here.
  unknown_method,        ///< The type has no such method of this kind.
  entity_not_found,      ///< Nothing was ever accepted for this id, or it is gone.
  timeout,               ///< Not finished in the time given. Ask again.
  rejected,              ///< The entity refused; nothing has changed.
  already_exists,        ///< Start of an entity that has been started.
  idempotency_conflict,  ///< The same key came with another payload.
  completed,             ///< The entity has ended and takes no more messages.
  too_large,             ///< Over a size limit that the detail names.
  failed,                ///< An update failed after its first await; what it did until then stays.
  overloaded,            ///< A bounded queue is full. Try again later.
  nondeterministic,  ///< Replay differs from history; the entity is parked until code is mended.
  internal,          ///< A bug, in the entity or in Perdure. The detail names it.
  unavailable,       ///< Not served here and now. Try again.
  draining,          ///< The node is shutting down. Try another, or again.
  storage_full,      ///< No room on disk; nothing was written. Try again after making room.
  history_full,      ///< The run is at its hard limit and a handler is still suspended.
};

/// Returns the stable name of `code`, e.g. "idempotency_conflict".
std::string_view to_string(errc code);

/// Returns the code with this name, or nothing.
std::optional<errc> errc_from_string(std::string_view name);

/// Whether the same request, unchanged, may succeed later.
bool retryable(errc code);

/// What went wrong, and what to do about it.
struct error {
  errc code = errc::internal;
  std::string detail;
  /// What the application calls it, e.g. "card_declined" (an activity's own failures), or, of
  /// time-outs of activities, which one ("start_to_close"). Empty: nothing more is known.
  std::string type = {};

  friend bool operator==(const error&, const error&) = default;
};

/// Thrown by a handler to refuse: the caller gets the message, and, before the handler's first
/// await, nothing has happened.
class rejected : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Thrown out of an await of a handler that was cancelled. Let it pass, or clean up in a `shielded`
/// task; every further await in the cancelled scope throws it again.
class cancelled : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Thrown by `result::value()` where a caller asks for the value of an error, and by an await in a
/// handler whose call came back with one.
class failure : public std::runtime_error {
public:
  explicit failure(error why)
      : std::runtime_error(std::string(to_string(why.code)) + ": " + why.detail),
        why_(std::move(why)) {}

  const error& why() const { return why_; }

private:
  error why_;
};

/// A value or an error. Expected outcomes travel as this; nobody needs a catch.
template <class T>
class [[nodiscard]] result {
public:
  result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  result(perdure::error why) : content_(std::in_place_index<1>, std::move(why)) {}

  bool has_value() const { return content_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  /// Returns the value, or throws `failure`.
  T& value() & { return check(), std::get<0>(content_); }
  const T& value() const& { return check(), std::get<0>(content_); }
  T value() && { return check(), std::get<0>(std::move(content_)); }

  /// REQUIRES: has_value().
  T& operator*() & { return std::get<0>(content_); }
  const T& operator*() const& { return std::get<0>(content_); }
  T&& operator*() && { return std::get<0>(std::move(content_)); }
  T* operator->() { return &std::get<0>(content_); }
  const T* operator->() const { return &std::get<0>(content_); }

  /// REQUIRES: !has_value().
  const perdure::error& error() const& { return std::get<1>(content_); }
  perdure::error error() && { return std::get<1>(std::move(content_)); }

private:
  void check() const {
    if (!has_value()) throw failure(std::get<1>(content_));
  }

  std::variant<T, perdure::error> content_;
};

/// What a request without results answers.
struct nothing {
  friend bool operator==(const nothing&, const nothing&) = default;
};

}  // namespace perdure
