#pragma once

/// A caller over HTTP: the same requests as in the node's own process, through its HTTP API.
///
/// Guarantees:
/// - A signal, update or start counts once, however often it is sent: one without an idempotency
///   key gets a random one, and every attempt carries the same.
/// - Connection failures, attempts that take too long, and problems that are `retryable` are tried
///   again, with growing random pauses, until the deadline; then `done` gets the last error.
/// - Errors carry the code that the node answered; `unavailable` when it cannot be reached.
///
/// Threads: all members from any thread; callbacks come on the caller's own thread.

#include <cstddef>
#include <memory>
#include <string>

#include <perdure/call.h>
#include <perdure/lifecycle.h>

namespace perdure {

struct http_caller_options {
  duration deadline{30'000};      ///< For a call with all its attempts. 0: one attempt, no repeat.
  duration attempt_time{15'000};  ///< For one attempt.
  duration pause_first{20};       ///< Before the second attempt; doubled before each further one.
  duration pause_max{2'000};
  std::size_t connections = 128;  ///< Kept open at most; more calls at once wait for one.
};

class http_caller final : public caller, public lifecycle {
public:
  /// Takes e.g. "http://127.0.0.1:7070"; nothing is sent yet. Throws `failure{malformed}`.
  explicit http_caller(const std::string& url, http_caller_options options = {});
  /// Calls that have not been answered get `unavailable`.
  ~http_caller() override;

  /// As `caller::call`. REQUIRES: the contract lives as long as the program.
  void call(request what, completion done) override;

  /// As `lifecycle::await_result`, with attempts until `patience` has passed instead of the
  /// deadline of the options.
  void await_result(const entity_id& entity, const contract& of, duration patience,
                    completion done) override;
  void cancel(const entity_id& entity, std::string reason, completion done) override;

private:
  class implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace perdure
