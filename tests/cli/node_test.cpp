#include <doctest/doctest.h>

#include <signal.h>

#include <algorithm>
#include <future>

#include <perdure/client.h>
#include <perdure/node.h>

#include "gateway/json_text.h"
#include "tests/cli/program.h"
#include "tests/entities/ledger.h"
#include "tests/gateway/order.h"

using namespace perdure;
using namespace perdure::testing;

namespace {

const std::string node_program = PERDURE_NODE_PROGRAM;

/// The URL in a node's first line.
std::string url_in(const std::string& line) {
  const auto begin = line.find("http://");
  return line.substr(begin, line.find(',', begin) - begin);
}

node_options options_in(const temporary_directory& folder) {
  node_options options;
  options.data = folder / "data";
  options.http = "127.0.0.1:0";
  options.shards = 4;
  return options;
}

/// Charges in this process, or leaves it to whoever has the token.
class till final : public orders::payments_activities {
public:
  explicit till(std::string shop, std::promise<std::string>* later = nullptr)
      : shop_(std::move(shop)), later_(later) {}

  charge_results charge(const charge_params& what) override {
    if (what.account == "broke") throw activity_failure("card_declined", "no").for_good();
    if (later_ != nullptr) {
      later_->set_value(context().complete_later());
      return {};
    }
    return {.receipt = shop_ + ' ' + std::to_string(what.cents)};
  }
  void refund(const refund_params&) override {}

private:
  std::string shop_;
  std::promise<std::string>* later_;
};

class gate final : public interceptor {
public:
  std::optional<error> before(const request& what) override {
    if (what.target.id == "forbidden") return error{errc::forbidden, "not this one"};
    return std::nullopt;
  }
};

using orders::order_contract;

}  // namespace

TEST_CASE("node: activities that it provides are run in this process") {
  temporary_directory folder;
  node inside(options_in(folder));
  inside.host<orders::order>();
  inside.provide<till>("corner shop");
  inside.intercept<gate>();
  REQUIRE(inside.start());
  auto client = inside.client();
  auto placed = client.entity<order_contract>("one").place({.cents = 450}).get();
  CHECK(placed.value().receipt == "corner shop 450");
  auto declined =
      client.entity<order_contract>("two").place({.cents = 1, .account = "broke"}).get();
  CHECK(declined.error().code == errc::failed);
  CHECK(declined.error().type == "card_declined");
  CHECK(client.entity<order_contract>("forbidden").release().get().error().code == errc::forbidden);
}

TEST_CASE("node: an activity is completed by its token, here and with what its contract says") {
  temporary_directory folder;
  std::promise<std::string> later;
  node inside(options_in(folder));
  inside.host<orders::order>();
  inside.provide(std::make_shared<till>("", &later), {.at_once = 1});
  REQUIRE(inside.start());
  auto client = inside.client();
  REQUIRE(client.entity<order_contract>("one").place({.cents = 5}, {.until_accepted = true}).get());
  const auto token = later.get_future().get();
  CHECK(inside.complete("forged", order_contract::place_results{}).error().code == errc::malformed);
  CHECK(inside.complete(token, order_contract::place_results{}).error().code == errc::malformed);
  CHECK(inside.complete(token, orders::payments_contract::charge_results{.receipt = "by hand"}));
  CHECK(client.result<order_contract>("one").value().receipt == "by hand");
  CHECK(inside.complete(token, orders::payments_contract::charge_results{}).error().code ==
        errc::completed);
  CHECK(inside.fail(token, activity_failure("late", "too late")).error().code == errc::completed);
}

TEST_CASE("node: a type or activities given twice hinder it to start") {
  temporary_directory folder;
  node twice(options_in(folder));
  twice.provide<till>("a");
  twice.provide<till>("b");
  CHECK(twice.start().error().detail.find("payments") != std::string::npos);
}

TEST_CASE(
    "node: a program that uses it says where it listens, drains at SIGTERM and keeps its data") {
  temporary_directory folder;
  const std::vector<std::string> flags{"--data",      folder / "data", "--http",
                                       "127.0.0.1:0", "--shards",      "4"};
  for (int life = 1; life <= 2; ++life) {
    program node(node_program, flags);
    const auto line = node.read_line();
    CHECK(line.starts_with("test_cli_node listening on http://127.0.0.1:"));
    CHECK(line.ends_with(", data in " + (folder / "data")));
    auto shop = client::connect(url_in(line));
    auto book = shop.entity<ledger::ledger_contract>("one");
    CHECK(book.add({.amount = 5}).get());
    CHECK(book.total().get().value().total == 5 * life);
    node.signal(life == 1 ? SIGTERM : SIGINT);
    auto ended = node.wait();
    CHECK(ended.status == 0);
    CHECK(ended.err.find("draining") != std::string::npos);
  }
}

