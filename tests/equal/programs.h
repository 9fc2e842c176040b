#pragma once

/// Random programs of calls to a few entities. What they cause comes one after the other, mostly:
/// each call comes at a fraction of a second of its own, and what follows from it keeps that.

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <perdure/call.h>

namespace equal {

struct step {
  enum class kind : std::uint8_t { start, ask, note, pause, resume, cancel, terminate, reset };
  kind what = kind::note;
  perdure::duration pause{0};  ///< Before it.
  std::string id;
  std::string text;  ///< Script, text or reason.
  perdure::call_options options;
  std::uint64_t number = 0;  ///< Of a reset: which of the steps of the run.
};

class program_maker {
public:
  explicit program_maker(std::uint64_t seed) : random_(seed) {}

  std::vector<step> make(std::size_t calls) {
    std::vector<step> made;
    auto at = perdure::duration{0};
    for (std::size_t i = 0; i < calls; ++i) {
      auto next = make_step();
      // The fraction of the second is the call's own.
      const auto seconds = std::chrono::seconds{below(12) == 0 ? 150 : below(3)};
      auto then = std::chrono::floor<std::chrono::seconds>(at) + seconds +
                  perdure::duration{static_cast<std::int64_t>(7 * i + 5)};
      if (then <= at) then += std::chrono::seconds{1};
      next.pause = then - at;
      at = then;
      made.push_back(std::move(next));
    }
    return made;
  }

private:
  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  std::string one_of(std::vector<std::string> all) { return all[below(all.size())]; }
  std::string id() { return one_of({"a", "b", "c", "d"}); }

  std::string quiet_operation() {
    return one_of({"log x", "sleep 1", "sleep 3", "sleep 8", "work well", "work flaky",
                   "work fails", "attr red", "attr blue", "wait 3"});
  }
  std::string inner_operation() {
    auto text = below(8) == 0 ? std::string("throw") : quiet_operation();
    for (auto& each : text) each = each == ' ' ? '_' : each;
    return text;
  }
  std::string script(bool of_main) {
    std::string made;
    for (auto count = of_main ? 3 + below(6) : 1 + below(3); count > 0; --count) {
      if (!made.empty()) made += ';';
      switch (below(of_main ? 9 : 7)) {
        case 0:
          // What becomes of it is not waited for: it has to come before what follows.
          made += "tell " + id() + ' ' + one_of({"hello", "well", "refuse"}) + ";rest";
          break;
        case 1:
        case 2:
          made += "ask " + id() + ' ' + inner_operation();
          break;
        case 3:
          made += below(8) == 0 ? "throw" : "child " + one_of({"x", "y"}) + ' ' + inner_operation();
          break;
        case 7:
        case 8:
          made += "point";
          break;
        default:
          made += quiet_operation();
      }
    }
    return made;
  }

  step make_step() {
    using kind = step::kind;
    step made;
    made.id = id();
    const auto dice = below(100);
    auto key = [&] { made.options.key = below(3) == 0 ? one_of({"k1", "k2", "k3"}) : ""; };
    if (dice < 30) {
      made.what = kind::start;
      made.text = script(true);
      made.options.start.when_running = static_cast<perdure::id_conflict>(below(3));
      if (below(5) == 0) made.options.start.delay = std::chrono::seconds{3};
      if (below(6) == 0) made.options.start.run_timeout = std::chrono::seconds{20};
      made.options.until_accepted = below(4) == 0;
      key();
    } else if (dice < 50) {
      made.what = kind::ask;
      made.text = script(false);
      made.options.until_accepted = below(4) == 0;
      key();
    } else if (dice < 65) {
      made.what = kind::note;
      made.text = one_of({"one", "two", "refuse"});
      if (below(3) == 0) made.options.delay = std::chrono::seconds{1 + below(6)};
      key();
    } else {
      made.what = dice < 73   ? kind::pause
                  : dice < 84 ? kind::resume
                  : dice < 89 ? kind::cancel
                  : dice < 92 ? kind::terminate
                              : kind::reset;
      made.text = "as the program says";
      made.number = below(100);
      if (below(4) == 0) made.id = one_of({"x", "y"});
    }
    return made;
  }

  std::mt19937_64 random_;
};

}  // namespace equal
