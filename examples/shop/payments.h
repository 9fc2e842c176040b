#pragma once

/// A stand-in for the company that takes the payments: it answers after a while, and fails as often
/// as it is told to.

#include <chrono>
#include <random>
#include <stdexcept>
#include <thread>

#include "payments.perdure.h"

namespace shop {

class simulated_payments final : public payments_activities {
public:
  struct behaviour {
    double failure_rate = 0;  ///< Of attempts; 0 to 1.
    perdure::duration delay{0};
  };

  explicit simulated_payments(behaviour how) : how_(how) {}

  charge_results charge(const charge_params& wanted) override {
    act();
    if (wanted.account == "declined") {
      throw perdure::activity_failure("card_declined", "the card was declined").for_good();
    }
    // The same for every attempt: whoever charges twice by mistake gets the receipt he has.
    return {.receipt = "receipt-" + context().key()};
  }

  void refund(const refund_params&) override { act(); }

private:
  void act() const {
    std::this_thread::sleep_for(how_.delay);
    thread_local std::mt19937 random{std::random_device{}()};
    if (std::bernoulli_distribution{how_.failure_rate}(random)) {
      throw std::runtime_error("the payment service did not answer");
    }
  }

  const behaviour how_;
};

}  // namespace shop
