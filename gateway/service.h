#pragma once

/// What the handlers of all resources share. Lives on the server's event loop, and is used on its
/// thread only.

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <perdure/capnp_compat.h>

#include <kj/async.h>
#include <kj/timer.h>

#include "gateway/http_options.h"
#include "gateway/known_activities.h"
#include "gateway/loop_queue.h"
#include "gateway/metrics.h"
#include "gateway/reply.h"
#include "gateway/request.h"
#include "gateway/worker.h"
#include "runtime/engine.h"

namespace perdure::gateway {

/// Whether the node takes requests.
enum class readiness : std::uint8_t { starting, ready, draining };

struct service {
  runtime::engine& engine;
  const http_options& options;
  std::shared_ptr<const known_activities> activities;
  const std::atomic<readiness>& state;
  kj::Timer& timer;
  kj::ForkedPromise<void> drained;  ///< Done when the server begins to drain.
  std::shared_ptr<loop_queue> loop = std::make_shared<loop_queue>();
  worker readers = {};                  ///< For calls of the engine that block.
  std::unique_ptr<worker> copier = {};  ///< For those that block for minutes; made when needed.
  http_metrics metrics = {};
  std::string openapi = {};  ///< Made when first asked for.

  /// Sends a request to its entity.
  kj::Promise<result<answer>> call(request what) {
    return loop->call<result<answer>>(
        [&](completion done) { engine.call(std::move(what), std::move(done)); });
  }

  /// Runs `work` on the reading thread. What it throws becomes an internal error.
  template <class T>
  kj::Promise<result<T>> read(std::function<result<T>()> work) {
    return loop->call<result<T>>([&](std::function<void(result<T>)> done) {
      readers.post([work = std::move(work), done = std::move(done)] {
        try {
          done(work());
        } catch (const std::exception& thrown) {
          done(error{errc::internal, thrown.what()});
        }
      });
    });
  }
};

}  // namespace perdure::gateway
