// Money under SIGKILL: transfers among accounts and orders with payments that fail, on a shop that
// is killed every few seconds. Every transfer is asked for until it is accepted, and at the end for
// its result; then each account must have to the cent what the completed transfers say, and each
// item of the stock what the completed orders left.
//
// usage: perdure-crash-transfers --shop PROGRAM [--transfers N] [--accounts N] [--kill-every MS]
//        [--seed N] [--scratch FOLDER]

#include <CLI/CLI.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <perdure/http_client.h>

#include "account.perdure.h"
#include "examples/shop/demo/shop_process.h"
#include "order.perdure.h"
#include "stock.perdure.h"
#include "transfer.perdure.h"

namespace {

using namespace std::chrono_literals;
using namespace shop;
using namespace shop::demo;

struct options {
  std::string shop;
  std::string scratch = ".";
  std::size_t transfers = 100'000;
  std::size_t accounts = 100;
  std::size_t orders_in = 20;  ///< One order in so many transfers.
  std::uint32_t kill_every = 3'000;
  std::uint64_t seed = 0;
  std::size_t lanes = 128;
};

constexpr std::int64_t initial_cents = 100'000;
constexpr std::uint32_t initial_stock = 1'000'000;
constexpr std::size_t items = 10;

/// Does `count` things, `width` of them at once: `begin(index, done)`.
void in_lanes(std::size_t count, std::size_t width,
              const std::function<void(std::size_t, std::function<void()>)>& begin) {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t under_way = 0;
  for (std::size_t i = 0; i < count; ++i) {
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return under_way < width; });
      ++under_way;
    }
    begin(i, [&] {
      std::lock_guard lock(mutex);
      --under_way;
      changed.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return under_way == 0; });
}

/// Kills a shop again and again until it is told to stop.
class executioner {
public:
  executioner(shop_process& whom, std::chrono::milliseconds every)
      : thread_([this, &whom, every] {
          std::unique_lock lock(mutex_);
          while (!told_.wait_for(lock, every, [&] { return stopping_; })) {
            whom.kill();
            whom.start();
            ++kills_;
          }
        }) {}
  ~executioner() { stop(); }

  void stop() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    told_.notify_one();
    if (thread_.joinable()) thread_.join();
  }
  std::size_t kills() const { return kills_; }

private:
  std::mutex mutex_;
  std::condition_variable told_;
  bool stopping_ = false;
  std::atomic<std::size_t> kills_ = 0;
  std::thread thread_;
};

class bank {
public:
  explicit bank(const options& chosen)
      : options_(chosen),
        random_(chosen.seed),
        folder_(chosen.scratch),
        shop_(chosen.shop, folder_.path() / "data",
              {"--payments-failure-rate", "0.2", "--payments-delay", "5ms"}),
        client_(shop_.url(), {.deadline = perdure::duration{20min}}) {
    for (std::size_t i = 0; i < options_.transfers; ++i) {
      const auto from = random_() % options_.accounts;
      const auto to = (from + 1 + random_() % (options_.accounts - 1)) % options_.accounts;
      plan_.push_back({account(from), account(to), 1 + static_cast<std::int64_t>(random_() % 500)});
    }
  }

  bool endure() {
    shop_.start();
    for (std::size_t i = 0; i < options_.accounts; ++i) {
      account_client{client_, account(i)}.deposit({.cents = initial_cents}).get().value();
    }
    for (std::size_t i = 0; i < items; ++i) {
      stock_client{client_, item(i)}.receive({.quantity = initial_stock}).get().value();
    }
    const auto began = std::chrono::steady_clock::now();
    executioner killer(shop_, std::chrono::milliseconds{options_.kill_every});
    start_all();
    await_all();
    killer.stop();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    check_accounts();
    check_stock();
    if (auto status = shop_.stop(); status != 0) {
      wrong("SIGTERM ended the shop with status " + std::to_string(status));
    }
    std::printf(
        "%zu transfers (%zu refused) and %zu orders (%zu not completed), %zu kills, %.1f s\n",
        plan_.size(), refused_.load(), orders(), unpaid_.load(), killer.kills(), took.count());
    for (auto& each : wrong_) std::printf("WRONG: %s\n", each.c_str());
    if (!wrong_.empty()) print_end_of(shop_.log());
    return wrong_.empty();
  }

private:
  struct planned {
    std::string from, to;
    std::int64_t cents;
    bool completed = false;
  };

  static std::string account(std::size_t number) { return "account-" + std::to_string(number); }
  static std::string item(std::size_t number) { return "item-" + std::to_string(number); }
  static std::string name(const char* what, std::size_t number) {
    return what + std::to_string(number);
  }
  std::size_t orders() const { return options_.transfers / options_.orders_in; }

