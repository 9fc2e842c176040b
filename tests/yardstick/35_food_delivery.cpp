// An order of food: it is paid, and refunded unless a driver picks it up within a minute and
// delivers it within another one. The customer is told each step.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "35_food_delivery.perdure.h"

namespace yardstick::food_delivery {

using namespace std::chrono_literals;

class order final : public order_entity {
public:
  perdure::task<> place(place_params what) override {
    state.phase = phase::charging;
    auto charged = co_await service().charge({.product = what.product}).as_result();
    if (!charged) {
      co_await notify("Your card could not be charged: " + charged.error().type);
      throw perdure::failure(charged.error());
    }
    state.phase = phase::paid;

    if (!co_await wait_until([this] { return state.phase == phase::picked_up; }, 1min)) {
      co_await refund(what.product, "no driver picked it up");
    }
    co_await notify("Picked up");
    if (!co_await wait_until([this] { return state.phase == phase::delivered; }, 1min)) {
      co_await refund(what.product, "the driver could not deliver it");
    }
    co_await notify("Delivered");
    co_await sleep(1min);
    co_await notify("How was the " + what.product + '?');
  }

  void picked_up() override {
    if (state.phase == phase::paid) state.phase = phase::picked_up;
  }
  void delivered() override {
    if (state.phase != phase::picked_up) return;
    state.phase = phase::delivered;
    state.delivered_at = now().time_since_epoch().count();
  }

  status_results status() const override { return {state.phase, state.delivered_at}; }

private:
  service_contract::stub service() {
    return activities<service_contract>(
        {.start_to_close = 1min, .retry = {.most = 5s, .final_types = {"declined"}}});
  }
  perdure::call<> notify(std::string text) { return service().notify({.text = std::move(text)}); }
  perdure::task<> refund(std::string product, std::string why) {
    state.phase = phase::refunding;
    co_await service().refund({.product = product});
    co_await notify("Refunded: " + why);
    throw perdure::rejected(why);
  }
};

namespace {

using told = service_contract::notify_params;
struct kitchen {
  explicit kitchen(perdure::test_environment& in) : env(in) { env.host<order>(); }

  std::vector<told> notes() { return notify.calls<told>(); }

  perdure::test_environment& env;
  order_client client{env, "o"};
  perdure::activity_script notify = env.script<service_contract>("notify").returns();
};

TEST_CASE("food delivery: paid, picked up, delivered, and asked about") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    kitchen k(env);
    env.script<service_contract>("charge").fails("network").returns().times(2);
    const auto start = env.now();
    auto placed = env.send(k.client.place({.product = "pizza"}));
    k.client.delivered().get().value();  // Not before it was picked up.
    env.run_for(31s);
    k.client.picked_up().get().value();
    env.run_for(30s);
    k.client.delivered().get().value();
    CHECK(k.client.status().get().value().phase == phase::delivered);
    CHECK(placed.get());
    CHECK(env.now() - start == 61s + 1min);
    CHECK(k.notes() == std::vector<told>{{"Picked up"}, {"Delivered"}, {"How was the pizza?"}});
  });
}

TEST_CASE("food delivery: what nobody picks up or delivers in time is refunded, once") {
  for (bool picked_up : {false, true}) {
    perdure::crash_everywhere([picked_up](perdure::test_environment& env) {
      kitchen k(env);
      env.script<service_contract>("charge").returns().times(1);
      env.script<service_contract>("refund").fails_times(2).returns().times(3);
      auto placed = env.send(k.client.place({.product = "pizza"}));
      env.run_for(59s);
      if (picked_up) k.client.picked_up().get().value();
      CHECK(!placed.get());
      CHECK(k.notes().back().text == (picked_up ? "Refunded: the driver could not deliver it"
                                                : "Refunded: no driver picked it up"));
      CHECK(env.status("food-order/o") == "failed");
    });
  }
}

TEST_CASE("food delivery: who cannot pay is told so") {
  perdure::test_environment env;
  kitchen k(env);
  env.script<service_contract>("charge").fails("declined").times(1);
  CHECK(k.client.place({.product = "pizza"}).get().error().type == "declined");
  CHECK(k.notes() == std::vector<told>{{"Your card could not be charged: declined"}});
}

}  // namespace

}  // namespace yardstick::food_delivery
