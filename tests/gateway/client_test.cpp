#include <perdure/client.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "tests/gateway/fixture.h"
#include "tests/gateway/raw_socket.h"

using namespace perdure;
using namespace perdure::gateway;
using namespace std::chrono_literals;

namespace {

/// A proxy that treats each request as its plan says, and notes the idempotency keys.
class faulty_proxy {
public:
  enum class fault { none, lost_request, lost_answer, busy };

  faulty_proxy(std::uint16_t server, std::vector<fault> plan)
      : server_(server), plan_(std::move(plan)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(listener_, raw, size) == 0);
    REQUIRE(::listen(listener_, 16) == 0);
    REQUIRE(::getsockname(listener_, raw, &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }

  ~faulty_proxy() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::size_t requests() const { return requests_; }
  std::set<std::string> keys() const {
    std::lock_guard lock(mutex_);
    return keys_;
  }

private:
  void serve() {
    for (int fd = ::accept(listener_, nullptr, nullptr); fd >= 0;
         fd = ::accept(listener_, nullptr, nullptr)) {
      raw_socket client(fd, nullptr);
      const auto request = client.read_message();
      if (!request.empty()) treat(client, request);
    }
  }

  void treat(raw_socket& client, const std::string& request) {
    note_key(request);
    const auto place = requests_++;
    const auto what = place < plan_.size() ? plan_[place] : fault::none;
    if (what == fault::lost_request) return;
    if (what == fault::busy) {
      const std::string body = R"({"code":"overloaded","detail":"busy"})";
      return client.write(
          "HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nContent-Length: " +
          std::to_string(body.size()) + "\r\n\r\n" + body);
    }
    raw_socket upstream(server_);
    upstream.write(request);
    const auto answer = upstream.read_message();
    if (what == fault::none) client.write(answer);
  }

  void note_key(const std::string& request) {
    const auto at = request.find("Idempotency-Key: ");
    if (at == std::string::npos) return;
    std::lock_guard lock(mutex_);
    keys_.insert(request.substr(at + 17, request.find('\r', at) - at - 17));
  }

  const std::uint16_t server_;
  const std::vector<fault> plan_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> requests_{0};
  mutable std::mutex mutex_;
  std::set<std::string> keys_;
  std::thread thread_;
};

using fault = faulty_proxy::fault;

void use_typed(const client& through) {
  auto book = through.entity<ledger::ledger_contract>("typed");
  auto receipt = book.add({.amount = 5}).get();
  REQUIRE(receipt);
  CHECK(receipt->event == 1);
  CHECK(receipt->run == 1);
  CHECK(book.take({.amount = 2}).get().value().left == 3);
  CHECK(book.total().get().value().total == 3);
  CHECK(book.total({.at = 1}).get().value().total == 5);
  auto again = book.add({.amount = 7}, {.key = "k"}).get();
  auto repeat = book.add({.amount = 7}, {.key = "k"}).get();
  CHECK_FALSE(again.value().replayed);
  CHECK(repeat.value().replayed);
  CHECK(repeat.value().event == again.value().event);
  CHECK(book.add({.amount = 8}, {.key = "k"}).get().error().code == errc::idempotency_conflict);
  auto refused = book.add({.amount = -1}).get();
  CHECK(refused.error() == error{errc::rejected, "a negative amount"});
  auto nobody = through.entity<ledger::ledger_contract>("nobody");
  CHECK(nobody.total().get().error().code == errc::entity_not_found);
  auto cart = through.entity<shop::cart_contract>("alice");
  CHECK(cart.add_item({.sku = "tea", .quantity = 2, .unit_cents = 450}).get());
  CHECK(cart.contents().get().value().items ==
        std::vector<shop::item>{{.sku = "tea", .quantity = 2, .unit_cents = 450}});
}

using orders::order_contract;

void use_mains(const client& through, const std::string& prefix) {
  auto at_once = through.entity<order_contract>(prefix + "quick");
  CHECK(at_once.place({}).get().value().receipt.empty());
  CHECK(through.result<order_contract>(prefix + "quick").value().receipt.empty());
  CHECK(at_once.place({}, {.start = {.when_ended = id_reuse::reject}}).get().error().code ==
        errc::already_exists);

  auto held = through.entity<order_contract>(prefix + "held");
  CHECK(held.place({.hold = true}, {.until_accepted = true}).get());
  CHECK(held.place({.hold = true}, {.until_accepted = true}).get().error().code ==
        errc::already_exists);
  CHECK(held.place({.hold = true},
                   {.until_accepted = true, .start = {.when_running = id_conflict::use_existing}})
            .get());
  CHECK(through.result<order_contract>(prefix + "held", 5ms).error().code == errc::timeout);
  CHECK(held.release().get());
  CHECK(through.result<order_contract>(prefix + "held").value().receipt.empty());

  auto left = through.entity<order_contract>(prefix + "left");
  CHECK(left.place({.hold = true}, {.until_accepted = true}).get());
  CHECK(through.cancel<order_contract>(prefix + "left", "no need").value().event > 0);
  CHECK(through.result<order_contract>(prefix + "left").error().code == errc::failed);
  CHECK(through.cancel<order_contract>(prefix + "left").error().code == errc::completed);
  CHECK(through.result<order_contract>(prefix + "none").error().code == errc::entity_not_found);
}

}  // namespace

TEST_CASE("client: mains are started, waited for and cancelled, here as over HTTP") {
  gateway_fixture node;
  use_mains(client(*node.running), "inside-");
  use_mains(client::connect(node.url()), "outside-");
}

TEST_CASE("client: options of a start and the trace context go over HTTP") {
  gateway_fixture node;
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  auto outside = client::connect(node.url());
  call_options options{.until_accepted = true, .traceparent = trace};
  options.start.delay = 90s;
  options.start.run_timeout = 1h;
  options.start.execution_timeout = 2h;
  CHECK(outside.entity<order_contract>("one").place({.hold = true}, options).get());
  const auto begun = node.get("/v1/entities/order/one/history").body();
  for (auto* part : {R"("delay":"1m30s")", R"("runTimeout":"1h")", R"("executionTimeout":"2h")"}) {
    CHECK_MESSAGE(begun.find(part) != std::string::npos, begun);
  }
  CHECK(begun.find(R"("traceparent":")" + trace) != std::string::npos);
}

TEST_CASE("client: the type of a failure comes over HTTP") {
  gateway_fixture node;
  auto outside = client::connect(node.url());
  auto order = outside.entity<order_contract>("one");
  CHECK(order.place({.cents = 5}, {.until_accepted = true}).get());
  auto work = node.post("/v1/activities/payments/poll");
  node.post("/v1/activities/" + work.shown("token") + "/fail",
            R"({"type":"card_declined","message":"no","retryable":false})");
  auto failed = outside.result<order_contract>("one");
  CHECK(failed.error().code == errc::failed);
  CHECK(failed.error().type == "card_declined");
}

TEST_CASE("client: a start whose answer is lost counts once") {
  gateway_fixture node;
  faulty_proxy proxy(node.server->port(), {fault::lost_answer});
  auto outside = client::connect(proxy.url(), {.pause_first = 1ms});
  CHECK(outside.entity<order_contract>("one").place({}).get());
  CHECK(proxy.requests() == 2);
  CHECK(node.get("/v1/entities/order/one").shown("run") == "1");
}

TEST_CASE("client: typed calls in the same process") {
  gateway_fixture node;
  use_typed(client(*node.running));
}

TEST_CASE("client: typed calls over HTTP mean the same") {
  gateway_fixture node;
  use_typed(client::connect(node.url()));
}

TEST_CASE("client: delays, acceptance and odd ids go over HTTP") {
  gateway_fixture node;
  auto outside = client::connect(node.url());
  auto book = outside.entity<ledger::ledger_contract>("a/b ä%");
  CHECK(book.add({.amount = 5}, {.delay = 90s}).get());
  CHECK(book.total().get().value().total == 0);
  node.pass(90s, "a/b ä%");
  CHECK(book.total().get().value().total == 5);
  CHECK(book.nap({.time = 1'000}, {.key = "n", .until_accepted = true}).get());
}

TEST_CASE("client: a lost request, a lost answer and a busy node cost nothing but time") {
  gateway_fixture node;
  faulty_proxy proxy(node.server->port(), {fault::lost_request, fault::lost_answer, fault::busy});
  http_caller outside(proxy.url(), {.pause_first = 1ms});
  ledger::ledger_client book(outside, "one");
  auto receipt = book.add({.amount = 5}).get();
  REQUIRE(receipt);
  CHECK(receipt->replayed);
  CHECK(proxy.requests() == 4);
  CHECK(proxy.keys().size() == 1);
  CHECK(node.total() == "5");
  CHECK(book.take({.amount = 1}, {.key = "mine"}).get().value().left == 4);
  CHECK(proxy.keys().contains("mine"));
}

TEST_CASE("client: queries are tried again without a key") {
  gateway_fixture node;
  node.signal("add", R"({"amount":5})");
  faulty_proxy proxy(node.server->port(), {fault::lost_answer, fault::lost_request});
  http_caller outside(proxy.url(), {.pause_first = 1ms});
  CHECK(ledger::ledger_client(outside, "one").total().get().value().total == 5);
  CHECK(proxy.requests() == 3);
  CHECK(proxy.keys().empty());
}

TEST_CASE("client: an entity's refusal is not tried again") {
  gateway_fixture node;
  faulty_proxy proxy(node.server->port(), {});
  http_caller outside(proxy.url());
  CHECK(ledger::ledger_client(outside, "one").add({.amount = -1}).get().error().code ==
        errc::rejected);
  CHECK(proxy.requests() == 1);
}

TEST_CASE("client: a node that cannot be reached is unavailable, at the deadline or at once") {
  std::uint16_t port = 0;
  {
    gateway_fixture node;
    port = node.server->port();
  }
  const auto url = "http://127.0.0.1:" + std::to_string(port);
  http_caller patient(url, {.deadline = 20ms, .pause_first = 1ms});
  auto late = ledger::ledger_client(patient, "one").total().get();
  CHECK(late.error().code == errc::unavailable);
  CHECK(late.error().detail == url + ": Connection refused");
  http_caller hasty(url, {.deadline = 0ms});
  CHECK(ledger::ledger_client(hasty, "one").total().get().error().code == errc::unavailable);
}

TEST_CASE("client: an answer that does not come in time is a timeout") {
  gateway_fixture node;
  http_caller outside(node.url(), {.deadline = 30ms, .attempt_time = 10ms, .pause_first = 1ms});
  auto late = ledger::ledger_client(outside, "one").nap({.time = 1'000}).get();
  CHECK(late.error().code == errc::timeout);
}

TEST_CASE("client: closing it answers what is under way") {
  gateway_fixture node;
  std::promise<errc> answered;
  {
    http_caller outside(node.url());
    ledger::ledger_client(outside, "one").nap({.time = 1'000}).then([&](auto outcome) {
      answered.set_value(outcome.error().code);
    });
    while (node.describe().status != 200) std::this_thread::yield();
  }
  CHECK(answered.get_future().get() == errc::unavailable);
}

TEST_CASE("client: many calls at once share the connections") {
  gateway_fixture node;
  http_caller outside(node.url(), {.connections = 4});
  ledger::ledger_client book(outside, "one");
  std::vector<std::future<bool>> answers;
  for (int i = 0; i < 500; ++i) {
    auto done = std::make_shared<std::promise<bool>>();
    answers.push_back(done->get_future());
    book.add({.amount = 1}).then([done](auto outcome) { done->set_value(outcome.has_value()); });
  }
  for (auto& answer : answers) CHECK(answer.get());
  CHECK(node.total() == "500");
}

TEST_CASE("client: what is no http URL is refused") {
  for (auto* url : {"", "http://", "https://127.0.0.1:7070", "127.0.0.1", "http://127.0.0.1:x",
                    "http://h:70700", "http://h:1/path"}) {
    CHECK_THROWS_AS(client::connect(url), failure);
  }
}
