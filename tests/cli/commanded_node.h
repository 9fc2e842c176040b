#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <perdure/node.h>

#include "gateway/json_text.h"
#include "tests/cli/program.h"
#include "tests/entities/ledger.h"
#include "tests/gateway/order.h"

namespace perdure::testing {

/// A node in this process, and the command that talks to it.
struct commanded_node {
  commanded_node() : running(options()) {
    running.host<ledger::book>();
    running.host<orders::order>();
    running.declare<orders::payments_contract>();
    REQUIRE(running.start());
  }

  run_result perdure(std::vector<std::string> arguments, const std::string& input = {}) {
    arguments.insert(arguments.begin(),
                     {"--node", "http://127.0.0.1:" + std::to_string(running.port())});
    return run(PERDURE_COMMAND, std::move(arguments), input);
  }

  /// Runs a command that succeeds, and returns its JSON.
  gateway::json_document json(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "--json");
    auto got = perdure(std::move(arguments));
    CHECK_MESSAGE(got.status == 0, got.err);
    auto read =
        gateway::json_document::parse(got.out.substr(0, got.out.find_last_not_of('\n') + 1));
    REQUIRE_MESSAGE(read.has_value(), got.out);
    return *std::move(read);
  }

  node_options options() const {
    node_options chosen;
    chosen.data = folder / "data";
    chosen.http = "127.0.0.1:0";
    chosen.shards = 4;
    return chosen;
  }

  temporary_directory folder;
  node running;
};

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace perdure::testing
