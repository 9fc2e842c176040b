#include "gateway/http_transport.h"

#include <strings.h>

#include <future>
#include <thread>

#include <perdure/capnp_compat.h>

#include <kj/async-io.h>
#include <kj/compat/http.h>

#include "gateway/loop_queue.h"

namespace perdure::gateway {

namespace {

constexpr std::size_t response_bytes_max = 256 * 1024 * 1024;
constexpr std::size_t read_at_once = 64 * 1024;

kj::HttpMethod to_kj(http_verb verb) {
  switch (verb) {
    case http_verb::get:
      return kj::HttpMethod::GET;
    case http_verb::post:
      return kj::HttpMethod::POST;
    case http_verb::del:
      return kj::HttpMethod::DELETE;
  }
  return kj::HttpMethod::GET;
}

/// Calls back once, when it is destroyed at the latest.
class answer_once {
public:
  explicit answer_once(http_transport::answered done) : done_(std::move(done)) {}
  answer_once(answer_once&& other) noexcept : done_(std::exchange(other.done_, nullptr)) {}
  answer_once& operator=(answer_once&&) = delete;
  ~answer_once() { give(error{errc::unavailable, "the connection was given up"}); }

  void give(result<http_response> outcome) {
    if (auto done = std::exchange(done_, nullptr)) done(std::move(outcome));
  }

private:
  http_transport::answered done_;
};

/// What kj says of a failed system call, without the call.
std::string reason_of(const kj::Exception& thrown) {
  std::string text = thrown.getDescription().cStr();
  text = text.substr(0, text.find(';'));
  const auto colon = text.rfind(": ");
  return colon == std::string::npos ? text : text.substr(colon + 2);
}

http_response head_of(const kj::HttpClient::Response& from) {
  http_response response;
  response.status = from.statusCode;
  from.headers->forEach([&](kj::StringPtr name, kj::StringPtr value) {
    response.headers.emplace_back(name.cStr(), value.cStr());
  });
  return response;
}

}  // namespace

std::string_view http_response::header(std::string_view name) const {
  for (auto& [field, value] : headers) {
    if (field.size() == name.size() && strncasecmp(field.data(), name.data(), name.size()) == 0) {
      return value;
    }
  }
  return {};
}

/// The thread, and what lives on its event loop.
class http_transport::loop final : private kj::TaskSet::ErrorHandler {
public:
  loop(http_address server, std::size_t connections_max)
      : server_(std::move(server)), connections_max_(connections_max) {
    std::promise<void> running;
    auto started = running.get_future();
    thread_ = std::thread([this, &running] { run(running); });
    started.wait();
  }

  ~loop() {
    queue_->post([this] { ended_->fulfill(); });
    thread_.join();
  }

  struct outgoing {
    http_message what;
    std::function<bool(std::string_view)> piece;  ///< Empty: the body is collected.
    answer_once done;
    http_response response = {};
    std::unique_ptr<char[]> buffer = {};
    kj::Own<kj::AsyncInputStream> body = {};
  };

  void post(outgoing message, duration timeout) {
    auto owned = kj::heap<outgoing>(kj::mv(message));
    queue_->post(
        [this, timeout, owned = kj::mv(owned)]() mutable { send(kj::mv(owned), timeout); });
  }

  void after(duration time, std::function<void()> then) {
    queue_->post([this, time, then = std::move(then)]() mutable {
      tasks_->add(timer_->afterDelay(time.count() * kj::MILLISECONDS).then(std::move(then)));
    });
  }

private:
  void run(std::promise<void>& running) {
    auto io = kj::setupAsyncIo();
    timer_ = &io.provider->getTimer();
    kj::HttpHeaderTable table;
    table_ = &table;
    auto direct = kj::newHttpClient(*timer_, table, io.provider->getNetwork(), nullptr);
    auto limited = kj::newConcurrencyLimitingHttpClient(
        *direct, static_cast<kj::uint>(connections_max_), [](kj::uint, kj::uint) {});
    client_ = limited.get();
    kj::TaskSet tasks(*this);
    tasks_ = &tasks;
    auto end = kj::newPromiseAndFulfiller<void>();
    ended_ = kj::mv(end.fulfiller);
    auto queue = queue_->run().eagerlyEvaluate(nullptr);
    running.set_value();
    end.promise.wait(io.waitScope);
    queue_->close();
  }

