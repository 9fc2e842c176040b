// An entity asks another one and waits for its answer: a clerk enters what the customer says into
// an order, which at last has a shipment of its own.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include <set>

#include "11_entity_asks_entity.perdure.h"

namespace yardstick::shirts {

using namespace std::chrono_literals;

class clerk final : public clerk_entity {
public:
  perdure::task<tell_results> tell(tell_params what) override {
    ++state.asked;
    auto entered = co_await entity<shirt_order_contract>(what.order)
                       .enter({.stage = what.stage, .value = what.value})
                       .as_result();
    if (!entered) co_return {.next = what.stage, .refused = entered.error().detail};
    co_return {.next = entered->next};
  }
};

class shirt_order final : public shirt_order_entity {
public:
  perdure::task<sell_results> sell() override {
    co_await wait_until([this] { return stage() == "shipping"; });
    auto shipped = co_await child<shipment_contract>(self().id).ship(
        {.email = state.email, .shirt = state.color + ' ' + state.size});
    co_return {.delivery = shipped.delivery};
  }

  perdure::task<enter_results> enter(enter_params what) override {
    if (what.stage != stage()) throw perdure::rejected("first the " + stage());
    if (what.stage == "email") {
      co_await activities<warehouse_contract>().check_email({.email = what.value});
      state.email = what.value;
    } else if (what.stage == "size") {
      if (!sizes.contains(what.value)) throw perdure::rejected("no such size");
      state.size = what.value;
    } else {
      if (!colors.contains(what.value)) throw perdure::rejected("no such color");
      state.color = what.value;
    }
    co_return {.next = stage()};
  }

private:
  std::string stage() const {
    if (state.email.empty()) return "email";
    if (state.size.empty()) return "size";
    return state.color.empty() ? "color" : "shipping";
  }

  static inline const std::set<std::string> sizes{"small", "medium", "large"};
  static inline const std::set<std::string> colors{"red", "blue", "black"};
};

class shipment final : public shipment_entity {
public:
  perdure::task<ship_results> ship(ship_params what) override {
    state.email = what.email;
    auto when = co_await activities<warehouse_contract>().schedule({.shirt = what.shirt});
    co_return {.delivery = when.delivery};
  }
};

TEST_CASE("a clerk asks an order step by step, and is told what is refused") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<clerk>().host<shirt_order>().host<shipment>();
    env.script<warehouse_contract>("checkEmail")
        .fails_for_good("malformed", "no address")
        .returns()
        .takes(3s)
        .times(2);
    auto schedule = env.script<warehouse_contract>("schedule")
                        .returns(warehouse_contract::schedule_results{.delivery = "tomorrow"});
    auto sold = env.send(shirt_order_client(env, "o1").sell());
    clerk_client bob{env, "bob"};
    auto tell = [&](std::string stage, std::string value) {
      return bob.tell({.order = "o1", .stage = stage, .value = value}).get().value();
    };
    CHECK(tell("color", "red").refused == "first the email");
    CHECK(tell("email", "nowhere").refused.find("no address") != std::string::npos);
    CHECK(tell("email", "ada@example.org").next == "size");
    CHECK(tell("size", "huge").refused == "no such size");
    CHECK(tell("size", "large").next == "color");
    CHECK(!sold.done());
    CHECK(tell("color", "red").next == "shipping");
    CHECK(sold.get().value().delivery == "tomorrow");
    CHECK(schedule.calls<warehouse_contract::schedule_params>()[0].shirt == "red large");
    CHECK(env.state<clerk_state>("clerk/bob").asked == 6);
    CHECK(env.status("shipment/o1") == "completed");
  });
}

TEST_CASE("an order that was cancelled takes nothing any more") {
  perdure::test_environment env;
  env.host<clerk>().host<shirt_order>();
  auto sold = env.send(shirt_order_client(env, "o1").sell());
  env.run_until_idle();
  CHECK(env.cancel("shirt-order/o1"));
  auto told =
      clerk_client(env, "bob").tell({.order = "o1", .stage = "email", .value = "a@b"}).get();
  CHECK(told.value().refused == "shirt-order/o1 was cancelled and takes no more messages");
}

}  // namespace yardstick::shirts
