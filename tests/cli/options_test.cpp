#include <doctest/doctest.h>

#include <chrono>
#include <fstream>

#include <perdure/node.h>

#include "tests/cli/program.h"

using namespace perdure;
using namespace std::chrono_literals;

TEST_CASE("options: without flags they are the defaults") {
  auto read = node_options::read("shop", {}).value();
  CHECK(read.program == "shop");
  CHECK(read.data == "./perdure-data");
  CHECK(read.http == "127.0.0.1:7070");
  CHECK(read.shards == 0);
  CHECK(read.retention == 72h);
  CHECK(read.idempotency_window == 24h);
  CHECK_FALSE(read.insecure);
}

TEST_CASE("options: flags take durations and sizes") {
  auto read =
      node_options::read(
          "shop", {"--data", "/d", "--http=[::1]:0", "--shards", "16", "--retention", "1h30m",
                   "--memory", "512MiB", "--storage-limit", "2GB", "--passivate-after", "5s",
                   "--continue-after-events", "100", "--insecure", "--log-level", "error"})
          .value();
  CHECK(read.data == "/d");
  CHECK(read.http == "[::1]:0");
  CHECK(read.shards == 16);
  CHECK(read.retention == 90min);
  CHECK(read.memory == 512ull << 20);
  CHECK(read.storage_limit == 2'000'000'000);
  CHECK(read.passivate_after == 5s);
  CHECK(read.continue_after_events == 100);
  CHECK(read.insecure);
  CHECK(read.log_level == "error");
}

TEST_CASE("options: what is wrong is named") {
  auto detail_of = [](std::vector<std::string> arguments) {
    auto read = node_options::read("shop", std::move(arguments));
    REQUIRE_FALSE(read.has_value());
    return read.error().detail;
  };
  CHECK(detail_of({"--retention", "5"}).find("--retention") != std::string::npos);
  CHECK(detail_of({"--shards", "many"}).find("--shards") != std::string::npos);
  CHECK(detail_of({"--journal", "postgresql://db"}).find("--journal") != std::string::npos);
  CHECK(detail_of({"--log-format", "xml"}).find("--log-format") != std::string::npos);
  for (auto* size : {"x", "-5", "1.5", "99999999999999999999", "5 apples"}) {
    CHECK(detail_of({"--memory", size}).find("expected a size such as 512MiB, got ") !=
          std::string::npos);
  }
  CHECK(detail_of({"--colour"}).find("--colour") != std::string::npos);
  CHECK(detail_of({"extra"}).find("extra") != std::string::npos);
}

TEST_CASE("options: a configuration file gives what the command line leaves open") {
  testing::temporary_directory folder;
  const auto file = folder / "node.toml";
  std::ofstream(file)
      << "data = \"/from/file\"\nretention = \"1h\"\nmemory = \"1MiB\"\ninsecure = true\n";
  auto read = node_options::read("shop", {"--config", file, "--retention", "2h"}).value();
  CHECK(read.data == "/from/file");
  CHECK(read.retention == 2h);
  CHECK(read.memory == 1u << 20);
  CHECK(read.insecure);
  std::ofstream(file) << "dat = \"/from/file\"\n";
  CHECK_FALSE(node_options::read("shop", {"--config", file}).has_value());
  CHECK_FALSE(node_options::read("shop", {"--config", folder / "none.toml"}).has_value());
}

TEST_CASE("options: the environment gives them too") {
  REQUIRE(setenv("PERDURE_CONTINUE_AFTER_EVENTS", "77", 1) == 0);
  auto read = node_options::read("shop", {}).value();
  REQUIRE(unsetenv("PERDURE_CONTINUE_AFTER_EVENTS") == 0);
  CHECK(read.continue_after_events == 77);
}
