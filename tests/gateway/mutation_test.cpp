#include <random>

#include "tests/gateway/fixture.h"
#include "tests/gateway/raw_socket.h"

using namespace perdure;
using namespace perdure::gateway;

namespace {

constexpr int mutations = 1'000;

struct seed_request {
  const char* name;
  std::string text;
};

std::string with_body(const std::string& line, const std::string& body,
                      const std::string& headers = "") {
  return line + " HTTP/1.1\r\nHost: test\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string without_body(const std::string& line, const std::string& headers = "") {
  return line + " HTTP/1.1\r\nHost: test\r\n" + headers + "\r\n";
}

/// One request of every kind that changes nothing: what is mutated is refused, repeated under a key
/// that is known, or only read.
std::vector<seed_request> seeds() {
  const std::string key = "Idempotency-Key: known\r\n";
  return {
      {"signal",
       with_body("POST /v1/entities/ledger/one/signals/add?delay=1h", R"({"amount":5})", key)},
      {"update", with_body("POST /v1/entities/ledger/one/updates/take?wait=accepted",
                           R"({"amount":1})", key)},
      {"query by body",
       with_body("POST /v1/entities/ledger/one/queries/left?at=1", R"({"until":"7"})")},
      {"query", without_body("GET /v1/entities/ledger/one/queries/left?until=7&at=1")},
      {"update result", without_body("GET /v1/entities/ledger/one/updates/known?timeout=1ms")},
      {"entity", without_body("GET /v1/entities/ledger/one")},
      {"history", without_body("GET /v1/entities/ledger/one/history?from=1&limit=5&run=1")},
      {"list", without_body("GET /v1/entities?type=ledger&status=running&after=a%2Fb&limit=3")},
      {"terminate", without_body("DELETE /v1/entities/ledger/none?reason=because")},
      {"types", without_body("GET /v1/types", "Accept: application/json\r\n")},
  };
}

class mutator {
public:
  explicit mutator(std::uint32_t seed) : random_(seed) {}

  std::string mutate(std::string text) {
    for (auto changes = 1 + below(4); changes > 0; --changes) change(text);
    return text;
  }

private:
  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  }

  void change(std::string& text) {
    static const std::string spice[] = {"%", "%2", "%ff", "/",    "?",    "&",    "=", "{",
                                        "}", "\"", "\\u", "\xc3", "\xff", ":",    ",", "\r\n",
                                        "-", "9",  "1e9", "[",    "]",    "null", "+", " "};
    const auto at = below(text.size());
    switch (below(5)) {
      case 0:
        text[at] = static_cast<char>(below(256));
        break;
      case 1:
        text.erase(at, 1 + below(8));
        break;
      case 2:
        text.insert(at, spice[below(std::size(spice))]);
        break;
      case 3:
        text.insert(at, text.substr(below(text.size()), 1 + below(20)));
        break;
      default:
        text.insert(at, std::string(1 + below(300), static_cast<char>('a' + below(26))));
        break;
    }
    if (text.empty()) text = "x";
  }

  std::mt19937 random_;
};

unsigned status_of(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? static_cast<unsigned>(std::stoul(answer.substr(9, 3)))
                                         : 0;
}

}  // namespace

TEST_CASE(
    "gateway: a thousand mutations of each request crash nothing and are never a server's error") {
  http_options options;
  options.header_time = duration{50};
  options.body_time = duration{50};
  options.idle_time = duration{50};
  gateway_fixture node({}, options);
  node.signal("add", R"({"amount":5})");
  node.update("take", R"({"amount":1})", {{"Idempotency-Key", "known"}});
  std::uint32_t seed = 1;
  for (auto& kind : seeds()) {
    CAPTURE(kind.name);
    mutator random(seed++);
    for (int i = 0; i < mutations; ++i) {
      const auto records = node.store.stats().records;
      const auto text = random.mutate(kind.text);
      raw_socket client(node.server->port());
      client.write(text);
      client.finish();
      const auto answer = client.read_all();
      const auto status = status_of(answer);
      // No answer at all is right for a request whose end does not come.
      CHECK_MESSAGE((status == 0 || (status >= 200 && status < 500)), text << "\n->\n" << answer);
      if (status == 0 || status >= 400) CHECK_MESSAGE(node.store.stats().records == records, text);
    }
  }
  CHECK(node.get("/healthz").status == 200);
  CHECK(node.get("/readyz").status == 200);
  auto about = node.describe();
  CHECK(about.status == 200);
  CHECK(about.shown("status") == "running");
}

TEST_CASE("gateway: mutated bodies of a signal leave the state alone or are taken as they are") {
  gateway_fixture node;
  node.signal("add", R"({"amount":5})");
  std::int64_t expected = 5;
  mutator random(7);
  for (int i = 0; i < mutations; ++i) {
    const auto body = random.mutate(R"({"amount":"5"})");
    auto got = node.signal("add", body);
    if (got.status == 202) {
      auto read = json_document::parse(body);
      const auto amount = read ? read->shown("amount") : std::string{};
      expected += amount.empty() ? 0 : std::stoll(amount);
    } else {
      CHECK_MESSAGE((got.status == 400 || got.status == 409), body);
    }
    if (i % 100 == 0) CHECK_MESSAGE(node.total() == std::to_string(expected), body);
  }
  CHECK(node.total() == std::to_string(expected));
}
