#include <chrono>
#include <thread>

#include "tests/gateway/fixture.h"
#include "tests/gateway/raw_socket.h"

using namespace perdure;
using namespace perdure::gateway;
using namespace std::chrono_literals;

namespace {

const std::string note_path = "/v1/entities/ledger/one/signals/note";

std::string head(const std::string& line, const std::string& headers = "") {
  return line + " HTTP/1.1\r\nHost: test\r\n" + headers + "\r\n";
}

/// What a raw answer says as a problem.
std::string code_of(const std::string& message) {
  const auto body = message.find("\r\n\r\n");
  if (body == std::string::npos) return {};
  auto json = json_document::parse(message.substr(body + 4));
  return json ? json->shown("code") : std::string{};
}

/// An update that takes a second, as a client without a library writes it.
std::string nap_request(const std::string& headers = "") {
  const std::string body = R"({"time":1000})";
  return head("POST /v1/entities/ledger/one/updates/nap",
              headers + "Content-Length: " + std::to_string(body.size()) + "\r\n") +
         body;
}

}  // namespace

TEST_CASE("gateway: a body over the limit is refused before it is read") {
  http_options options;
  options.body_bytes_max = 1'000;
  gateway_fixture node({}, options);
  raw_socket client(node.server->port());
  client.write(head("POST " + note_path, "Content-Length: 1000000\r\n"));
  auto got = client.read_message();
  CHECK(got.starts_with("HTTP/1.1 413 "));
  CHECK(code_of(got) == "too_large");
  CHECK(node.signal("note", R"({"text":")" + std::string(989, 'x') + R"("})").status == 202);
  check_problem(node.signal("note", R"({"text":")" + std::string(990, 'x') + R"("})"), 413,
                "too_large");
}

TEST_CASE("gateway: a chunked body is refused when it exceeds the limit, and taken within it") {
  http_options options;
  options.body_bytes_max = 1'000;
  gateway_fixture node({}, options);
  raw_socket large(node.server->port());
  large.write(head("POST " + note_path, "Transfer-Encoding: chunked\r\n"));
  for (int i = 0; i < 20; ++i) large.write("64\r\n" + std::string(100, ' ') + "\r\n");
  CHECK(code_of(large.read_message()) == "too_large");
  raw_socket small(node.server->port());
  small.write(head("POST " + note_path, "Transfer-Encoding: chunked\r\n"));
  small.write("8\r\n{\"text\":\r\n5\r\n\"tea\"\r\n1\r\n}\r\n0\r\n\r\n");
  CHECK(small.read_message().starts_with("HTTP/1.1 202 "));
}

TEST_CASE("gateway: a client that holds its body back is asked for it, unless it is too large") {
  http_options options;
  options.body_bytes_max = 1'000;
  gateway_fixture node({}, options);
  const std::string body = R"({"text":"tea"})";
  raw_socket client(node.server->port());
  client.write(head("POST " + note_path, "Expect: 100-continue\r\nContent-Length: " +
                                             std::to_string(body.size()) + "\r\n"));
  CHECK(client.read_message() == "HTTP/1.1 100 Continue\r\n\r\n");
  client.write(body);
  CHECK(client.read_message().starts_with("HTTP/1.1 202 "));
  client.write(head("POST " + note_path, "Expect: 100-continue\r\nContent-Length: 2000\r\n"));
  CHECK(client.read_message().starts_with("HTTP/1.1 413 "));
}

TEST_CASE("gateway: what is no HTTP is refused as malformed") {
  gateway_fixture node;
  for (const std::string& text : {std::string("hello\r\n\r\n"), head("BREW /"), head("GET /%zz"),
                                  head("GET /\xff"), head("GET /", "Header without colon\r\n")}) {
    raw_socket client(node.server->port());
    client.write(text);
    auto got = client.read_message();
    CHECK_MESSAGE(got.starts_with("HTTP/1.1 4"), text);
    CHECK_MESSAGE(code_of(got) == "malformed", text);
  }
}

TEST_CASE("gateway: a client that is slow with its headers or its body is cut off") {
  http_options options;
  options.header_time = 20ms;
  options.body_time = 20ms;
  options.idle_time = 20ms;
  gateway_fixture node({}, options);
  raw_socket silent(node.server->port());
  CHECK(silent.read_all().empty());
  raw_socket slow_headers(node.server->port());
  slow_headers.write("GET / HTTP/1.1\r\nHost:");
  CHECK(slow_headers.read_all().empty());
  raw_socket slow_body(node.server->port());
  slow_body.write(head("POST " + note_path, "Content-Length: 10\r\n") + "{");
  CHECK(slow_body.read_all().empty());
  raw_socket idle(node.server->port());
  idle.write(head("GET /healthz"));
  CHECK(idle.read_all().ends_with(R"({"status":"alive"})"));
}

