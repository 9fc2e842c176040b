#pragma once

/// A subscription: charged once a month, for years, until it is ended.

#include <chrono>

#include "subscription.perdure.h"

namespace subscription {

using namespace std::chrono_literals;

class plan final : public plan_entity {
public:
  perdure::task<subscribe_results> subscribe(subscribe_params wanted) override {
    if (wanted.cents <= 0) throw perdure::rejected("the price must be positive");
    if (state.cents == 0) state.cents = wanted.cents;
    while (!state.ended) {
      co_await wait_until([this] { return !state.paused || state.ended; });
      if (state.ended) break;
      co_await activities<billing_contract>({.start_to_close = 30s})
          .charge({.customer = wanted.customer, .cents = state.cents});
      ++state.months;
      co_await wait_until([this] { return state.ended; }, month);
      // Years of months are no longer history than one: here a new run may begin.
      co_await continue_point();
    }
    co_return {.months = state.months};
  }

  void pause() override { state.paused = true; }
  void unpause() override { state.paused = false; }

  void change(const change_params& wanted) override {
    if (wanted.cents <= 0) throw perdure::rejected("the price must be positive");
    state.cents = wanted.cents;
  }

  void end() override { state.ended = true; }

  about_results about() const override {
    return {.months = state.months, .cents = state.cents, .paused = state.paused};
  }

private:
  static constexpr auto month = 30 * 24h;
};

}  // namespace subscription
