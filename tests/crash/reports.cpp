// What a worker outside was told to be taken is taken: a node is killed right behind each answer to
// a report of an activity's end, and has to know of that end when it is back. Nor may an orderly
// end of the node lose what was reported to an entity that is paused.
//
// usage: perdure-crash-reports --node PROGRAM [--reports N] [--scratch FOLDER]

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "examples/shop/demo/shop_process.h"
#include "gateway/http_transport.h"
#include "gateway/json_text.h"

namespace {

using namespace std::chrono_literals;
using perdure::gateway::http_response;
using perdure::gateway::http_transport;
using perdure::gateway::http_verb;
using perdure::gateway::json_document;

struct options {
  std::string node;
  std::string scratch = ".";
  std::size_t reports = 30;  ///< Of each kind.
};

constexpr perdure::duration patience = 60s;

/// What a worker says of an activity, and what the history has to say then.
struct report {
  std::string name;
  std::string verb;  ///< The last segment of the path.
  std::string body;
  std::string recorded;
};

class trial {
public:
  explicit trial(const options& chosen)
      : reports_(chosen.reports),
        folder_(chosen.scratch),
        node_(chosen.node, folder_.path() / "data") {}

  /// Returns whether nothing that was taken was lost.
  bool pass() {
    start();
    for (std::size_t i = 0; i < reports_; ++i) {
      const auto receipt = "r-" + std::to_string(i);
      kill_behind({"completed-" + std::to_string(i), "complete",
                   R"({"receipt":")" + receipt + "\"}", R"("receipt":")" + receipt + '"'});
      const auto type = "declined-" + std::to_string(i);
      kill_behind({"failed-" + std::to_string(i), "fail",
                   R"({"type":")" + type + R"(","message":"no","retryable":false})", type});
    }
    end_while_paused(
        {"paused", "complete", R"({"receipt":"r-paused"})", R"("receipt":"r-paused")"});
    node_.stop();
    std::printf("%zu reports answered, %zu lost\n", answered_, lost_);
    return lost_ == 0 && answered_ == 2 * reports_ + 1;
  }

private:
  void start() {
    node_.start();
    client_ = std::make_unique<http_transport>(
        perdure::gateway::http_address{"127.0.0.1", node_.port()}, 4);
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
      if (const auto ready = client_->fetch({http_verb::get, "/readyz"}, patience);
          ready && ready->succeeded()) {
        return;
      }
      if (!node_.is_running() || std::chrono::steady_clock::now() > until) {
        shop::demo::print_end_of(node_.log());
        throw std::runtime_error("the node does not come up");
      }
      std::this_thread::sleep_for(2ms);
    }
  }

  http_response ask(http_verb verb, const std::string& path, const std::string& body = {}) {
    auto got = client_->fetch({verb, path, {}, body}, patience);
    if (!got) throw std::runtime_error(path + ": " + got.error().detail);
    return *std::move(got);
  }
  http_response require(http_verb verb, const std::string& path, const std::string& body = {}) {
    auto got = ask(verb, path, body);
    if (!got.succeeded()) throw std::runtime_error(path + ": " + got.body);
    return got;
  }

  static std::string path_of(const report& what) { return "/v1/entities/order/" + what.name; }

  /// Begins an order; returns where the end of its activity is reported.
  std::string begin(const report& what) {
    require(http_verb::post, path_of(what), R"({"cents":450,"account":"alice"})");
    const auto work = require(http_verb::post, "/v1/activities/payments/poll?timeout=30s");
    const auto read = json_document::parse(work.body);
    if (work.status != 200 || !read) throw std::runtime_error(what.name + " has no activity");
    return "/v1/activities/" + read->shown("token") + '/' + what.verb;
  }

  void check(const report& what) {
    const auto history = require(http_verb::get, path_of(what) + "/history").body;
    if (history.find("activity_ended") != history.npos &&
        history.find(what.recorded) != history.npos) {
      return;
    }
    ++lost_;
    std::printf("LOST: %s, %s: %s\n", what.name.c_str(), what.verb.c_str(), history.c_str());
  }

  void kill_behind(const report& what) {
    const auto path = begin(what);
    const auto told = client_->fetch({http_verb::post, path, {}, what.body}, patience);
    node_.kill();
    if (!told || told->status != 200) throw std::runtime_error(what.name + " was not taken");
    ++answered_;
    start();
    check(what);
  }

  /// Here the report may be refused for the time being, and is made again then.
  void end_while_paused(const report& what) {
    const auto path = begin(what);
    require(http_verb::post, path_of(what) + "/pause", "{}");
    bool taken = false;
    std::thread worker{[&] {
      const auto told = client_->fetch({http_verb::post, path, {}, what.body}, patience);
      taken = told && told->status == 200;
    }};
    std::this_thread::sleep_for(200ms);
    const auto status = node_.stop();
    worker.join();
    if (status != 0) throw std::runtime_error("the node ended with " + std::to_string(status));
    start();
    require(http_verb::post, path_of(what) + "/resume");
    if (!taken) require(http_verb::post, path, what.body);
    ++answered_;
    require(http_verb::get, path_of(what) + "/result?timeout=10s");
    check(what);
  }

  const std::size_t reports_;
  shop::demo::temporary_folder folder_;
  shop::demo::shop_process node_;
  std::unique_ptr<http_transport> client_;
  std::size_t answered_ = 0;
  std::size_t lost_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  options chosen;
  CLI::App app{"Kills a node right behind its answers to workers."};
  app.add_option("--node", chosen.node, "The program perdure-crash-reports-node")->required();
  app.add_option("--scratch", chosen.scratch, "Folder for the data")->capture_default_str();
  app.add_option("--reports", chosen.reports, "How many of each kind")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    return trial(chosen).pass() ? 0 : 1;
  } catch (const std::exception& failed) {
    std::fprintf(stderr, "perdure-crash-reports: %s\n", failed.what());
    return 1;
  }
}
