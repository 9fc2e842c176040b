#pragma once

/// An engine of the shop and the ledger over a journal in memory, behind HTTP on a free port, with
/// a clock that stands still unless the test moves it.

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "account.perdure.h"
#include "cart.perdure.h"
#include "examples/shop/account.h"
#include "examples/shop/cart.h"
#include "gateway/http_server.h"
#include "gateway/http_transport.h"
#include "gateway/json_text.h"
#include "tests/gateway/order.h"
#include "tests/runtime/fixture.h"

namespace perdure::gateway {

constexpr duration patience{30'000};

/// What came back, with its body read as JSON.
struct outcome {
  unsigned status = 0;
  http_response response;
  json_document json;

  std::string shown(std::string_view member) const { return json.shown(member); }
  std::string_view header(std::string_view name) const { return response.header(name); }
  const std::string& body() const { return response.body; }
};

using header_list = std::vector<std::pair<std::string, std::string>>;

struct gateway_fixture {
  explicit gateway_fixture(runtime::engine_limits limits = {}, http_options options = {})
      : limits(limits), options(std::move(options)) {
    this->options.port = 0;
    start();
  }

  void start() {
    server.reset();
    running.reset();
    running = std::make_unique<runtime::engine>(store, clock, limits);
    running->host(type_of<ledger::book>());
    running->host(type_of<shop::cart>());
    running->host(type_of<shop::account>());
    running->host(type_of<orders::order>());
    running->start();
    server = std::make_unique<http_server>(*running, options, known);
    server->serve();
    transport = std::make_unique<http_transport>(http_address{"127.0.0.1", server->port()}, 64);
  }

  outcome send(http_verb verb, std::string path, std::string body = {}, header_list headers = {}) {
    auto response =
        transport->fetch({verb, std::move(path), std::move(headers), std::move(body)}, patience);
    REQUIRE_MESSAGE(response.has_value(), (response ? "" : response.error().detail));
    outcome got;
    got.status = response->status;
    got.response = *std::move(response);
    if (auto json = json_document::parse(got.response.body)) got.json = *std::move(json);
    return got;
  }

  outcome get(std::string path, header_list headers = {}) {
    return send(http_verb::get, std::move(path), {}, std::move(headers));
  }
  outcome post(std::string path, std::string body = {}, header_list headers = {}) {
    return send(http_verb::post, std::move(path), std::move(body), std::move(headers));
  }
  outcome del(std::string path, std::string body = {}) {
    return send(http_verb::del, std::move(path), std::move(body));
  }

  /// A method of the ledger "one".
  outcome signal(const std::string& name, std::string body = {}, header_list headers = {}) {
    return post("/v1/entities/ledger/one/signals/" + name, std::move(body), std::move(headers));
  }
  outcome update(const std::string& name, std::string body = {}, header_list headers = {}) {
    return post("/v1/entities/ledger/one/updates/" + name, std::move(body), std::move(headers));
  }
  std::string total(const std::string& id = "one") {
    return get("/v1/entities/ledger/" + id + "/queries/total").shown("total");
  }
  outcome describe(const std::string& id = "one") { return get("/v1/entities/ledger/" + id); }

  /// Moves the clock and waits until what is due has happened.
  void pass(duration time, const std::string& id = "one") { pass(time, {"ledger", id}); }
  void pass(duration time, const entity_id& entity) {
    clock.pass(time);
    running->look_at_clock();
    while (true) {
      runtime::answer_box<result<runtime::entity_description>> box;
      running->describe(entity, box.box());
      auto about = box.get();
      if (!about || !about->summary.next_due || *about->summary.next_due > clock.now()) return;
      std::this_thread::yield();
    }
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server->port()); }

  runtime::manual_clock clock;
  persistence::memory_journal store;
  runtime::engine_limits limits;
  http_options options;
  std::vector<const activities_description*> known{&orders::payments_contract::description()};
  std::unique_ptr<runtime::engine> running;
  std::unique_ptr<http_server> server;
  std::unique_ptr<http_transport> transport;
};

/// An element of a list in an answer.
inline const json_document& element(const outcome& got, std::string_view member,
                                    std::size_t index) {
  auto* list = got.json.find(member);
  REQUIRE(list != nullptr);
  REQUIRE(list->elements() != nullptr);
  REQUIRE(list->elements()->size() > index);
  return (*list->elements())[index];
}

inline std::size_t size_of(const outcome& got, std::string_view member) {
  auto* list = got.json.find(member);
  REQUIRE(list != nullptr);
  REQUIRE(list->elements() != nullptr);
  return list->elements()->size();
}

/// Checks that a reply is a problem with this status and code, and well-formed.
inline void check_problem(const outcome& got, unsigned status, std::string_view code) {
  CHECK(got.status == status);
  CHECK(got.header("Content-Type") == "application/problem+json");
  CHECK(got.shown("code") == code);
  CHECK(got.shown("status") == std::to_string(status));
  CHECK(got.shown("type") == "urn:perdure:problem:" + std::string(code));
  CHECK_FALSE(got.shown("title").empty());
  CHECK_FALSE(got.shown("detail").empty());
  const auto known = errc_from_string(code);
  REQUIRE(known);
  CHECK(got.shown("retryable") == (retryable(*known) ? "true" : "false"));
}

}  // namespace perdure::gateway