  auto transfer(std::size_t i, bool wait) {
    auto& what = plan_[i];
    return transfer_client{client_, name("t", i)}.move(
        {.from = what.from, .to = what.to, .cents = what.cents},
        {.key = name("transfer-", i), .until_accepted = !wait, .patience = 20min});
  }
  auto order(std::size_t i, bool wait) {
    return order_client{client_, name("o", i)}.place(
        {.account = "payer",
         .lines = {{.sku = item(i % items), .quantity = 1, .unit_cents = 100},
                   {.sku = item((i + 1) % items), .quantity = 2, .unit_cents = 50}}},
        {.key = name("order-", i), .until_accepted = !wait, .patience = 20min});
  }

  void start_all() {
    in_lanes(plan_.size(), options_.lanes, [this](std::size_t i, auto done) {
      const bool orders_too = i % options_.orders_in == 0 && i / options_.orders_in < orders();
      if (orders_too) {
        order(i / options_.orders_in, false).then([this](const auto& how) {
          if (!how) wrong("an order was not accepted: " + how.error().detail);
        });
      }
      transfer(i, false).then([this, i, done](const auto& how) {
        if (!how) wrong(name("t", i) + " was not accepted: " + how.error().detail);
        done();
      });
    });
  }

  void await_all() {
    in_lanes(plan_.size(), options_.lanes, [this](std::size_t i, auto done) {
      transfer(i, true).then([this, i, done](const auto& how) {
        if (!how) wrong(name("t", i) + " has no result: " + how.error().detail);
        if (how) plan_[i].completed = how->status == "completed";
        if (how && !plan_[i].completed) ++refused_;
        done();
      });
    });
    completed_orders_.assign(orders(), 0);
    in_lanes(orders(), options_.lanes, [this](std::size_t i, auto done) {
      order(i, true).then([this, i, done](const auto& how) {
        if (!how) wrong(name("o", i) + " has no result: " + how.error().detail);
        completed_orders_[i] = how && how->status == "completed";
        if (!completed_orders_[i]) ++unpaid_;
        done();
      });
    });
  }

  void check_accounts() {
    std::map<std::string, std::int64_t> expected;
    for (std::size_t i = 0; i < options_.accounts; ++i) expected[account(i)] = initial_cents;
    for (auto& each : plan_) {
      if (!each.completed) continue;
      expected[each.from] -= each.cents;
      expected[each.to] += each.cents;
    }
    for (auto& [id, cents] : expected) {
      const auto found = account_client{client_, id}.balance().get().value().balance_cents;
      if (found != cents) {
        wrong(id + ": expected " + std::to_string(cents) + " cents, has " + std::to_string(found));
      }
    }
  }

  void check_stock() {
    std::map<std::string, std::uint32_t> expected;
    for (std::size_t i = 0; i < items; ++i) expected[item(i)] = initial_stock;
    for (std::size_t i = 0; i < orders(); ++i) {
      if (!completed_orders_[i]) continue;
      expected[item(i % items)] -= 1;
      expected[item((i + 1) % items)] -= 2;
    }
    // What orders shipped or released at their end may still be on its way.
    const auto until = std::chrono::steady_clock::now() + 2min;
    for (auto& [id, quantity] : expected) {
      stock_client shelf{client_, id};
      auto found = shelf.available().get().value();
      while (found.reserved > 0 && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(20ms);
        found = shelf.available().get().value();
      }
      if (found.quantity != quantity || found.reserved != 0) {
        wrong(id + ": expected " + std::to_string(quantity) + ", has " +
              std::to_string(found.quantity) + " and " + std::to_string(found.reserved) +
              " reserved");
      }
    }
  }

  void wrong(std::string what) {
    std::lock_guard lock(mutex_);
    if (wrong_.size() < 20) wrong_.push_back(std::move(what));
  }

  options options_;
  std::mt19937_64 random_;
  std::vector<planned> plan_;
  std::vector<char> completed_orders_;
  temporary_folder folder_;
  shop_process shop_;
  perdure::http_caller client_;
  std::atomic<std::size_t> refused_ = 0;
  std::atomic<std::size_t> unpaid_ = 0;
  std::mutex mutex_;
  std::vector<std::string> wrong_;
};

}  // namespace

int main(int argc, char** argv) {
  options chosen;
  chosen.seed = std::random_device{}();
  CLI::App app{"Kills a shop while money moves, and counts it afterwards."};
  app.add_option("--shop", chosen.shop, "The program perdure-shop")->required();
  app.add_option("--scratch", chosen.scratch, "Folder for the data")->capture_default_str();
  app.add_option("--transfers", chosen.transfers, "How many")->capture_default_str();
  app.add_option("--accounts", chosen.accounts, "Among how many")->capture_default_str();
  app.add_option("--kill-every", chosen.kill_every, "Milliseconds")->capture_default_str();
  app.add_option("--lanes", chosen.lanes, "Requests under way at once")->capture_default_str();
  app.add_option("--seed", chosen.seed, "Plans the same transfers again");
  CLI11_PARSE(app, argc, argv);
  std::printf("seed %llu\n", static_cast<unsigned long long>(chosen.seed));
  std::fflush(stdout);
  try {
    return bank(chosen).endure() ? 0 : 1;
  } catch (const std::exception& failed) {
    std::fprintf(stderr, "perdure-crash-transfers: %s\n", failed.what());
    return 1;
  }
}
