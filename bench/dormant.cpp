// A shop with a million carts that nobody has touched for long, started again.

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>

#include <perdure/http_client.h>

#include "bench/harness.h"
#include "cart.perdure.h"
#include "examples/shop/cart.h"
#include "examples/shop/demo/shop_process.h"
#include "persistence/lmdb/lmdb_journal.h"
#include "runtime/engine.h"

namespace perdure::bench {

namespace {

/// Writes carts in process, which takes seconds, not minutes; the shop finds them as its own.
void write_carts(const std::filesystem::path& folder, std::size_t carts) {
  system_clock wall;
  persistence::lmdb_options options;
  options.directory = folder;
  options.shard_count = 256;  // As a node does for new data.
  auto store = persistence::open_lmdb_journal(std::move(options)).value();
  runtime::engine_limits limits;
  limits.active_bytes = std::size_t{256} << 20;
  runtime::engine engine(*store, wall, limits);
  engine.host(type_of<shop::cart>());
  engine.start();

  constexpr std::size_t at_once = 10'000;
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t answered = 0, refused = 0;
  for (std::size_t sent = 0; sent < carts; ++sent) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return sent - answered < at_once; });
    lock.unlock();
    shop::cart_client(engine, "cart-" + std::to_string(sent))
        .add_item({.sku = "tea", .quantity = 1, .unit_cents = 450})
        .then([&](const result<receipt>& got) {
          std::lock_guard guard(mutex);
          ++answered;
          if (!got) ++refused;
          if (answered == carts || answered % (at_once / 2) == 0) changed.notify_one();
        });
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return answered == carts; });
  if (refused > 0) throw std::runtime_error(std::to_string(refused) + " carts were refused");
}

}  // namespace

void dormant(run& r) {
  auto carts = r.size(1'000'000, 200);
  auto data = r.folder("dormant") / "data";
  write_carts(data, carts);
  r.report("disk of a dormant entity",
           static_cast<double>(disk_usage(data)) / static_cast<double>(carts), "bytes");

  shop::demo::shop_process process(r.shop(), data);
  stopwatch start;
  process.start();
  http_caller client(process.url(), {.pause_first = duration{1}, .pause_max = duration{1}});
  auto found = shop::cart_client(client, "cart-17").total().get().value();
  if (found.cents != 450) throw std::runtime_error("the carts are not what was written");
  r.report("reopening with 1,000,000 entities, first answer", start.seconds() * 1'000, "ms",
           at_most(2'000));
  auto used = memory_of(process.process());
  constexpr double mebibyte = 1'024 * 1'024;
  r.report("  memory after it (RSS)", static_cast<double>(used.resident) / mebibyte, "MiB",
           at_most(150));
  r.report("  of that, not mapped files", static_cast<double>(used.anonymous) / mebibyte, "MiB");
  if (process.stop() != 0) {
    throw std::runtime_error("the shop did not drain; see " + process.log().string());
  }
}

}  // namespace perdure::bench
