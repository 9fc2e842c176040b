#pragma once

/// The way back onto an event loop: callbacks that come on other threads become promises on the
/// loop's thread.
///
/// Guarantees:
/// - The loop is woken once for any number of callbacks that come before it looks.
/// - A promise that is dropped stops waiting, and nothing else: its callback may come at any time
///   later and is ignored, even after the loop has ended.
///
/// Threads: `call` and `run` on the loop's thread, `post` on any.

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include <perdure/capnp_compat.h>

#include <kj/async.h>
#include <kj/function.h>

namespace perdure::gateway {

class loop_queue : public std::enable_shared_from_this<loop_queue> {
public:
  /// Returns what `start(done)` hands to `done`. `start` is called at once; `done` can be copied
  /// and is called once at most, on any thread.
  template <class T, class Start>
  kj::Promise<T> call(Start start) {
    auto pair = kj::newPromiseAndFulfiller<T>();
    const auto ticket = next_ticket_++;
    waiting_.emplace(ticket, std::make_unique<waiting_for<T>>(kj::mv(pair.fulfiller)));
    start([queue = shared_from_this(), ticket](T value) {
      auto& posted = *queue;
      posted.post([&posted, ticket, value = std::move(value)]() mutable {
        posted.finish<T>(ticket, std::move(value));
      });
    });
    return kj::mv(pair.promise);
  }

  /// Runs `task` on the loop, in the order of posting. Dropped when the loop has ended.
  void post(kj::Function<void()> task);

  /// Serves the queue until the promise is dropped.
  kj::Promise<void> run();

  /// Drops everything: promises that wait are broken, later posts ignored. On the loop's thread,
  /// before the loop ends.
  void close();

private:
  struct waiting_base {
    virtual ~waiting_base() noexcept(false) = default;
  };
  template <class T>
  struct waiting_for final : waiting_base {
    explicit waiting_for(kj::Own<kj::PromiseFulfiller<T>> whom) : fulfiller(kj::mv(whom)) {}
    kj::Own<kj::PromiseFulfiller<T>> fulfiller;
  };

  template <class T>
  void finish(std::uint64_t ticket, T value) {
    auto found = waiting_.extract(ticket);
    if (found.empty()) return;
    static_cast<waiting_for<T>&>(*found.mapped()).fulfiller->fulfill(std::move(value));
  }

  // -- the loop's thread only --
  std::unordered_map<std::uint64_t, std::unique_ptr<waiting_base>> waiting_;
  std::uint64_t next_ticket_ = 1;

  // -- shared --
  std::mutex mutex_;
  std::vector<kj::Function<void()>> posted_;
  kj::Maybe<kj::Own<kj::CrossThreadPromiseFulfiller<void>>> wake_;  ///< Set while the loop waits.
  bool closed_ = false;
};

}  // namespace perdure::gateway
