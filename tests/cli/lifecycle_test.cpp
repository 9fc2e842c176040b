#include "gateway/http_transport.h"
#include "tests/cli/commanded_node.h"

using namespace perdure;
using namespace perdure::testing;
using perdure::gateway::json_document;

namespace {

/// Asks for work, as a worker does.
json_document work_of(commanded_node& node) {
  gateway::http_transport transport({"127.0.0.1", node.running.port()}, 1);
  auto got = transport.fetch(
      {.verb = gateway::http_verb::post, .path = "/v1/activities/payments/poll"}, duration{40'000});
  REQUIRE(got.has_value());
  return json_document::parse(got->body).value();
}

}  // namespace

TEST_CASE("cli: a main is started, waited for and described") {
  commanded_node node;
  auto started = node.perdure({"start", "order/one", R"({"hold":true})", "--key", "k"});
  CHECK(started.out == "order/one started by event 1 of run 1\n");
  CHECK(node.perdure({"start", "order/one", R"({"hold":true})", "--key", "k"}).out ==
        "order/one started by event 1 of run 1, as before\n");
  auto second = node.perdure({"start", "order/one"});
  CHECK(second.status == 1);
  CHECK(contains(second.err, "already_exists: "));
  CHECK(node.perdure({"start", "order/one", "--id-conflict", "use-existing"}).status == 0);
  auto about = node.perdure({"describe", "order/one"});
  CHECK(contains(about.out, "place since event 1"));
  CHECK(contains(about.out, "status = \"placed\""));
  auto late = node.perdure({"result", "order/one", "--timeout", "10ms"});
  CHECK(late.status == 1);
  CHECK(contains(late.err, "timeout: "));
  node.perdure({"signal", "order/one", "release"});
  CHECK(node.perdure({"result", "order/one"}).out == "{\n  \"receipt\": \"\"\n}\n");
  CHECK(node.json({"start", "order/two", "{}", "--wait", "result"}).find("receipt") != nullptr);
}

TEST_CASE("cli: an entity is paused, resumed, reset and cancelled") {
  commanded_node node;
  node.perdure({"start", "order/one", R"({"hold":true})"});
  CHECK(node.perdure({"pause", "order/one", "--reason", "audit"})
            .out.starts_with("order/one paused by event "));
  CHECK(node.json({"describe", "order/one"}).shown("status") == "paused");
  CHECK(node.perdure({"resume", "order/one"}).status == 0);
  CHECK(contains(node.perdure({"reset", "order/one", "--event", "1", "--reason", "a bug"}).out,
                 "of run 2"));
  CHECK(node.perdure({"cancel", "order/one", "--reason", "enough"}).status == 0);
  CHECK(node.json({"describe", "order/one"}).shown("status") == "cancelled");
  auto history = node.perdure({"history", "order/one"});
  for (auto* part : {"paused", "resumed", "run_reset", "cancel_requested", "reason=enough"}) {
    CHECK_MESSAGE(contains(history.out, part), history.out);
  }
  CHECK(node.perdure({"cancel", "order/one"}).status == 1);
}

TEST_CASE("cli: entities are found and counted by attributes, and treated together") {
  commanded_node node;
  for (int i = 1; i <= 4; ++i) {
    node.perdure({"start", "order/o" + std::to_string(i),
                  R"({"hold":true,"cents":)" + std::to_string(i * 500) + '}'});
  }
  CHECK(node.perdure({"list", "--where", "total > 1000", "--count"}).out == "2\n");
  auto found = node.json({"list", "--where", "total > 1000 and vip = true"});
  CHECK(found.find("entities")->elements()->size() == 2);
  CHECK(node.perdure({"list", "--where", "total >"}).status == 1);
  auto told = node.perdure({"batch", "signal", "order", "note", R"({"text":"hi"})", "--key", "b"});
  CHECK(told.out == "4 of 4 done\n");
  CHECK(node.perdure({"batch", "cancel", "order", "--where", "total < 1000", "--reason", "cheap"})
            .out == "1 of 1 done\n");
  auto refused = node.perdure({"batch", "signal", "order", "note", R"({"text":"bad"})"});
  CHECK(refused.status == 1);
  CHECK(contains(refused.out, "order/o2  rejected  a bad note"));
  const std::vector<std::string> some{"batch", "pause", "order", "--limit", "2"};
  CHECK(node.perdure(some).out ==
        "2 of 2 done\nthere are more: --after order/o3 goes on with them\n");
  CHECK(node.perdure({"batch", "pause", "order", "--after", "order/o3"}).out == "1 of 1 done\n");
  CHECK(node.json({"batch", "terminate", "order"}).shown("done") == "3");
}

TEST_CASE("cli: activities are completed and failed by their token") {
  commanded_node node;
  node.perdure({"start", "order/one", R"({"cents":5})"});
  CHECK(contains(node.perdure({"describe", "order/one"}).out, "payments.charge of event"));
  auto token = work_of(node).shown("token");
  CHECK(node.perdure({"complete", token, R"({"receipt":5})"}).status == 1);
  CHECK(node.perdure({"complete", token, R"({"receipt":"r"})"}).out == "completed\n");
  CHECK(node.json({"result", "order/one"}).shown("receipt") == "r");
  node.perdure({"start", "order/two", R"({"cents":5})"});
  token = work_of(node).shown("token");
  CHECK(node.perdure({"fail", token, "--type", "card_declined", "--message", "no", "--for-good"})
            .out == "noted\n");
  auto failed = node.perdure({"result", "order/two"});
  CHECK(failed.status == 1);
  CHECK(contains(failed.err, "failed: "));
  CHECK(contains(node.perdure({"fail", token}).err, "completed: "));
}
