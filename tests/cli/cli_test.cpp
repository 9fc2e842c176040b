#include <fstream>

#include "tests/cli/commanded_node.h"

using namespace perdure;
using namespace perdure::testing;
using perdure::gateway::json_document;

TEST_CASE("cli: signals, updates and queries") {
  commanded_node node;
  auto sent = node.perdure({"signal", "ledger/one", "add", R"({"amount":5})"});
  CHECK(sent.status == 0);
  CHECK(sent.out == "event 1 of run 1\n");
  CHECK(
      node.json({"signal", "ledger/one", "add", R"({"amount":5})", "--key", "k"}).shown("event") ==
      "2");
  CHECK(contains(node.perdure({"signal", "ledger/one", "add", R"({"amount":5})", "--key", "k"}).out,
                 "as before"));
  CHECK(node.perdure({"update", "ledger/one", "take", R"({"amount":3})"}).out ==
        "{\n  \"left\": \"7\"\n}\n");
  CHECK(node.json({"query", "ledger/one", "total"}).shown("total") == "7");
  CHECK(node.json({"query", "ledger/one", "total", "--at", "1"}).shown("total") == "5");
  CHECK_FALSE(
      node.json({"query", "ledger/one", "left", "--param", "until=5"}).shown("left").empty());
  CHECK(contains(node.perdure({"update", "ledger/one", "draw", "--wait", "accepted"}).out,
                 "accepted as event"));
  CHECK(node.perdure({"signal", "ledger/one", "add", R"({"amount":1})", "--delay", "1h"}).status ==
        0);
}

TEST_CASE("cli: bodies come from arguments, files and stdin") {
  commanded_node node;
  std::ofstream(node.folder / "body.json") << R"({"amount": 2})";
  CHECK(node.perdure({"signal", "ledger/one", "add", "@" + (node.folder / "body.json")}).status ==
        0);
  CHECK(node.perdure({"signal", "ledger/one", "add", "-"}, R"({"amount": 3})").status == 0);
  CHECK(node.json({"query", "ledger/one", "total"}).shown("total") == "5");
  CHECK(node.perdure({"signal", "ledger/one", "add", "@" + (node.folder / "none")}).status == 2);
}

TEST_CASE("cli: an entity is described, listed and ended") {
  commanded_node node;
  node.perdure({"signal", "ledger/one", "remindMe", R"({"name":"tea","time":3600000})"});
  auto about = node.perdure({"describe", "ledger/one"});
  CHECK(about.status == 0);
  for (auto* part : {"ledger/one  running", "tea (reminder) due", "\"total\": \"0\""}) {
    CHECK_MESSAGE(contains(about.out, part), about.out);
  }
  CHECK(node.json({"describe", "ledger/one"}).shown("status") == "running");
  CHECK(node.perdure({"terminate", "ledger/one", "--reason", "done"}).out ==
        "ledger/one ended by event 3\n");
  CHECK(node.json({"describe", "ledger/one"}).shown("status") == "terminated");
}

TEST_CASE("cli: the list shows pages, or all of them") {
  commanded_node node;
  for (int i = 0; i < 12; ++i) node.perdure({"signal", "ledger/l" + std::to_string(i), "ring"});
  auto page = node.perdure({"list", "--limit", "10"});
  CHECK(contains(page.out, "ENTITY"));
  CHECK(contains(page.out, "ledger/l0 "));
  CHECK(contains(page.out, "more: --after ledger/"));
  CHECK(node.json({"list", "--type", "ledger", "--all"}).find("entities")->elements()->size() ==
        12);
  CHECK(node.json({"list", "--status", "terminated"}).find("entities")->elements()->empty());
}

