// perdure-shop-demo: a shop's day over HTTP, with a SIGKILL in the middle, and every message
// accounted for. Exits with 0, or with 1 and what differs.

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>

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
  std::string day = "shop-day.jsonl";
  std::string scratch = std::filesystem::temp_directory_path();
  std::size_t connections = 64;
  day_plan plan;
};

double seconds(clock_type::duration time) { return std::chrono::duration<double>(time).count(); }

/// One line, drawn again and again on a terminal, and now and then elsewhere.
class progress {
public:
  explicit progress(std::size_t total) : total_(total) {}

  void show(std::size_t done) {
    auto now = clock_type::now();
    if (done < total_ && now - shown_ < (is_terminal_ ? 50ms : 1000ms)) return;
    shown_ = now;
    constexpr std::size_t width = 50;
    std::string bar(done * width / total_, '#');
    bar.resize(width, '.');
    std::printf("%s  %s %6zu of %zu%s", is_terminal_ ? "\r" : "", bar.c_str(), done, total_,
                is_terminal_ && done < total_ ? "" : "\n");
    std::fflush(stdout);
  }

  /// Says something on a line of its own.
  void say(const std::string& what) {
    std::printf("%s  %s\n", is_terminal_ ? "\r\033[K" : "", what.c_str());
    std::fflush(stdout);
  }

private:
  std::size_t total_;
  bool is_terminal_ = isatty(STDOUT_FILENO) == 1;
  clock_type::time_point shown_{};
};

/// A day in the life of a shop, and what is known after it.
class demo {
public:
  explicit demo(const options& chosen)
      : day_(read_day(chosen.day)),
        folder_(chosen.scratch),
        process_(chosen.shop, folder_.path() / "data"),
        everyone_(day_, chosen.connections),
        connections_(chosen.connections),
        bar_(day_.size()) {}

  /// Returns whether all is as it must be.
  bool run() {
    process_.start();
    send_until(day_.size() / 2);
    kill_and_restart();
    send_until(day_.size());
    return report();
  }

private:
  /// One attempt a call: the shoppers themselves send again what was not answered.
  perdure::http_caller connect() const {
    return perdure::http_caller(process_.url(),
                                {.deadline = perdure::duration{0}, .connections = connections_});
  }

  void await_answer(perdure::caller& shop) {
    auto began = clock_type::now();
    while (!difference(shop, {}, {"account", "nobody"}).empty()) {
      if (!process_.is_running() || clock_type::now() - began > 30s) fail("does not answer");
      std::this_thread::sleep_for(1ms);
    }
  }

  /// Sends on until so many messages of the day have been answered.
  void send_until(std::size_t enough) {
    auto shop = connect();
    await_answer(shop);
    auto began = clock_type::now();
    everyone_.go(shop);
    while (everyone_.answered() < enough) {
      bar_.show(everyone_.answered());
      if (everyone_.is_stuck()) fail("stopped answering");
      std::this_thread::sleep_for(1ms);
    }
    sending_ += clock_type::now() - began;
    if (enough == day_.size()) return bar_.show(enough), everyone_.wait();
    killed_ = clock_type::now();
    process_.kill();
    everyone_.wait();
  }

  void kill_and_restart() {
    in_doubt_ = everyone_.in_doubt().size();
    bar_.say("SIGKILL with " + std::to_string(everyone_.answered()) + " messages answered and " +
             std::to_string(in_doubt_) + " in doubt; starting again");
    process_.start();
    auto shop = connect();
    await_answer(shop);
    silence_ = clock_type::now() - killed_;
  }

  bool report() {
    ledger expected;
    key_counts once;
    for (auto& what : day_) {
      if (!expected.book(what).refused) once[what.key] = 1;
    }
    auto shop = connect();
    auto states = compare(shop, expected);
    auto found = keys_in_histories(process_.url(), expected);
    std::size_t lost = 0, doubled = 0;
    for (auto& [key, count] : once) lost += found.contains(key) ? 0 : 1;
    for (auto& [key, count] : found) doubled += count - (once.contains(key) ? 1 : 0);

    auto row = [](const char* what, const std::string& value) {
      std::printf("  %-46s %s\n", what, value.c_str());
    };
    std::printf("\n");
    row("messages answered", std::to_string(day_.size()));
    row("  of them refused, as they must be", std::to_string(everyone_.refused()));
    row("rate", fixed(static_cast<double>(day_.size()) / seconds(sending_), 0) + " messages/s");
    row("latency p50", fixed(millis_at(0.5), 2) + " ms");
    row("latency p99", fixed(millis_at(0.99), 2) + " ms");
    row("first answer after the kill", fixed(seconds(silence_) * 1'000, 0) + " ms");
    row("sent again under the same key", std::to_string(everyone_.sent_again()));
    row("acknowledged and lost", std::to_string(lost));
    row("doubled", std::to_string(doubled));
    row("carts, balances, stock levels compared", std::to_string(states.compared));
    row("  of them different", std::to_string(states.differences.size()));
    row("answers other than expected", std::to_string(everyone_.surprise_count()));
    std::printf("\n");
    for (auto& wrong : everyone_.surprises()) std::printf("ANSWER: %s\n", wrong.c_str());
    for (auto& wrong : states.differences) std::printf("STATE: %s\n", wrong.c_str());
    auto status = process_.stop();
    if (status != 0) std::printf("SIGTERM ended the shop with status %d\n", status);
    return lost == 0 && doubled == 0 && states.differences.empty() && status == 0 &&
           everyone_.surprise_count() == 0;
  }

  double millis_at(double share) {
    auto& times = everyone_.times();
    auto place =
        times.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(times.size() - 1));
    std::ranges::nth_element(times, place);
    return seconds(*place) * 1'000;
  }

  static std::string fixed(double value, int digits) {
    char text[32];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
  }

  [[noreturn]] void fail(const char* what) {
    std::printf("\nthe shop %s; the end of its log:\n", what);
    std::fflush(stdout);
    print_end_of(process_.log());
    throw std::runtime_error("the shop " + std::string(what));
  }

  std::vector<message> day_;
  temporary_folder folder_;
  shop_process process_;
  shoppers everyone_;
  std::size_t connections_;
  progress bar_;
  clock_type::duration sending_{};
  clock_type::time_point killed_;
  clock_type::duration silence_{};  ///< From the kill to the first answer after it.
  std::size_t in_doubt_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  options chosen;
  CLI::App app{"Sends a day to a shop, kills it half way, and accounts for every message."};
  app.add_option("--shop", chosen.shop, "The program perdure-shop")->required();
  app.add_option("--day", chosen.day, "File for the day's messages")->capture_default_str();
  app.add_option("--scratch", chosen.scratch, "Folder for the data")->capture_default_str();
  app.add_option("--seed", chosen.plan.seed, "Of the day")->capture_default_str();
  app.add_option("--messages", chosen.plan.messages, "Of the day")->capture_default_str();
  app.add_option("--connections", chosen.connections, "At once")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    write_day(chosen.day, make_day(chosen.plan));
    std::printf("  a day of %zu messages: %zu carts, %zu accounts, %zu stock items (%s)\n",
                chosen.plan.messages, chosen.plan.carts, chosen.plan.accounts, chosen.plan.items,
                chosen.day.c_str());
    return demo(chosen).run() ? 0 : 1;
  } catch (const std::exception& failed) {
    std::fprintf(stderr, "perdure-shop-demo: %s\n", failed.what());
    return 1;
  }
}
