#pragma once

/// Entities that do as little as possible around what is measured.

#include <atomic>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "jobs.perdure.h"

namespace jobs {

using namespace perdure;

inline std::vector<std::uint64_t> numbers_below(std::uint64_t end) {
  std::vector<std::uint64_t> all(end);
  std::iota(all.begin(), all.end(), std::uint64_t{0});
  return all;
}

class instant_tasks final : public tasks_activities {
public:
  perform_results perform(const perform_params& what) override { return {.value = what.value + 1}; }
};

class job final : public job_entity {
public:
  task<three_results> three() override {
    std::uint64_t value = 0;
    for (int i = 0; i < 3; ++i) {
      value = (co_await activities<tasks_contract>().perform({.value = value})).value;
    }
    co_return {.value = value};
  }

  void wake(const wake_params& when) override {
    remind_at("wake", timestamp{duration{when.at}}, &job::woken);
  }

  void woken() override {
    ++state.done;
    if (on_woken) on_woken();
  }

  /// Seen by the benchmark, not by the entity: called on its thread.
  static inline std::function<void()> on_woken;
};

class batch final : public batch_entity {
public:
  task<work_results> work(work_params wanted) override {
    auto run = [this](std::uint64_t index) -> task<> {
      co_await activities<tasks_contract>().perform({.value = index});
      ++state.done;
    };
    co_await for_each(numbers_below(wanted.tasks), wanted.at_once, run);
    co_return {.done = state.done};
  }

  progress_results progress() const override { return {.done = state.done}; }
};

class fleet final : public fleet_entity {
public:
  task<send_results> send(send_params wanted) override {
    auto run = [this, wanted](std::uint64_t index) -> task<> {
      auto id = self().id + '-' + std::to_string(index);
      auto finished =
          co_await child<batch_contract>(id).work({.tasks = wanted.tasks, .at_once = 16});
      state.done += finished.done;
    };
    co_await for_each(numbers_below(wanted.batches), wanted.at_once, run);
    co_return {.done = state.done};
  }

  progress_results progress() const override { return {.done = state.done}; }
};

}  // namespace jobs
