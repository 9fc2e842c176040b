// The shop through HTTP: 64 connections of wrk, each signal durable before it is answered.

#include <stdexcept>

#include "bench/harness.h"
#include "examples/shop/demo/shop_process.h"
#include "gateway/json_text.h"

namespace perdure::bench {

void http(run& r) {
  auto folder = r.folder("http");
  shop::demo::shop_process shop(r.shop(), folder / "data");
  shop.start();
  wait_until_ready(shop.url());
  auto printed = output_of({"wrk", "-t", "1", "-c", "64", "-d", r.is_tiny() ? "1s" : "10s", "-s",
                            PERDURE_SOURCE_DIR "/bench/shop.lua", shop.url()});
  auto line = printed.substr(printed.rfind('{'));
  auto said = gateway::json_document::parse(line).value();
  auto number = [&](std::string_view name) { return std::stod(said.shown(name)); };
  if (number("errors") > 0) throw std::runtime_error("wrk met errors: " + line);

  r.report("HTTP, 64 connections, 1,000 carts", number("requests") / number("seconds"), "1/s",
           at_least(15'000));
  r.report("  p50", number("p50_us") / 1'000, "ms");
  r.report("  p99", number("p99_us") / 1'000, "ms", at_most(25));
  if (shop.stop() != 0)
    throw std::runtime_error("the shop did not drain; see " + shop.log().string());
}

}  // namespace perdure::bench
