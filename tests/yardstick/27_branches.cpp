// Branches, choices and split-merge: activities beside each other, or decided by the one before.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include <ranges>

#include "27_branches.perdure.h"

namespace yardstick::branches {

using namespace std::chrono_literals;

class branching final : public branches_entity {
public:
  perdure::task<branch_results> branch(branch_params what) override {
    std::vector<perdure::task<std::string>> all;
    for (std::uint32_t i = 1; i <= what.count; ++i) {
      all.push_back(work(std::to_string(i) + " of " + std::to_string(what.count)));
    }
    co_return {.results = co_await perdure::all(std::move(all))};
  }

  perdure::task<choose_results> choose() override {
    auto [fruit] = co_await shop().read_order();
    co_await order(fruit);
    co_return {.choice = fruit};
  }

  perdure::task<choose_many_results> choose_many() override {
    auto basket = co_await shop().read_basket();
    co_await perdure::for_each(basket.fruits, basket.fruits.size(),
                               [this](const std::string& fruit) { return order(fruit); });
    co_return {.choices = basket.fruits};
  }

  perdure::task<split_merge_results> split_merge(split_merge_params what) override {
    split_merge_results merged;
    co_await perdure::for_each(std::views::iota(1u, what.chunks + 1), what.chunks,
                               [&](auto chunk) { return count(chunk, merged); });
    co_return merged;
  }

private:
  fruit_contract::stub shop() { return activities<fruit_contract>({.start_to_close = 10s}); }
  perdure::task<std::string> work(std::string branch) {
    co_return (co_await shop().work({.branch = branch})).result;
  }
  perdure::task<> order(std::string fruit) {
    if (fruit == "apple") co_return co_await shop().order_apple();
    if (fruit == "banana") co_return co_await shop().order_banana();
    if (fruit == "cherry") co_return co_await shop().order_cherry();
    throw perdure::rejected("there is no " + fruit);
  }
  perdure::task<> count(std::uint32_t chunk, split_merge_results& merged) {
    auto [items, sum] = co_await shop().count_chunk({.chunk = chunk});
    merged.items += items;
    merged.sum += sum;
    merged.order.push_back(chunk);
  }
};

namespace {

TEST_CASE("branches: all run at once, and give their results in order") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<branching>();
    env.script<fruit_contract>("work")
        .answers([](const fruit_contract::work_params& what) {
          return fruit_contract::work_results{what.branch + ": done"};
        })
        .takes(5s)
        .times(3);
    const auto start = env.now();
    CHECK(branches_client(env, "b").branch({.count = 3}).get().value().results ==
          std::vector<std::string>{"1 of 3: done", "2 of 3: done", "3 of 3: done"});
    CHECK(env.now() - start == 5s);
  });
}

TEST_CASE("branches: what was read decides what is ordered, one thing or several") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<branching>();
    env.script<fruit_contract>("readOrder")
        .returns(fruit_contract::read_order_results{.fruit = "banana"})
        .returns(fruit_contract::read_order_results{.fruit = "stone"})
        .times(2);
    env.script<fruit_contract>("readBasket")
        .returns(fruit_contract::read_basket_results{.fruits = {"apple", "cherry"}})
        .times(1);
    env.script<fruit_contract>("orderApple").returns().times(1);
    env.script<fruit_contract>("orderBanana").returns().times(1);
    env.script<fruit_contract>("orderCherry").fails("sold out").returns().times(2);
    branches_client client{env, "b"};
    CHECK(client.choose().get().value().choice == "banana");
    CHECK(client.choose().get().error().detail == "there is no stone");
    CHECK(client.choose_many().get().value().choices.size() == 2);
  });
}

TEST_CASE("branches: chunks are merged as they are finished") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<branching>();
    auto count = env.script<fruit_contract>("countChunk");
    for (auto time : {3s, 1s, 2s}) {
      count.returns(fruit_contract::count_chunk_results{.items = 2, .sum = 10}).takes(time);
    }
    const auto merged = branches_client(env, "b").split_merge({.chunks = 3}).get().value();
    CHECK(merged.sum == 30);
    CHECK(merged.order == std::vector<std::uint32_t>{2, 3, 1});
    CHECK(count.called() == 3);
  });
}

}  // namespace

}  // namespace yardstick::branches
