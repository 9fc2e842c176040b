#pragma once

/// The entity of the simulation: an interpreter. Its messages carry plans, lists of instructions,
/// and hand parts of them on to others. See peer.capnp.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "peer.perdure.h"

namespace perdure::simulation {

using ::simulation::peer_contract;
using ::simulation::peer_entity;
using ::simulation::tools_contract;

/// What a plan consists of. Where a message is sent, the next `amount` instructions go with it.
enum class op : std::uint8_t {
  poke,       ///< Sends a signal.
  ask,        ///< Sends an update and awaits its answer.
  ask_aside,  ///< Likewise, beside what follows.
  look,       ///< Sends a query.
  lend,       ///< Runs an activity.
  hurry,      ///< Runs one, and cancels it after `amount` ms.
  sleep,      ///< Sleeps `amount` ms.
  lock,       ///< Sleeps `amount` ms, holding a mutex.
  remind,     ///< Sets a reminder.
  forget,     ///< Removes it.
  note,       ///< Sets an attribute.
  dice,       ///< Records a side effect.
  child,      ///< Starts a child and awaits its result.
  begin,      ///< Starts a main, and awaits that it is accepted.
  result,     ///< Awaits the result of a main.
  cancel,     ///< Cancels a main.
  terminate,  ///< Ends an entity.
  reject,     ///< At the beginning of a plan: refuses.
  fail,       ///< Likewise, behind an await.
  last = fail,
};

struct instruction {
  op what = op::sleep;
  std::uint8_t whom = 0;
  std::uint16_t amount = 0;

  std::uint32_t pack() const {
    return static_cast<std::uint32_t>(what) | static_cast<std::uint32_t>(whom) << 8 |
           static_cast<std::uint32_t>(amount) << 16;
  }
  static instruction unpack(std::uint32_t from) {
    return {static_cast<op>(from & 0xff), static_cast<std::uint8_t>(from >> 8),
            static_cast<std::uint16_t>(from >> 16)};
  }
};

using instructions = std::vector<std::uint32_t>;

inline bool refuses(const instructions& plan) {
  return !plan.empty() && instruction::unpack(plan.front()).what == op::reject;
}

constexpr std::uint64_t mixed(std::uint64_t of, std::uint64_t with) {
  auto z = (of + 0x9e3779b97f4a7c15ull) ^ (with * 0xbf58476d1ce4e5b9ull);
  z = (z ^ (z >> 29)) * 0x94d049bb133111ebull;
  return z ^ (z >> 32);
}

/// What updates, mains and activities with that token return.
constexpr std::uint64_t answer_to(std::uint64_t token) { return mixed(token, 42); }

inline std::string peer_name(std::uint32_t number) { return std::string(1, char('a' + number)); }

/// The build that is deployed: a broken one does differently what was done before it came.
struct deployment {
  static inline thread_local bool broken = false;
  static inline thread_local timestamp since = {};
};

class peer final : public peer_entity {
public:
  task<work_results> work(work_params what) override;
  void poke(const poke_params& what) override;
  task<ask_results> ask(ask_params what) override;
  void tick() override { ++state.ticks; }
  look_results look() const override { return {.last = state.last, .wrong = state.wrong}; }

private:
  task<> carry_out(instructions plan);
  task<> ask_other(std::string whom, instructions plan);
  task<> lend();
  void complain(const std::string& what);
  void be_broken();
};

}  // namespace perdure::simulation
