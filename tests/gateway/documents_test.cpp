#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "tests/gateway/fixture.h"
#include "tests/gateway/raw_socket.h"

using namespace perdure;
using namespace perdure::gateway;

namespace {

/// Compares with a file of the tree; PERDURE_GOLDEN=write writes it instead.
void check_golden(const std::string& name, const std::string& text) {
  const auto path = std::string(PERDURE_GOLDEN_DIR) + '/' + name;
  const char* mode = std::getenv("PERDURE_GOLDEN");
  if (mode != nullptr && std::string_view(mode) == "write") std::ofstream(path) << text << '\n';
  std::ifstream file(path);
  REQUIRE_MESSAGE(file, path);
  const std::string expected{std::istreambuf_iterator<char>(file),
                             std::istreambuf_iterator<char>()};
  CHECK_MESSAGE(expected == text + '\n', "differs from " << path);
}

/// Calls `each` for every $ref in a document.
template <class F>
void for_each_reference(const json_document& in, F each) {
  if (auto* members = in.members()) {
    for (auto& [name, value] : *members) {
      if (name == "$ref" && value.text() != nullptr) each(*value.text());
      for_each_reference(value, each);
    }
  } else if (auto* elements = in.elements()) {
    for (auto& element : *elements) for_each_reference(element, each);
  }
}

/// An engine of orders alone.
struct orders_only {
  orders_only() {
    running.host(type_of<orders::order>());
    running.start();
    server.serve();
  }
  outcome get(std::string path) {
    http_transport transport({"127.0.0.1", server.port()}, 1);
    outcome got;
    got.response = transport.fetch({.path = std::move(path)}, patience).value();
    got.status = got.response.status;
    got.json = json_document::parse(got.response.body).value();
    return got;
  }
  runtime::manual_clock clock;
  persistence::memory_journal store;
  runtime::engine running{store, clock};
  http_server server{running, {.port = 0}, {&orders::payments_contract::description()}};
};

}  // namespace

TEST_CASE("gateway: the OpenAPI document of a type and its activities is as it was") {
  orders_only node;
  auto got = node.get("/openapi.json");
  CHECK(got.status == 200);
  check_golden("order.openapi.json", got.json.dump(true));
}

TEST_CASE("gateway: the description of a type and its activities is as it was") {
  orders_only node;
  check_golden("order.types.json", node.get("/v1/types").json.dump(true));
}

TEST_CASE("gateway: the OpenAPI document is sound") {
  gateway_fixture node;
  auto got = node.get("/openapi.json");
  CHECK(got.shown("openapi") == "3.1.0");
  auto* schemas = got.json.find("components")->find("schemas");
  for_each_reference(got.json, [&](const std::string& target) {
    REQUIRE(target.starts_with("#/components/schemas/"));
    CHECK_MESSAGE(schemas->find(target.substr(21)) != nullptr, target);
  });
  std::set<std::string> ids;
  for (auto& [path, item] : *got.json.find("paths")->members()) {
    for (auto& [verb, operation] : *item.members()) {
      CHECK_MESSAGE(ids.insert(operation.shown("operationId")).second,
                    operation.shown("operationId"));
      CHECK(operation.find("responses")->find("default") != nullptr);
      std::string described;
      for (auto& parameter : *operation.find("parameters")->elements()) {
        if (parameter.shown("in") != "path") continue;
        described += '{' + parameter.shown("name") + '}';
        CHECK(path.find('{' + parameter.shown("name") + '}') != std::string::npos);
      }
      CHECK(std::ranges::count(path, '{') == std::ranges::count(described, '{'));
    }
  }
  CHECK(ids.contains("ledger.add"));
  CHECK(ids.contains("cart.total.get"));
  CHECK(ids.contains("order.place"));
  CHECK(ids.contains("order..mainResult"));
  CHECK(ids.contains("activities.poll"));
}

TEST_CASE("gateway: every path of the OpenAPI document is served") {
  gateway_fixture node;
  auto document = node.get("/openapi.json");
  for (auto& [path, item] : *document.json.find("paths")->members()) {
    for (auto& [verb, operation] : *item.members()) {
      auto concrete = path;
      for (auto open = concrete.find('{'); open != std::string::npos; open = concrete.find('{')) {
        concrete.replace(open, concrete.find('}') - open + 1, "x");
      }
      const auto method = verb == "get"    ? http_verb::get
                          : verb == "post" ? http_verb::post
                                           : http_verb::del;
      if (path.ends_with("/poll")) concrete += "?timeout=1ms";
      auto got = node.send(method, concrete, method == http_verb::post ? "{}" : "");
      CHECK_MESSAGE(got.status != 405, verb << ' ' << concrete);
      CHECK_MESSAGE(got.shown("code") != "unknown_method", verb << ' ' << concrete);
      CHECK_MESSAGE(got.shown("code") != "unknown_type", verb << ' ' << concrete);
      if (got.status == 404)
        CHECK_MESSAGE(got.shown("code") == "entity_not_found", verb << ' ' << concrete);
    }
  }
}

