#pragma once

/// How anything outside an entity talks to it: a `request`, sent through a `caller` (a node in this
/// process, or one behind HTTP), answered once. Typed stubs are generated on top of it; tools and
/// interpreters use it as it is.

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include <perdure/contract.h>
#include <perdure/errors.h>
#include <perdure/options.h>
#include <perdure/types.h>

namespace perdure {

/// What may be said about a call besides its parameters.
struct call_options {
  /// Idempotency key: within the entity's window the same key counts once. Empty: none.
  std::string key = {};
  /// For signals: the handler runs this much later.
  duration delay{0};
  /// For updates and starts: answer as soon as it is durably accepted, without results.
  bool until_accepted = false;
  /// For updates and starts: how long to wait for the end. After it the answer may be `timeout`;
  /// the update, or the main, goes on.
  duration patience = duration::max();
  /// For queries: answer from the state as it was after this event. 0: now.
  event_number at = 0;
  /// For starts.
  start_options start = {};
  /// W3C trace context: recorded, and handed to activities.
  std::string traceparent = {};
};

/// One message to one entity.
struct request {
  entity_id target;
  const perdure::contract* contract = nullptr;
  const perdure::method* method = nullptr;
  bytes params;  ///< Encoded by the contract's codec.
  call_options options;
};

/// What became of a request that was accepted.
struct answer {
  event_number event = 0;  ///< The event that recorded it; 0 for queries.
  run_number run = 0;
  bool replayed = false;  ///< The key had been seen: this is what the first one was answered.
  bytes results;          ///< Encoded results of an update or a query.
};

using completion = std::function<void(result<answer>)>;

/// Sends requests. Safe to use from any thread.
class caller {
public:
  virtual ~caller() = default;

  /// Sends `what`. `done` is called exactly once, on any thread, perhaps before this returns; it
  /// must not block. An accepted signal or update is durable when `done` is called.
  virtual void call(request what, completion done) = 0;
};

/// What a signal answers: which event recorded it.
struct receipt {
  event_number event = 0;
  run_number run = 0;
  bool replayed = false;
};

/// A call that has been prepared by a typed stub and not sent yet: `get` sends it and waits, `then`
/// sends it and calls back.
template <class T>
class [[nodiscard("a prepared call is sent by get() or then()")]] prepared_call {
public:
  using decoder = result<T> (*)(answer);

  prepared_call(caller& through, request what, decoder decode)
      : through_(through), what_(std::move(what)), decode_(decode) {}

  /// Sends and waits for the outcome. Not for use on a thread that must not block.
  result<T> get() && {
    auto outcome = std::make_shared<std::promise<result<T>>>();
    auto waiting = outcome->get_future();
    std::move(*this).then([outcome](result<T> value) { outcome->set_value(std::move(value)); });
    return waiting.get();
  }

  /// Sends; `done(result<T>)` is called once, on any thread, and must not block.
  template <class Done>
  void then(Done done) && {
    through_.call(std::move(what_),
                  [decode = decode_, done = std::move(done)](result<answer> a) mutable {
                    if (a)
                      done(decode(std::move(*a)));
                    else
                      done(result<T>(std::move(a).error()));
                  });
  }

private:
  caller& through_;
  request what_;
  decoder decode_;
};

/// The decoder of signals.
inline result<receipt> to_receipt(answer from) {
  return receipt{from.event, from.run, from.replayed};
}

}  // namespace perdure
