#pragma once

/// What a test says about one activity, and what came of it.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <perdure/testing_activities.h>

#include "process/attempts.h"

namespace perdure::testing {

using process::attempt_failure;

/// What an attempt does.
struct behaviour {
  enum class kind : std::uint8_t { returns, fails, hangs, completes_later, answers };
  kind what = kind::returns;
  bytes results;
  attempt_failure failure;
  std::function<bytes(bytes_view, activity_context&)> answer;
  duration time{0};
  bool ignores_cancellation = false;
  std::size_t attempts = 1;  ///< Served by it, unless it is the last.
};

struct script {
  /// REQUIRES: `of` and `which` live as long as the program.
  script(const activities_description& of, const activity& which) : of(&of), which(&which) {}

  const activities_description* of;
  const activity* which;
  std::deque<behaviour> behaviours;
  std::vector<activity_call> calls;
  std::size_t looked_at = 0;  ///< Of the calls.
  bool any_number = false;
  std::optional<std::size_t> times;

  /// The attempts that wait to be completed, by their tokens.
  std::function<std::vector<std::string>()> waiting;
  std::function<result<nothing>(const std::string& token, bytes)> complete;
  std::function<result<nothing>(const std::string& token, attempt_failure)> fail;

  std::string name() const { return std::string(of->name) + '.' + std::string(which->name); }

  /// Takes out what the next attempt does; nothing: nothing was scripted.
  std::optional<behaviour> next();

  /// Returns what is wrong at the end of the test; empty: nothing.
  std::string problem() const;
};

}  // namespace perdure::testing
