#pragma once

/// Those who ask from outside: with keys, and again until they are answered for good; and what
/// answers must be like.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "node.h"
#include "surroundings.h"

namespace perdure::simulation {

class clients {
public:
  clients(shared& with, node& at) : with_(with), node_(at) {}

  /// Begins to ask. `number`: of the operation, which names the key.
  void begin(const operation& what, std::uint32_t number);
  /// Whatever was asked is not answered: the connection is gone.
  void lose_all();
  /// When somebody asks again.
  timestamp next() const;
  /// Lets one of those ask again whose time has come. Returns whether there was one.
  bool ask_again();
  /// What was noted of an answer that may not be.
  const std::optional<std::string>& wrong() const { return wrong_; }
  /// Who has not been answered for good.
  std::optional<std::string> unanswered() const;

private:
  struct asked {
    deed what;
    entity_id whom;
    std::uint64_t chance = 0;
    instructions plan;
    std::string key;
    std::uint64_t token = 0;
    bool until_accepted = false;
    std::uint32_t tries = 0;
    std::uint64_t attempt = 0;  ///< The one that counts.
    bool under_way = false;
    bool done = false;
    bool existed = false;  ///< It had ended, or gone, before.
    timestamp again = timestamp::max();
    event_number aim = 0;
  };

  void ask(std::size_t which);
  process::answerer answer_to_ask(std::size_t which);
  void answered(std::size_t which, std::uint64_t attempt, const result<answer>& how);
  void failed(std::size_t which, const error& why);
  void check(const asked& about, const answer& how);
  void complain(const asked& about, const std::string& what);
  bool is_asked_until_answered(const asked& about) const;

  shared& with_;
  node& node_;
  std::deque<asked> all_;
  std::optional<std::string> wrong_;
};

}  // namespace perdure::simulation
