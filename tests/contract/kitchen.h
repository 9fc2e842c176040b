#pragma once

/// Values of the kitchen-sink contract, with something in every field.

#include <string_view>

#include "kitchen.perdure.h"

namespace kitchen_example {

inline perdure::bytes bytes_of(std::string_view text) {
  auto view = perdure::as_bytes_view(text);
  return {view.begin(), view.end()};
}

inline acme::common::money euros(std::int64_t cents) { return {.cents = cents}; }

inline kitchen::numbers numbers() {
  return {.bool_ = true,
          .i8 = -128,
          .i16 = -32768,
          .i32 = -2147483647 - 1,
          .i64 = -9223372036854775807 - 1,
          .u8 = 255,
          .u16 = 65535,
          .u32 = 4294967295,
          .u64 = 18446744073709551615u,
          .f32 = -1.25f,
          .f64 = 1e300,
          .color = kitchen::color::default_};
}

inline kitchen::defaults no_defaults() {
  return {.bool_ = false,
          .i8 = 0,
          .i64 = 0,
          .u64 = 0,
          .f32 = 0,
          .f64 = 0,
          .not_a_number = 0,
          .color = kitchen::color::red,
          .text = "",
          .data = {},
          .numbers = {},
          .texts = {},
          .money = {},
          .moneys = {},
          .zero = 1,
          .empty = "full"};
}

inline kitchen::lists lists() {
  return {.bools = {true, false, true},
          .i8s = {-1, 0, 1},
          .u16s = {1, 65535},
          .i32s = {-5},
          .u64s = {18446744073709551615u, 0},
          .f32s = {0.5f, -0.0f},
          .f64s = {0.1, 1e-300},
          .colors = {kitchen::color::dark_green, kitchen::color::red},
          .texts = {"", "a", "ünï ☃ 𝄞"},
          .datas = {bytes_of(""), bytes_of(std::string_view("\0\1", 2))},
          .moneys = {euros(1), {}, euros(-3)},
          .matrix = {{1, 2}, {}, {3}},
          .words = {{"x", ""}, {}},
          .grid = {{}, {euros(4), {}}},
          .u8s = {0, 255},
          .units = {acme::common::unit::gram}};
}

inline kitchen::optionals optionals() {
  return {.text = "", .data = perdure::bytes{}, .list = {{}}, .money = acme::common::money{}};
}

inline std::vector<kitchen::order> orders() {
  using kitchen::order;
  using status = order::status_is;
  std::vector<order> all(7);
  all[0].id = "one";
  all[0].line = {.sku = "tea", .order = "one"};
  all[0].address.street = "Ring 1";
  all[0].address.zip = 0;
  all[0].address.contact = order::address_group::contact_is::mail{"me@example.org"};
  all[1].status = status::paid{euros(5)};
  all[2].status = status::refunded{};
  all[2].which = order::which_is::card{"1234"};
  all[3].status =
      status::shipped{.carrier = "boat", .at = 12, .which = status::shipped::which_is::express{3}};
  all[4].status = status::parts{{{.sku = "cup"}, {}}};
  all[5].status = status::class_{};
  all[5].which = order::which_is::limit{true};
  all[6].status = status::class_{0};
  return all;
}

inline kitchen::tree tree() {
  kitchen::tree root{.name = "root"};
  root.left = kitchen::tree{.name = "left"};
  root.left->right = kitchen::tree{};
  root.children = {{.name = "first"}, {}, {.name = "third", .children = {{.name = "deep"}}}};
  root.which = kitchen::tree::which_is::graft{kitchen::tree{.name = "graft"}};
  return root;
}

inline kitchen::chicken chicken() {
  kitchen::egg egg{.weight = 60};
  egg.chicken = kitchen::chicken{};
  kitchen::chicken hen;
  hen.eggs = {egg, {}};
  hen.mother = egg;
  return hen;
}

inline kitchen::state state() {
  return {.numbers = numbers(),
          .defaults = no_defaults(),
          .lists = lists(),
          .optionals = optionals(),
          .orders = orders(),
          .tree = tree(),
          .chicken = chicken(),
          .the_http_server = "http",
          .sha256_sum = bytes_of("sum")};
}

}  // namespace kitchen_example