TEST_CASE("cli: a history is shown, and followed to the entity's end") {
  commanded_node node;
  node.perdure({"signal", "ledger/one", "add", R"({"amount":5})"});
  node.perdure({"update", "ledger/one", "take", R"({"amount":3})"});
  auto shown = node.perdure({"history", "ledger/one"});
  CHECK(contains(shown.out, "signal_received"));
  CHECK(contains(shown.out, R"(add {"amount":"5"})"));
  CHECK(contains(node.perdure({"history", "ledger/one", "--from", "2", "--limit", "1"}).out,
                 "more: --from 3"));
  CHECK(node.json({"history", "ledger/one", "--limit", "2"}).find("events")->elements()->size() ==
        2);

  const auto url = "http://127.0.0.1:" + std::to_string(node.running.port());
  program follower(PERDURE_COMMAND, {"--node", url, "--json", "history", "ledger/one", "--follow"});
  for (int i = 1; i <= 3; ++i) {
    CHECK(json_document::parse(follower.read_line()).value().shown("event") == std::to_string(i));
  }
  node.perdure({"terminate", "ledger/one"});
  CHECK(json_document::parse(follower.read_line()).value().shown("kind") == "terminated");
  CHECK(follower.wait().status == 0);
}

TEST_CASE("cli: types and metrics") {
  commanded_node node;
  auto types = node.perdure({"types"});
  CHECK(contains(types.out, "ledger    signal    add"));
  CHECK(contains(types.out, "amount"));
  CHECK(contains(types.out, "order     main      place"));
  CHECK(contains(types.out, "payments  activity  charge"));
  CHECK(node.json({"types"}).find("types")->elements()->size() == 3);
  CHECK(contains(node.perdure({"metrics"}).out, "perdure_signals_total 0"));
  CHECK(node.json({"metrics"}).shown("perdure_signals_total") == "0");
}

TEST_CASE("cli: load is generated, counted and timed") {
  commanded_node node;
  auto report = node.json({"load", "ledger/l{i}", "note", R"({"text":"note {n}"})", "--entities",
                           "3", "--count", "50", "--concurrency", "4"});
  CHECK(report.shown("answered") == "50");
  CHECK(report.find("errors")->members()->empty());
  CHECK(node.json({"list"}).find("entities")->elements()->size() == 3);
  auto text = node.perdure({"load", "ledger/l{i}", "total", "--count", "10", "--entities", "3"});
  CHECK(text.status == 0);
  CHECK(contains(text.out, "10 answered in"));
  CHECK(contains(text.out, "P99 MS"));
  auto refused = node.perdure({"load", "ledger/l{i}", "add", R"({"amount":-1})", "--count", "10"});
  CHECK(refused.status == 1);
  CHECK(contains(refused.out, "rejected 10"));
}

TEST_CASE("cli: failures say what went wrong and what to do, with status 1") {
  commanded_node node;
  auto refused = node.perdure({"signal", "ledger/one", "add", R"({"amount":-1})"});
  CHECK(refused.status == 1);
  CHECK(refused.out.empty());
  CHECK(refused.err == "rejected: a negative amount\n");
  auto unknown = node.perdure({"signal", "tree/one", "add"});
  CHECK(unknown.status == 1);
  CHECK(contains(unknown.err, "unknown_type: "));
  CHECK(contains(unknown.err, "hint: perdure types"));
  auto json = node.perdure({"--json", "describe", "ledger/none"});
  CHECK(json.status == 1);
  CHECK(json_document::parse(json.err.substr(0, json.err.size() - 1)).value().shown("code") ==
        "entity_not_found");
  auto unreachable = run(PERDURE_COMMAND, {"--node", "http://127.0.0.1:1", "types"});
  CHECK(unreachable.status == 1);
  CHECK(contains(unreachable.err, "unavailable: http://127.0.0.1:1: Connection refused"));
  CHECK(contains(unreachable.err, "PERDURE_NODE"));
}

TEST_CASE("cli: wrong arguments end with status 2") {
  for (std::vector<std::string> arguments : {std::vector<std::string>{},
                                             {"dance"},
                                             {"signal"},
                                             {"signal", "ledger", "add"},
                                             {"signal", "ledger/", "add"},
                                             {"list", "--status", "asleep"},
                                             {"list", "--count", "--all"},
                                             {"start", "order"},
                                             {"start", "order/1", "--id-reuse", "never"},
                                             {"reset", "order/1"},
                                             {"batch", "dance", "order"},
                                             {"batch", "signal", "order", "note", "{"},
                                             {"fail", "t", "--for-good", "--again-after", "5s"},
                                             {"--node", "nonsense", "types"},
                                             {"--timeout", "soon", "types"},
                                             {"query", "ledger/one", "total", "--param", "x"},
                                             {"history", "ledger/one", "--follow", "--limit", "3"},
                                             {"load", "ledger/l{i}", "ring", "--duration", "5"}}) {
    auto got = run(PERDURE_COMMAND, arguments, "", {"PERDURE_NODE=http://127.0.0.1:1"});
    CHECK_MESSAGE(got.status == 2, (arguments.empty() ? "" : arguments[0]) << ": " << got.err);
    CHECK_FALSE(got.err.empty());
  }
}