TEST_CASE("gateway: connections beyond the limit are turned away") {
  http_options options;
  options.connections_max = 1;
  gateway_fixture node({}, options);
  raw_socket first(node.server->port());
  first.write(head("GET /healthz"));
  CHECK(first.read_message().starts_with("HTTP/1.1 200 "));
  raw_socket second(node.server->port());
  auto refused = second.read_all();
  CHECK(refused.starts_with("HTTP/1.1 429 "));
  CHECK(code_of(refused) == "overloaded");
  first.write(head("GET /healthz"));
  CHECK(first.read_message().starts_with("HTTP/1.1 200 "));
}

TEST_CASE("gateway: requests can be pipelined and are answered in order") {
  gateway_fixture node;
  raw_socket client(node.server->port());
  client.write(head("GET /healthz") + head("GET /nowhere") +
               head("GET /healthz", "Connection: close\r\n"));
  auto all = client.read_all();
  const auto found = all.find("404");
  CHECK(all.starts_with("HTTP/1.1 200 "));
  CHECK(found != std::string::npos);
  CHECK(all.find("HTTP/1.1 200 ", found) != std::string::npos);
}

TEST_CASE("gateway: a client of HTTP/1.0 is answered once, by the end of the connection") {
  gateway_fixture node;
  raw_socket old(node.server->port());
  old.write("GET /healthz HTTP/1.0\r\nHost: test\r\n\r\n");
  const auto all = old.read_all();
  CHECK(all.starts_with("HTTP/1.1 200 "));
  CHECK(all.find("Connection: close\r\n") != std::string::npos);
  CHECK(all.ends_with(R"({"status":"alive"})"));
}

TEST_CASE("gateway: a client that goes away does not stop what it asked for") {
  gateway_fixture node;
  {
    raw_socket client(node.server->port());
    client.write(nap_request("Idempotency-Key: k\r\n"));
    while (node.describe().status != 200) std::this_thread::yield();
  }
  node.pass(1s);
  CHECK(node.get("/v1/entities/ledger/one/updates/k").shown("woke") == "43201000");
}

TEST_CASE("gateway: overload is answered with 429 and when to ask again") {
  runtime::engine_limits limits;
  limits.in_flight = 0;
  gateway_fixture node(limits);
  auto got = node.signal("ring");
  check_problem(got, 429, "overloaded");
  CHECK(got.header("Retry-After") == "1");
}

TEST_CASE("gateway: a full disk is answered with 503, and is no reason not to read") {
  gateway_fixture node;
  node.signal("add", R"({"amount":5})");
  node.store.fail_next(persistence::append_outcome::storage_full);
  check_problem(node.signal("add", R"({"amount":5})"), 503, "storage_full");
  CHECK(node.total() == "5");
  CHECK(node.signal("add", R"({"amount":5})").status == 202);
}

TEST_CASE("gateway: a history at its hard limit is answered with 503") {
  runtime::engine_limits limits;
  limits.continue_after_events = 16;
  limits.history_events = 20;
  gateway_fixture node(limits);
  node.post("/v1/entities/ledger/one/updates/nap?wait=accepted", R"({"time":1000})");
  outcome got;
  for (int i = 0; i < 30 && got.status != 503; ++i) got = node.signal("add", R"({"amount":1})");
  check_problem(got, 503, "history_full");
}

TEST_CASE("gateway: parameters over the engine's limit are too large") {
  runtime::engine_limits limits;
  limits.payload_bytes = 1'000;
  gateway_fixture node(limits);
  check_problem(node.signal("note", R"({"text":")" + std::string(2'000, 'x') + R"("})"), 413,
                "too_large");
}

TEST_CASE(
    "gateway: a draining server refuses what needs the engine and finishes what is in flight") {
  gateway_fixture node;
  raw_socket waiting(node.server->port());
  waiting.write(nap_request());
  while (node.describe().status != 200) std::this_thread::yield();
  node.server->drain();
  CHECK(node.get("/readyz").status == 503);
  check_problem(node.describe(), 503, "draining");
  CHECK(node.get("/healthz").status == 200);
  node.pass(1s);
  auto ended = waiting.read_all();
  CHECK(ended.starts_with("HTTP/1.1 200 "));
  CHECK(ended.find("Connection: close") != std::string::npos);
  node.server->stop();
}

TEST_CASE("gateway: stopping cuts off what does not end in time") {
  http_options options;
  options.stop_time = 10ms;
  gateway_fixture node({}, options);
  raw_socket waiting(node.server->port());
  waiting.write(nap_request());
  while (node.describe().status != 200) std::this_thread::yield();
  node.server->stop();
  CHECK(waiting.read_all().empty());
}

TEST_CASE("gateway: a node that drains answers waiting updates with 503") {
  gateway_fixture node;
  raw_socket waiting(node.server->port());
  waiting.write(nap_request());
  while (node.describe().status != 200) std::this_thread::yield();
  node.server->drain();
  node.running->drain();
  auto ended = waiting.read_all();
  CHECK(ended.starts_with("HTTP/1.1 503 "));
  CHECK(code_of(ended) == "draining");
}
