#include <doctest/doctest.h>

#include "cart.perdure.h"
#include "entities/payload.h"

namespace {

using perdure::core::canonical;

shop::cart_state example() {
  return {.items = {{.sku = "tea", .quantity = 2, .unit_cents = -350}, {}, {.sku = "cup"}},
          .checked_out = true,
          .order_id = "o1"};
}

TEST_CASE("contract: a state of the shop is the same after encoding and decoding") {
  auto payload = perdure::encode(example());
  CHECK(perdure::decode<shop::cart_state>(payload) == example());
  CHECK(perdure::decode<shop::cart_state>(perdure::encode(shop::cart_state{})) ==
        shop::cart_state{});
}

TEST_CASE("contract: what is encoded is canonical as it is") {
  for (auto& state : {example(), shop::cart_state{}}) {
    auto payload = perdure::encode(state);
    CHECK(canonical(payload).value() == payload);
  }
  CHECK(canonical(perdure::empty_payload()).value() == perdure::empty_payload());
}

}  // namespace