  void send(kj::Own<outgoing> message, duration timeout) {
    auto& now = *message;
    auto exchanged = kj::evalNow([&] { return exchange(now); });
    if (timeout != duration::max()) {
      exchanged = exchanged.exclusiveJoin(
          timer_->afterDelay(timeout.count() * kj::MILLISECONDS).then([&now, timeout] {
            const auto waited = std::to_string(timeout.count());
            now.done.give(error{errc::timeout, "no answer within " + waited + " ms"});
          }));
    }
    auto failed = [this, &now](kj::Exception&& thrown) {
      now.done.give(
          error{errc::unavailable, "http://" + server_.to_string() + ": " + reason_of(thrown)});
    };
    tasks_->add(exchanged.catch_(std::move(failed)).attach(kj::mv(message)));
  }

  kj::Promise<void> exchange(outgoing& now) {
    kj::HttpHeaders headers(*table_);
    for (auto& [name, value] : now.what.headers) {
      headers.add(kj::StringPtr(name.c_str()), kj::StringPtr(value.c_str()));
    }
    const auto url = "http://" + server_.to_string() + now.what.path;
    auto started =
        client_->request(to_kj(now.what.verb), url.c_str(), headers, now.what.body.size());
    kj::Promise<void> sent = kj::READY_NOW;
    if (!now.what.body.empty()) {
      sent = started.body->write(now.what.body.data(), now.what.body.size());
    }
    // The answer may come before all has been sent: a refusal, mostly.
    auto sending = sent.attach(kj::mv(started.body)).eagerlyEvaluate([](kj::Exception&&) {});
    return started.response
        .then([this, &now](kj::HttpClient::Response&& response) {
          now.response = head_of(response);
          now.body = kj::mv(response.body);
          now.buffer = std::make_unique_for_overwrite<char[]>(read_at_once);
          return read_more(now);
        })
        .attach(kj::mv(sending));
  }

  kj::Promise<void> read_more(outgoing& now) {
    return now.body->tryRead(now.buffer.get(), 1, read_at_once)
        .then([this, &now](std::size_t count) -> kj::Promise<void> {
          const std::string_view piece(now.buffer.get(), count);
          if (count == 0 || !take(now, piece)) {
            now.done.give(std::move(now.response));
            return kj::READY_NOW;
          }
          return read_more(now);
        });
  }

  /// Returns whether there should be more.
  static bool take(outgoing& now, std::string_view piece) {
    if (now.piece && now.response.succeeded()) return now.piece(piece);
    if (now.response.body.size() + piece.size() > response_bytes_max) {
      now.done.give(error{errc::too_large, "the answer exceeds 256 MiB"});
      return false;
    }
    now.response.body += piece;
    return true;
  }

  void taskFailed(kj::Exception&&) override {}  // Every task answers for itself.

  const http_address server_;
  const std::size_t connections_max_;
  std::shared_ptr<loop_queue> queue_ = std::make_shared<loop_queue>();

  // -- the loop's thread only --
  kj::Timer* timer_ = nullptr;
  kj::HttpHeaderTable* table_ = nullptr;
  kj::HttpClient* client_ = nullptr;
  kj::TaskSet* tasks_ = nullptr;
  kj::Own<kj::PromiseFulfiller<void>> ended_;

  std::thread thread_;
};

http_transport::http_transport(http_address server, std::size_t connections_max)
    : loop_(std::make_unique<loop>(std::move(server), connections_max)) {}

http_transport::~http_transport() = default;

void http_transport::send(http_message what, duration timeout, answered done) {
  loop_->post({.what = std::move(what), .piece = {}, .done = answer_once(std::move(done))},
              timeout);
}

result<http_response> http_transport::fetch(http_message what, duration timeout) {
  auto outcome = std::make_shared<std::promise<result<http_response>>>();
  auto waiting = outcome->get_future();
  send(std::move(what), timeout,
       [outcome](auto response) { outcome->set_value(std::move(response)); });
  return waiting.get();
}

void http_transport::follow(http_message what, std::function<bool(std::string_view)> piece,
                            answered done) {
  loop_->post(
      {.what = std::move(what), .piece = std::move(piece), .done = answer_once(std::move(done))},
      duration::max());
}

void http_transport::after(duration time, std::function<void()> then) {
  loop_->after(time, std::move(then));
}

}  // namespace perdure::gateway
