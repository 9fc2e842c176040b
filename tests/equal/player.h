#pragma once

/// An entity that does what its script says: operations, with ';' between them.
///
///     sleep 3        work flaky        wait 2         log x        attr x        throw
///     tell b hello   ask b sleep_1     child c log_x  point          rest
///
/// An operation within another has '_' for ' '.

#include <string>
#include <string_view>
#include <vector>

#include <perdure/entity.h>

#include "player.perdure.h"

namespace equal {

using namespace std::chrono_literals;

inline std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = text.find(at);
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return parts;
}

class player final : public player_entity {
public:
  perdure::task<play_results> play(play_params what) override {
    const auto operations = split(what.script, ';');
    while (state.at < operations.size()) {
      const auto& next = operations[state.at++];
      if (next == "point")
        co_await continue_point();
      else
        co_await perform(next);
    }
    co_return {.said = std::to_string(state.log.size()) + " lines"};
  }

  perdure::task<ask_results> ask(ask_params what) override {
    for (auto& next : split(what.script, ';')) co_await perform(next);
    co_return {.said = what.script + ": " + std::to_string(state.log.size()) + " lines"};
  }

  void note(const note_params& what) override {
    if (what.text == "refuse") throw perdure::rejected("refused");
    state.log.push_back(what.text);
  }

private:
  void log(std::string what) { state.log.push_back(std::move(what)); }

  template <class Result>
  void log_end(const Result& how) {
    log(how ? "done" : std::string(to_string(how.error().code)) + ' ' + how.error().type);
  }

  perdure::task<> perform(std::string operation) {
    auto words = split(operation, ' ');
    words.resize(3);
    auto& what = words[0];
    std::string inner = words[2];
    for (auto& each : inner) each = each == '_' ? ' ' : each;
    if (what == "sleep") {
      co_await sleep(1s * std::stoi(words[1]));
    } else if (what == "rest") {
      co_await sleep(1'300ms);
    } else if (what == "wait") {
      const auto lines = static_cast<std::size_t>(std::stoi(words[1]));
      const bool came = co_await wait_until([&] { return state.log.size() >= lines; }, 5s);
      log(came ? "came" : "did not come");
    } else if (what == "work") {
      auto chores = activities<chores_contract>({.retry = {.attempts = 3}});
      log_end(co_await chores.fulfil({.how = words[1]}).as_result());
    } else if (what == "tell") {
      entity<player_contract>(words[1]).note({.text = inner});
    } else if (what == "ask") {
      log_end(co_await entity<player_contract>(words[1]).ask({.script = inner}).as_result());
    } else if (what == "child") {
      log_end(co_await child<player_contract>(words[1]).play({.script = inner}).as_result());
    } else if (what == "attr") {
      set_attribute("mark", words[1]);
    } else if (what == "throw") {
      throw perdure::rejected("as told");
    } else {
      log(operation);
    }
  }
};

class chores final : public chores_activities {
public:
  fulfil_results fulfil(const fulfil_params& what) override {
    if (what.how == "fails") throw perdure::activity_failure("broken", "for good").for_good();
    if (what.how == "flaky" && context().attempt() < 3) {
      throw perdure::activity_failure("busy", "not yet");
    }
    return {.text = what.how};
  }
};

}  // namespace equal
