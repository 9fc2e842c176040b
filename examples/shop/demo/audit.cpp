#include "examples/shop/demo/audit.h"

#include <stdexcept>
#include <utility>

#include "account.perdure.h"
#include "cart.perdure.h"
#include "gateway/http_transport.h"
#include "gateway/json_text.h"
#include "stock.perdure.h"

namespace shop::demo {

namespace {

/// Returns the state behind an answer: that of nothing, where the entity was never written to.
template <class State, class Answer, class Read>
perdure::result<State> state_of(perdure::result<Answer> answer, Read read) {
  if (answer) return read(*answer);
  if (answer.error().code == perdure::errc::entity_not_found) return State{};
  return std::move(answer).error();
}

perdure::result<cart_account> ask_cart(perdure::caller& shop, const std::string& id) {
  return state_of<cart_account>(cart_client(shop, id).contents().get(), [](auto& found) {
    cart_account state{.lines = {}, .checked_out = found.checked_out};
    for (auto& line : found.items) state.lines[{line.sku, line.unit_cents}] += line.quantity;
    return state;
  });
}

perdure::result<std::int64_t> ask_account(perdure::caller& shop, const std::string& id) {
  return state_of<std::int64_t>(account_client(shop, id).balance().get(),
                                [](auto& found) { return found.balance_cents; });
}

/// What is available, and what is reserved; single reservations are not asked for.
struct stock_level {
  std::int64_t available = 0;
  std::int64_t reserved = 0;
  friend bool operator==(const stock_level&, const stock_level&) = default;
};

perdure::result<stock_level> ask_stock(perdure::caller& shop, const std::string& id) {
  return state_of<stock_level>(stock_client(shop, id).available().get(), [](auto& found) {
    return stock_level{found.quantity, found.reserved};
  });
}

std::string in_words(std::int64_t balance) { return std::to_string(balance) + " cents"; }

std::string in_words(const stock_level& level) {
  return std::to_string(level.available) + " available, " + std::to_string(level.reserved) +
         " reserved";
}

std::string in_words(const cart_account& cart) {
  return std::to_string(cart.quantity()) + " items in " + std::to_string(cart.lines.size()) +
         " lines for " + std::to_string(cart.cents()) + " cents" +
         (cart.checked_out ? ", checked out" : "");
}

template <class State>
std::string difference_of(const perdure::entity_id& entity, const State& expected,
                          const perdure::result<State>& found) {
  if (found && *found == expected) return "";
  return to_string(entity) + ": expected " + in_words(expected) + ", found " +
         (found ? in_words(*found) : found.error().detail);
}

/// Adds the keys of one entity's history, page by page.
void read_history(perdure::gateway::http_transport& transport, const perdure::entity_id& entity,
                  key_counts& counts) {
  std::string from = "1";
  while (!from.empty()) {
    auto path = "/v1/entities/" + to_string(entity) + "/history?limit=1000&from=" + from;
    auto answer = transport.fetch({.path = path}, std::chrono::seconds{30}).value();
    if (answer.status == 404) return;
    auto page = perdure::gateway::json_document::parse(answer.body);
    auto events = page ? page->find("events") : nullptr;
    if (!events) throw std::runtime_error(path + " answered: " + answer.body);
    for (auto& event : *events->elements()) {
      if (auto key = event.find("idempotencyKey")) ++counts[*key->text()];
    }
    from = page->shown("next");
  }
}

template <class States>
auto state_in(const States& states, const std::string& id) {
  auto found = states.find(id);
  return found == states.end() ? typename States::mapped_type{} : found->second;
}

}  // namespace

std::string difference(perdure::caller& shop, const ledger& expected,
                       const perdure::entity_id& entity) {
  if (entity.type == "cart") {
    return difference_of(entity, state_in(expected.carts(), entity.id), ask_cart(shop, entity.id));
  }
  if (entity.type == "account") {
    return difference_of(entity, state_in(expected.balances(), entity.id),
                         ask_account(shop, entity.id));
  }
  auto stock = state_in(expected.stock(), entity.id);
  return difference_of(entity, stock_level{stock.available, stock.reserved()},
                       ask_stock(shop, entity.id));
}

key_counts keys_in_histories(const std::string& url, const ledger& expected) {
  auto server = perdure::gateway::http_address::parse(url).value();
  perdure::gateway::http_transport transport(server, 1);
  key_counts counts;
  auto read = [&](const std::string& type, auto& states) {
    for (auto& [id, state] : states) read_history(transport, {type, id}, counts);
  };
  read("cart", expected.carts());
  read("account", expected.balances());
  read("stock", expected.stock());
  return counts;
}

audit compare(perdure::caller& shop, const ledger& expected) {
  audit found;
  auto check = [&](const char* type, auto& states) {
    for (auto& [id, state] : states) {
      ++found.compared;
      auto wrong = difference(shop, expected, {type, id});
      if (!wrong.empty()) found.differences.push_back(std::move(wrong));
    }
  };
  check("cart", expected.carts());
  check("account", expected.balances());
  check("stock", expected.stock());
  return found;
}

}  // namespace shop::demo
