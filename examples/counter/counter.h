#pragma once

/// The counter of the tutorial.

#include <chrono>

#include "counter.perdure.h"

namespace counting {

class counter final : public counter_entity {
public:
  void add(const add_params& what) override {
    state.value += what.amount;
    remind("idle", std::chrono::hours{24}, &counter::reset);
  }

  perdure::task<take_results> take(take_params what) override {
    if (what.amount > state.value) throw perdure::rejected("there is not that much to take");
    state.value -= what.amount;
    co_return {.left = state.value};
  }

  value_results value() const override { return {.value = state.value}; }

  void reset() override { state.value = 0; }
};

}  // namespace counting
