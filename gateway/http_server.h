#pragma once

/// The HTTP server of a node: api.md's endpoints over an engine, on one event loop in a thread of
/// its own, with a second thread for reads of the disk.
///
/// Guarantees:
/// - A signal or update is answered only when the engine says that it is durable.
/// - A client that goes away stops its own wait; what it asked for goes on.
/// - Connections, bodies and the time to send them are bounded (`http_options`).
///
/// Life: made (listening, not ready) -> `serve` -> `drain` -> `stop`. Before `serve` and from
/// `drain` on, everything but what is known without the engine is refused with 503.

#include <memory>
#include <vector>

#include "gateway/http_options.h"
#include "runtime/engine.h"

namespace perdure::gateway {

class http_server {
public:
  /// Listens. Workers can be talked to about the activities that are `known`. Throws
  /// `failure{unavailable}` when the address cannot be listened on. REQUIRES: `engine` outlives the
  /// server and, before `serve`, has been started; the descriptions live as long as the program.
  http_server(runtime::engine& engine, http_options options,
              const std::vector<const activities_description*>& known = {});
  /// As `stop`.
  ~http_server();

  /// The port that is listened on.
  std::uint16_t port() const;

  /// Becomes ready.
  void serve();

  /// Accepts nothing more, ends event streams and idle connections; what is in flight goes on.
  void drain();

  /// Drains, waits until everything in flight has been answered or `stop_time` has passed, and
  /// ends the threads. Blocks. A second call does nothing.
  void stop();

private:
  class loop;
  std::unique_ptr<loop> loop_;
};

}  // namespace perdure::gateway
