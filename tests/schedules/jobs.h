#pragma once

/// What schedules of these tests start and call; see jobs.capnp.

#include <chrono>

#include "jobs.perdure.h"

namespace jobs {

using namespace std::chrono_literals;

class job final : public job_entity {
public:
  perdure::task<job_result> work(work_params what) override {
    state.began = true;
    try {
      co_await sleep(std::chrono::seconds{what.seconds});
    } catch (const perdure::cancelled&) {
    }
    if (is_cancelled()) {
      co_await perdure::shielded(sleep(1min));
      throw perdure::cancelled("stopped");
    }
    if (what.fail) throw perdure::rejected("out of paper");
    co_return {.count = what.last_result.count + 1};
  }
};

class meter final : public meter_entity {
public:
  void tick(const tick_params& what) override { state.total += what.by; }

  perdure::task<job_result> read(read_params what) override {
    co_await sleep(std::chrono::seconds{what.seconds});
    state.last = what.last_result.count;
    ++state.total;
    co_return {.count = what.last_result.count + 1};
  }
};

}  // namespace jobs
