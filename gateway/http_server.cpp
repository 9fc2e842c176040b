#include "gateway/http_server.h"

#include <atomic>
#include <future>
#include <thread>

#include <spdlog/spdlog.h>

#include "gateway/clients.h"
#include "gateway/front.h"

namespace perdure::gateway {

namespace {

/// What kj says of a failed system call, without the call: "Address already in use".
std::string reason_of(const kj::Exception& thrown) {
  std::string text = thrown.getDescription().cStr();
  text = text.substr(0, text.find(';'));
  const auto colon = text.rfind(": ");
  return colon == std::string::npos ? text : text.substr(colon + 2);
}

}  // namespace

/// Everything of the server, and the thread that runs it. `drain` and `stop` come as messages on
/// the loop's queue.
class http_server::loop {
public:
  loop(runtime::engine& engine, http_options options,
       const std::vector<const activities_description*>& known)
      : engine_(engine),
        options_(std::move(options)),
        known_(std::make_shared<known_activities>(known)) {
    std::promise<std::uint16_t> listening;
    auto port = listening.get_future();
    thread_ = std::thread([this, &listening] { run(listening); });
    try {
      port_ = port.get();
    } catch (...) {
      thread_.join();
      throw;
    }
  }

  ~loop() { stop(); }

  std::uint16_t port() const { return port_; }

  void serve() {
    auto starting = readiness::starting;
    state_.compare_exchange_strong(starting, readiness::ready);
  }

  void drain() {
    if (state_.exchange(readiness::draining) == readiness::draining) return;
    queue_->post([this] { drain_->fulfill(); });
  }

  void stop() {
    if (!thread_.joinable()) return;
    drain();
    queue_->post([this] { stop_->fulfill(); });
    thread_.join();
  }

private:
  void run(std::promise<std::uint16_t>& listening) {
    auto io = kj::setupAsyncIo();
    kj::Own<kj::ConnectionReceiver> receiver;
    if (!listen(io, receiver, listening)) return;
    auto drain = kj::newPromiseAndFulfiller<void>();
    auto stop = kj::newPromiseAndFulfiller<void>();
    drain_ = kj::mv(drain.fulfiller);
    stop_ = kj::mv(stop.fulfiller);
    service shared{.engine = engine_,
                   .options = options_,
                   .activities = known_,
                   .state = state_,
                   .timer = io.provider->getTimer(),
                   .drained = drain.promise.fork()};
    queue_ = shared.loop;
    auto queue = queue_->run().eagerlyEvaluate(nullptr);
    converse(io, kj::mv(receiver), shared, kj::mv(stop.promise), listening);
    queue_->close();
  }

  /// Binds. Tells `listening` what failed and returns false when that is not possible.
  bool listen(kj::AsyncIoContext& io, kj::Own<kj::ConnectionReceiver>& receiver,
              std::promise<std::uint16_t>& listening) const {
    const auto where = http_address{options_.address, options_.port}.to_string();
    auto problem = kj::runCatchingExceptions([&] {
      auto address = io.provider->getNetwork().parseAddress(where.c_str()).wait(io.waitScope);
      receiver = address->listen();
    });
    KJ_IF_MAYBE (thrown, problem) {
      const error why{errc::unavailable, "cannot listen on " + where + ": " + reason_of(*thrown)};
      listening.set_exception(std::make_exception_ptr(failure(why)));
      return false;
    }
    return true;
  }

  /// Serves until `stop` is done and everything in flight has been answered, or time is over.
  void converse(kj::AsyncIoContext& io, kj::Own<kj::ConnectionReceiver> receiver, service& shared,
                kj::Promise<void> stop, std::promise<std::uint16_t>& listening) {
    header_ids ids;
    front requests(shared, ids);
    kj::HttpServerSettings settings;
    settings.headerTimeout = options_.header_time.count() * kj::MILLISECONDS;
    settings.pipelineTimeout = options_.idle_time.count() * kj::MILLISECONDS;
    // A client that sends too much hears so, rather than that the connection was reset.
    settings.canceledUploadGracePeriod = options_.body_time.count() * kj::MILLISECONDS;
    settings.canceledUploadGraceBytes = 32 * options_.body_bytes_max;
    settings.errorHandler = requests;
    settings.callbacks = requests;
    auto serve = [&requests](kj::AsyncIoStream& stream) {
      return requests.serve(static_cast<connection&>(stream));
    };
    kj::HttpServer server(shared.timer, *ids.table, kj::mv(serve), settings);
    clients connected(shared, server);
    auto accepting = connected.accept(*receiver).eagerlyEvaluate(nullptr);
    listening.set_value(static_cast<std::uint16_t>(receiver->getPort()));

    // Who comes while the node drains is told so.
    stop.wait(io.waitScope);
    accepting = kj::READY_NOW;
    receiver = nullptr;
    auto answered = server.drain().eagerlyEvaluate(nullptr);
    auto too_late = shared.timer.afterDelay(options_.stop_time.count() * kj::MILLISECONDS);
    answered.exclusiveJoin(kj::mv(too_late)).wait(io.waitScope);
  }

  runtime::engine& engine_;
  const http_options options_;
  const std::shared_ptr<const known_activities> known_;
  std::atomic<readiness> state_{readiness::starting};
  std::shared_ptr<loop_queue> queue_;
  kj::Own<kj::PromiseFulfiller<void>> drain_;  ///< Used on the loop's thread.
  kj::Own<kj::PromiseFulfiller<void>> stop_;   ///< Used on the loop's thread.
  std::uint16_t port_ = 0;
  std::thread thread_;
};

http_server::http_server(runtime::engine& engine, http_options options,
                         const std::vector<const activities_description*>& known)
    : loop_(std::make_unique<loop>(engine, std::move(options), known)) {}

http_server::~http_server() = default;

std::uint16_t http_server::port() const { return loop_->port(); }
void http_server::serve() { loop_->serve(); }
void http_server::drain() { loop_->drain(); }
void http_server::stop() { loop_->stop(); }

}  // namespace perdure::gateway
