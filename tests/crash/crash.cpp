// SIGKILL, again and again, on a real shop under load. After each kill the shop is started on the
// same data, and two things are checked: of each message in doubt at the kill (sent, not answered)
// either all or nothing is there; of messages that were answered before, at a sample of entities,
// all is there, once. Then the messages in doubt are sent again under their keys, and the load goes
// on. At the end everything is compared, and the whole history of kills left no trace.
//
// usage: perdure-crash --shop PROGRAM [--kills N] [--seed N] [--scratch FOLDER]

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <perdure/http_client.h>

#include "examples/shop/demo/audit.h"
#include "examples/shop/demo/shop_process.h"
#include "examples/shop/demo/shoppers.h"

namespace {

using namespace std::chrono_literals;
using namespace shop::demo;
using clock_type = shoppers::clock;

struct options {
  std::string shop;
  std::string scratch = ".";
  std::size_t kills = 200;
  std::uint64_t seed = 0;
  std::size_t lanes = 48;
};

constexpr auto first_answer_max = 10s;
constexpr std::size_t entities_sampled = 12;

/// All the kills of one seed.
class ordeal {
public:
  explicit ordeal(const options& chosen)
      : options_(chosen),
        random_(chosen.seed),
        day_(make_day({.seed = chosen.seed,
                       .messages = 2'000 + chosen.kills * 1'000,
                       .carts = 1'000,
                       .accounts = 200,
                       .items = 50})),
        folder_(chosen.scratch),
        shop_(chosen.shop, folder_.path() / "data"),
        everyone_(day_, chosen.lanes) {}

  /// Returns whether nothing was lost, doubled or answered wrongly.
  bool endure() {
    for (std::size_t kill = 0; kill <= options_.kills; ++kill) {
      auto began = clock_type::now();
      shop_.start();
      perdure::http_caller client(shop_.url(), {.deadline = perdure::duration{0}});
      if (!await_answer(client, began)) return false;
      if (kill > 0) check_after_kill(client);
      if (kill == options_.kills) return conclude(client);
      everyone_.go(client);
      std::this_thread::sleep_for(std::chrono::milliseconds(10 + random_() % 90));
      shop_.kill();
      everyone_.wait();
      if (!differences_.empty()) return report(), false;
      if (everyone_.is_over()) return std::printf("the day was too short\n"), false;
    }
    return false;
  }

private:
  /// Waits for the first answer to any question.
  bool await_answer(perdure::http_caller& client, clock_type::time_point began) {
    ledger nothing;
    while (clock_type::now() - began < first_answer_max) {
      if (!shop_.is_running()) break;
      if (difference(client, nothing, {"account", "nobody"}).empty()) {
        first_answers_.push_back(clock_type::now() - began);
        return true;
      }
      std::this_thread::sleep_for(1ms);
    }
    std::printf("no answer after kill %zu; the log ends:\n", first_answers_.size());
    return print_end_of(shop_.log()), false;
  }

  void check_after_kill(perdure::caller& client) {
    auto in_doubt = everyone_.in_doubt();
    in_doubt_ += in_doubt.size();
    std::set<perdure::entity_id> doubtful;
    for (auto* what : in_doubt) {
      doubtful.insert(what->to);
      auto after = everyone_.booked().only(what->to);
      after.book(*what);
      auto without = difference(client, everyone_.booked(), what->to);
      if (without.empty()) continue;
      auto with = difference(client, after, what->to);
      if (!with.empty()) {
        note("in doubt: " + to_line(*what) + "\n  without it " + without + "\n  with it " + with);
      }
    }
    for (std::size_t i = 0; i < entities_sampled; ++i) {
      auto& entity = day_[random_() % day_.size()].to;
      if (doubtful.contains(entity)) continue;
      if (auto wrong = difference(client, everyone_.booked(), entity); !wrong.empty()) note(wrong);
    }
  }

  bool conclude(perdure::http_caller& client) {
    // What is in doubt is sent again; nothing else.
    everyone_.go(client);
    std::this_thread::sleep_for(50ms);
    everyone_.pause();
    everyone_.wait();
    auto all = compare(client, everyone_.booked());
    for (auto& wrong : all.differences) note(wrong);
    for (auto& wrong : everyone_.surprises()) note("answer: " + wrong);
    auto status = shop_.stop();
    if (status != 0) note("SIGTERM ended the shop with status " + std::to_string(status));
    report();
    std::printf("%zu entities compared, %zu differ\n", all.compared, all.differences.size());
    return differences_.empty();
  }

  void note(std::string wrong) {
    if (differences_.size() < 20) differences_.push_back(std::move(wrong));
  }

  void report() {
    std::ranges::sort(first_answers_);
    auto millis = [](clock_type::duration time) {
      return std::chrono::duration<double, std::milli>(time).count();
    };
    std::printf("%zu kills, %zu messages answered (%zu refused), %zu in doubt at a kill\n",
                first_answers_.size() - 1, everyone_.answered(), everyone_.refused(), in_doubt_);
    std::printf("first answer after a start: p50 %.0f ms, worst %.0f ms\n",
                millis(first_answers_[first_answers_.size() / 2]), millis(first_answers_.back()));
    for (auto& wrong : differences_) std::printf("WRONG: %s\n", wrong.c_str());
  }

  options options_;
  std::mt19937_64 random_;
  std::vector<message> day_;
  temporary_folder folder_;
  shop_process shop_;
  shoppers everyone_;
  std::vector<clock_type::duration> first_answers_;
  std::size_t in_doubt_ = 0;
  std::vector<std::string> differences_;
};

}  // namespace

int main(int argc, char** argv) {
  options chosen;
  chosen.seed = std::random_device{}();
  CLI::App app{"Kills a shop under load and accounts for every message."};
  app.add_option("--shop", chosen.shop, "The program perdure-shop")->required();
  app.add_option("--scratch", chosen.scratch, "Folder for the data")->capture_default_str();
  app.add_option("--kills", chosen.kills, "How often")->capture_default_str();
  app.add_option("--lanes", chosen.lanes, "Messages under way at once")->capture_default_str();
  app.add_option("--seed", chosen.seed, "Runs the same day with the same pauses again");
  CLI11_PARSE(app, argc, argv);
  std::printf("seed %llu\n", static_cast<unsigned long long>(chosen.seed));
  std::fflush(stdout);
  try {
    return ordeal(chosen).endure() ? 0 : 1;
  } catch (const std::exception& failed) {
    std::fprintf(stderr, "perdure-crash: %s\n", failed.what());
    return 1;
  }
}