TEST_CASE("node: what hinders it to start is one line and status 1") {
  temporary_directory folder;
  program first(node_program,
                {"--data", folder / "data", "--http", "127.0.0.1:0", "--shards", "4"});
  const auto address = url_in(first.read_line()).substr(7);
  auto fails = [](const run_result& got, const std::string& why) {
    CHECK(got.status == 1);
    CHECK(got.out.empty());
    CHECK_MESSAGE(got.err.find(why) != std::string::npos, got.err);
    CHECK(std::ranges::count(got.err, '\n') == 1);
  };
  fails(run(node_program, {"--data", folder / "data", "--http", "127.0.0.1:0"}), folder / "data");
  fails(run(node_program, {"--data", folder / "other", "--http", address}),
        "cannot listen on " + address);
  fails(run(node_program, {"--data", folder / "other", "--http", "0.0.0.0:0"}), "--insecure");
  fails(run(node_program, {"--data", folder / "other", "--http", "nonsense"}), "--http");
  first.signal(SIGTERM);
  CHECK(first.wait().status == 0);
}

TEST_CASE("node: flags that are wrong are one line and status 2") {
  auto got = run(node_program, {"--retention", "soon"});
  CHECK(got.status == 2);
  CHECK(got.err.find("--retention") != std::string::npos);
  CHECK(std::ranges::count(got.err, '\n') == 1);
  CHECK(run(node_program, {"--nonsense"}).status == 2);
  CHECK(run(node_program, {}, "", {"PERDURE_SHARDS=many"}).status == 2);
}

TEST_CASE("node: help and version are shown with status 0") {
  auto help = run(node_program, {"--help"});
  CHECK(help.status == 0);
  for (auto* flag : {"--data", "--http", "--shards", "--retention", "--log-format", "PERDURE_"}) {
    CHECK_MESSAGE(help.out.find(flag) != std::string::npos, flag);
  }
  auto version = run(node_program, {"--version"});
  CHECK(version.status == 0);
  CHECK(version.out.starts_with("test_cli_node (perdure "));
}

TEST_CASE("node: its log is JSON when that is asked for") {
  temporary_directory folder;
  program node(node_program, {"--data", folder / "data", "--http", "127.0.0.1:0", "--shards", "4",
                              "--log-format", "json"});
  node.read_line();
  node.signal(SIGTERM);
  auto ended = node.wait();
  std::size_t begin = 0;
  while (begin < ended.err.size()) {
    const auto end = ended.err.find('\n', begin);
    auto entry = gateway::json_document::parse(ended.err.substr(begin, end - begin));
    REQUIRE_MESSAGE(entry.has_value(), ended.err);
    CHECK(entry->shown("time").ends_with('Z'));
    CHECK_FALSE(entry->shown("level").empty());
    CHECK_FALSE(entry->shown("message").empty());
    begin = end + 1;
  }
}

TEST_CASE("node: inside another program it serves with and without HTTP") {
  temporary_directory folder;
  auto options = options_in(folder);
  {
    node inside(options);
    inside.host<ledger::book>();
    REQUIRE(inside.start());
    CHECK(inside.client().entity<ledger::ledger_contract>("one").add({.amount = 5}).get());
    auto outside = client::connect("http://127.0.0.1:" + std::to_string(inside.port()));
    CHECK(outside.entity<ledger::ledger_contract>("one").total().get().value().total == 5);
    inside.stop();
    inside.stop();
  }
  options.http = "";
  options.shards = 0;
  node again(options);
  again.host<ledger::book>();
  REQUIRE(again.start());
  CHECK(again.client().entity<ledger::ledger_contract>("one").total().get().value().total == 5);
}

TEST_CASE("node: starting says what is wrong, and leaves nothing behind") {
  temporary_directory folder;
  auto options = options_in(folder);
  options.journal = "postgresql://db";
  CHECK(node(options).start().error().code == errc::malformed);
  options.journal = "lmdb";
  node first(options);
  REQUIRE(first.start());
  CHECK(node(options).start().error().code == errc::unavailable);
  auto elsewhere = options;
  elsewhere.data = folder / "other";
  elsewhere.http = "127.0.0.1:" + std::to_string(first.port());
  node second(elsewhere);
  CHECK(second.start().error().code == errc::unavailable);
  first.stop();
  CHECK(second.start());
  node twice(options);
  twice.host<ledger::book>();
  twice.host<ledger::book>();
  CHECK(twice.start().error().detail.find("ledger") != std::string::npos);
  auto resharded = options;
  resharded.shards = 8;
  CHECK(node(resharded).start().error().code == errc::malformed);
}