TEST_CASE("gateway: metrics are Prometheus text and count what happened") {
  gateway_fixture node;
  node.signal("add", R"({"amount":1})");
  node.signal("note", R"({"text":"bad"})");
  auto got = node.get("/metrics");
  CHECK(got.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  std::set<std::string> typed;
  std::size_t begin = 0;
  while (begin < got.body().size()) {
    const auto end = got.body().find('\n', begin);
    const auto line = got.body().substr(begin, end - begin);
    begin = end + 1;
    if (line.starts_with("# TYPE ")) {
      CHECK_MESSAGE(typed.insert(line.substr(7, line.find(' ', 7) - 7)).second, line);
    } else if (!line.empty() && !line.starts_with('#')) {
      const auto value = line.substr(line.rfind(' ') + 1);
      char* rest = nullptr;
      (void)std::strtod(value.c_str(), &rest);
      CHECK_MESSAGE(*rest == '\0', line);
      CHECK_MESSAGE(line.starts_with("perdure_"), line);
    }
  }
  for (const std::string line :
       {R"(perdure_http_requests_total{endpoint="signal",status="202"} 1)",
        R"(perdure_http_requests_total{endpoint="signal",status="409"} 1)",
        R"(perdure_http_request_seconds_count{endpoint="signal"} 2)",
        R"(perdure_http_request_seconds_bucket{endpoint="signal",le="+Inf"} 2)",
        "perdure_signals_total 1", "perdure_refused_total 1", "perdure_entities 1",
        "perdure_starts_total 0", "perdure_messages_under_way 0", "perdure_activities_pending 0",
        "perdure_activities_running 0", "perdure_activity_attempts_total 0",
        "perdure_activity_failures_total 0", "perdure_activities_completed_total 0"}) {
    CHECK_MESSAGE(got.body().find(line + '\n') != std::string::npos, line);
  }
}

TEST_CASE("gateway: before it is ready, a server answers only what it knows without the engine") {
  runtime::manual_clock clock;
  persistence::memory_journal store;
  runtime::engine engine(store, clock);
  engine.host(type_of<ledger::book>());
  http_server server(engine, {.port = 0});
  http_transport transport({"127.0.0.1", server.port()}, 1);
  auto status_of = [&](const std::string& path) {
    return transport.fetch({.path = path}, patience).value().status;
  };
  CHECK(status_of("/healthz") == 200);
  CHECK(status_of("/readyz") == 503);
  CHECK(status_of("/metrics") == 200);
  CHECK(status_of("/v1/types") == 200);
  CHECK(status_of("/v1/entities") == 503);
  CHECK(status_of("/v1/entities/ledger/one") == 503);
  engine.start();
  server.serve();
  CHECK(status_of("/readyz") == 200);
  CHECK(status_of("/v1/entities/ledger/one") == 404);
}

TEST_CASE("gateway: the index is a page for browsers and text for everyone else") {
  gateway_fixture node;
  auto text = node.get("/");
  CHECK(text.header("Content-Type") == "text/plain; charset=utf-8");
  CHECK(text.body().find("/v1/types") != std::string::npos);
  auto html = node.get("/", {{"Accept", "text/html,*/*"}});
  CHECK(html.header("Content-Type") == "text/html; charset=utf-8");
  CHECK(html.body().starts_with("<!doctype html>"));
}

TEST_CASE("gateway: unknown paths, methods, HEAD and OPTIONS are answered as HTTP wants it") {
  gateway_fixture node;
  for (auto* path :
       {"/nowhere", "/v1", "/v1/", "/v1/entities/ledger/one/", "/v1/entities/ledger/one/signals",
        "/v1/entities/ledger/one/signals/add/more", "/v2/entities", "//", "/healthz/"}) {
    auto got = node.get(path);
    CHECK_MESSAGE(got.status == 404, path);
    CHECK(got.shown("code") == "unknown_method");
  }
  auto ask = [&](const std::string& request) {
    raw_socket client(node.server->port());
    client.write(request + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    return client.read_all();
  };
  auto wrong = ask("PUT /v1/entities/ledger/one");
  CHECK(wrong.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
  CHECK(wrong.find("Allow: GET, DELETE, POST, HEAD, OPTIONS\r\n") != std::string::npos);
  CHECK(wrong.find(R"("code":"malformed")") != std::string::npos);
  auto options = ask("OPTIONS /v1/entities/ledger/one/queries/total");
  CHECK(options.starts_with("HTTP/1.1 204 "));
  CHECK(options.find("Allow: GET, POST, HEAD, OPTIONS\r\n") != std::string::npos);
  auto head = ask("HEAD /healthz");
  CHECK(head.starts_with("HTTP/1.1 200 "));
  CHECK(head.find("Content-Length: 18\r\n") != std::string::npos);
  CHECK(head.ends_with("\r\n\r\n"));
}

TEST_CASE("gateway: a port that is taken is named") {
  gateway_fixture node;
  try {
    http_server second(*node.running, {.port = node.server->port()});
    FAIL("it listens");
  } catch (const failure& why) {
    CHECK(why.why().code == errc::unavailable);
    CHECK(why.why().detail == "cannot listen on 127.0.0.1:" + std::to_string(node.server->port()) +
                                  ": Address already in use");
  }
}