TEST_CASE("cli: a command that there is not is named, and the help of one that there is") {
  CHECK(run(PERDURE_COMMAND, {"frobnicate"}).err ==
        "perdure: there is no command \"frobnicate\"\nhint: perdure --help lists the commands\n");
  CHECK(contains(run(PERDURE_COMMAND, {"backup"}).err, "hint: perdure backup --help"));
  CHECK(contains(run(PERDURE_COMMAND, {"verify", "--data", "/nowhere"}).err,
                 "/nowhere holds no data of a node"));
}

TEST_CASE("cli: every command has help with an example") {
  auto help = run(PERDURE_COMMAND, {"--help"});
  CHECK(help.status == 0);
  for (auto* command :
       {"signal",   "update", "query",     "start",   "result", "describe", "history",
        "list",     "cancel", "terminate", "pause",   "resume", "reset",    "batch",
        "complete", "fail",   "types",     "metrics", "load",   "verify",   "backup"}) {
    CHECK_MESSAGE(contains(help.out, command), command);
    auto of_it = run(PERDURE_COMMAND, {command, "--help"});
    CHECK(of_it.status == 0);
    CHECK_MESSAGE(contains(of_it.out, std::string("Example: perdure ") + command), of_it.out);
  }
  CHECK(run(PERDURE_COMMAND, {"--version"}).out.starts_with("perdure "));
}

TEST_CASE("cli: a running node copies its data, and another starts from the copy") {
  commanded_node node;
  node.perdure({"signal", "ledger/one", "add", R"({"amount":5})"});
  auto copied = node.perdure({"backup", node.folder / "copy"});
  CHECK_MESSAGE(copied.status == 0, copied.err);
  CHECK(contains(copied.out, "copied to " + (node.folder / "copy")));
  auto again = node.perdure({"backup", node.folder / "copy"});
  CHECK(again.status == 1);
  CHECK(contains(again.err, "malformed: "));
  node_options options = node.options();
  options.data = node.folder / "copy";
  perdure::node other(options);
  other.host<ledger::book>();
  REQUIRE(other.start());
  CHECK(other.client().entity<ledger::ledger_contract>("one").total().get().value().total == 5);
}

TEST_CASE("cli: a data directory is verified and copied") {
  commanded_node node;
  node.perdure({"signal", "ledger/one", "add", R"({"amount":5})"});
  const auto data = node.folder / "data";
  auto busy = run(PERDURE_COMMAND, {"backup", "--data", data, node.folder / "copy"});
  CHECK(busy.status == 1);
  CHECK(contains(busy.err, "unavailable: "));
  node.running.stop();
  auto sound = run(PERDURE_COMMAND, {"verify", "--data", data});
  CHECK(sound.status == 0);
  CHECK(contains(sound.out, "sound"));
  CHECK(run(PERDURE_COMMAND, {"backup", "--data", data, node.folder / "copy"}).status == 0);
  auto copy = run(PERDURE_COMMAND, {"--json", "verify", "--data", node.folder / "copy"});
  CHECK(copy.status == 0);
  CHECK(json_document::parse(copy.out.substr(0, copy.out.size() - 1)).value().shown("records") ==
        "1");
  CHECK(run(PERDURE_COMMAND, {"backup", "--data", data, node.folder / "copy"}).status == 1);
  CHECK(run(PERDURE_COMMAND, {"backup", "--data", node.folder.path(), node.folder / "x"}).status ==
        2);
  CHECK(run(PERDURE_COMMAND, {"verify", "--data", node.folder / "none"}).status == 2);
}
