#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <perdure/history.h>

#include "tests/cli/program.h"

using namespace perdure::testing;

namespace {

const std::string node_program = PERDURE_NODE_PROGRAM;

run_result command(std::vector<std::string> arguments) {
  return run(PERDURE_COMMAND, std::move(arguments));
}

/// What a build says whose contract does not fit the data.
const std::string misfit =
    "the contract of \"ledger\" does not fit the data: `total` of LedgerState (@0) was Int64 and "
    "is "
    "Text: what was written before would be misread. Keep the old field, under another name if you "
    "like, and add one with a new number. What to do: \"Changing code\", docs/guide/versions.md\n";

/// The data of a node that had a ledger, one with a very long id, and a schedule.
class used_data {
public:
  used_data() {
    program node(node_program, {"--data", path(), "--http", "127.0.0.1:0", "--shards", "4"});
    const auto line = node.read_line();
    const auto begin = line.find("http://");
    const auto url = line.substr(begin, line.find(',', begin) - begin);
    auto ask = [&](std::vector<std::string> arguments) {
      arguments.insert(arguments.begin(), {"--node", url});
      const auto got = command(arguments);
      CHECK_MESSAGE(got.status == 0, got.err);
    };
    ask({"signal", "ledger/one", "add", R"({"amount":5})"});
    ask({"signal", "ledger/one", "add", R"({"amount":7})"});
    ask({"signal", "ledger/" + std::string(255, '/'), "add", R"({"amount":1})"});
    ask({"update", "schedule/nightly", "create",
         R"({"spec":{"intervals":[{"every":"1h"}]},"action":{"signal":{"type":"ledger",)"
         R"("id":"one","method":"ring","params":"{}"}}})"});
    node.signal(SIGTERM);
    CHECK(node.wait().status == 0);
  }

  std::string path() const { return folder_ / "data"; }
  std::string operator/(const std::string& name) const { return folder_ / name; }

private:
  temporary_directory folder_;
};

}  // namespace

TEST_CASE("cli: histories are exported, and replayed with the program that made them") {
  used_data data;
  auto exported =
      command({"export", "--type", "ledger", "--data", data.path(), "--to", data / "h"});
  CHECK_MESSAGE(exported.status == 0, exported.err);
  CHECK(exported.out.find("ledger-one.history\n") != std::string::npos);
  CHECK(std::ranges::count(exported.out, '\n') == 2);
  CHECK(command({"export", "schedule/nightly", "--data", data.path(), "--to", data / "h"}).status ==
        0);
  std::vector<std::string> replay{"replay", node_program};
  for (auto& each : std::filesystem::directory_iterator(data / "h")) replay.push_back(each.path());
  CHECK(replay.size() == 5);
  const auto replayed = command(replay);
  CHECK_MESSAGE(replayed.status == 0, replayed.out);
  CHECK(replayed.out.find("ledger-one.history: 2 steps as recorded\n") != std::string::npos);
  CHECK(replayed.out.find("schedule-nightly.history: ") != std::string::npos);
}

TEST_CASE("cli: a history that does not fit the program, or is none, is told with status 1") {
  used_data data;
  CHECK(command({"export", "ledger/one", "--data", data.path(), "--to", data.path()}).status == 0);
  const auto file = data.path() + "/ledger-one.history";
  std::ofstream(data / "none", std::ios::binary) << "no history";
  auto got = command({"replay", node_program, file, data / "none"});
  CHECK(got.status == 1);
  CHECK(got.out.find("2 steps as recorded\n") != std::string::npos);
  CHECK(got.out.find("none: malformed: ") != std::string::npos);
  CHECK(command({"export", "ledger/two", "--data", data.path()}).status == 1);
  CHECK(command({"export", "ledger", "--data", data.path()}).status == 2);
  CHECK(command({"export", "--data", data.path()}).status == 2);
  CHECK(command({"replay", data / "nowhere", file}).status == 2);
}

TEST_CASE("cli: a node whose contract would misread the data says so, and does not start") {
  used_data data;
  const std::vector<std::string> arguments{"--data", data.path(), "--http", "127.0.0.1:0"};
  const auto refused = run(node_program, arguments, {}, {"CHANGED_LEDGER=yes"});
  CHECK(refused.status == 1);
  CHECK(refused.out.empty());
  CHECK(refused.err.ends_with(": " + misfit));
  CHECK(std::ranges::count(refused.err, '\n') == 1);
  // The build that fits goes on.
  program node(node_program, arguments);
  CHECK(node.read_line().find("http://") != std::string::npos);
  node.signal(SIGTERM);
  CHECK(node.wait().status == 0);
}

TEST_CASE("cli: a history has the layout of its states, and a contract that does not fit is told") {
  used_data data;
  CHECK(command({"export", "ledger/one", "--data", data.path(), "--to", data.path()}).status == 0);
  const auto file = data.path() + "/ledger-one.history";
  CHECK_FALSE(perdure::load_history(file).value().schema().empty());
  const auto got = run(PERDURE_COMMAND, {"replay", node_program, file}, {}, {"CHANGED_LEDGER=yes"});
  CHECK(got.status == 1);
  CHECK(got.out == file + ": nondeterministic: " + misfit);
}
