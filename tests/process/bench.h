#pragma once

/// Drives one process of a crew (`tests/entities/crew.h`): answers what it reads, and keeps what
/// else it wants done for the test to look at.

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "persistence/memory_journal.h"
#include "process/entity_process.h"
#include "process/life.h"
#include "tests/entities/crew.h"

namespace perdure::process {

using crew::crew_contract;
using crew::scripted;

inline constexpr timestamp noon{std::chrono::hours{24 * 365 * 50}};

struct process_bench {
  entity_id who{"crew", "one"};
  timestamp now = noon;
  persistence::memory_journal store{{.terminated_retention = duration{0}}};
  sharding::shard_number shard = sharding::shard_of(who, store.shard_count());
  sharding::epoch_number epoch = store.acquire(shard);
  hosted_type type{type_of<scripted>()};
  std::uint64_t lives = 0;
  surroundings shared{{}, nullptr, [this](auto in) { return life_name(in, ++lives); }};
  std::unique_ptr<entity_process> entity;
  event_number durable = 0;
  std::vector<append> queued;  ///< Steps that are not written yet.
  actions out;                 ///< All else, since the last `clear`.

  process_bench() {
    scripted::on_work = nullptr;
    scripted::on_ask = nullptr;
    scripted::on_tell = nullptr;
    load();
  }

  /// Brings it into memory (again).
  void load() {
    queued.clear();
    entity = std::make_unique<entity_process>(shared, type, who, ownership{shard, epoch});
    drive([](auto& of, auto now, auto& to) { of.begin(now, to); });
  }

  using any_call = std::function<void(entity_process&, timestamp, actions&)>;
  void drive(const any_call& call) {
    actions wanted;
    entity->durable(durable);
    call(*entity, now, wanted);
    for (auto& each : wanted) {
      if (std::holds_alternative<process::load>(each)) {
        auto found = store.load(who);
        durable = found ? found->summary.last_event : 0;
        drive([&](auto& of, auto now, auto& to) { of.loaded(std::move(found), now, to); });
      } else if (auto* asked = std::get_if<read_history>(&each)) {
        auto found = store.history(who, asked->from, 1'000, asked->run);
        drive([&](auto& of, auto now, auto& to) { of.history_read(std::move(found), now, to); });
      } else if (auto* step = std::get_if<append>(&each)) {
        queued.push_back(std::move(*step));
      } else if (std::holds_alternative<await_submitted>(each)) {
        drive([](auto& of, auto now, auto& to) { of.barrier_reached(now, to); });
      } else {
        out.push_back(std::move(each));
      }
    }
  }

  void deliver(delivery what) {
    drive([&](auto& of, auto now, auto& to) { of.deliver(what, now, to); });
  }

  static request request_of(std::string_view method, bytes params, call_options options = {}) {
    auto& of = crew_contract::description();
    return {{"crew", "one"}, &of, of.find(method), std::move(params), std::move(options)};
  }
  /// Tells it something; the answer goes to `heard`.
  void tell(std::string text) {
    deliver(call{request_of("tell", encode(crew_contract::tell_params{.text = std::move(text)})),
                 answerer{[](const auto&) {}}});
  }
  void start(std::optional<result<answer>>& heard, call_options options = {}) {
    deliver(call{request_of("work", encode(crew_contract::work_params{.plan = {}}), options),
                 answerer{[&heard](result<answer> how) { heard = std::move(how); }}});
  }

  /// Writes what is queued, and says and does what waited for it.
  void write() {
    for (auto& each : std::exchange(queued, {})) {
      std::vector<persistence::batch> one;
      one.push_back(std::move(each.step));
      std::vector outcomes{persistence::append_outcome::unknown};
      store.append(one, outcomes);
      REQUIRE(outcomes[0] == persistence::append_outcome::ok);
      durable = one[0].after.last_event;
      for (auto& said : each.replies) {
        std::visit([&](auto& what) { out.push_back(std::move(what)); }, said);
      }
      for (auto& done : each.effects) {
        std::visit([&](auto& what) { out.push_back(std::move(what)); }, done);
      }
    }
    say_answers();
  }

  /// What is queued finds no room.
  void refuse() {
    const error why{errc::storage_full, "full"};
    auto refused = std::exchange(queued, {});
    drive([&](auto& of, auto now, auto& to) { of.append_refused(why, now, to); });
    for (auto& each : refused) {
      for (auto& said : each.replies) {
        if (auto* to = std::get_if<answer_caller>(&said)) to->done(why);
      }
    }
    say_answers();
  }

  /// Gives the answers in `out` to those who wait for them.
  void say_answers() {
    for (auto& each : out) {
      auto* to = std::get_if<answer_caller>(&each);
      if (to && to->done) to->done(std::move(to->what));
    }
  }

  template <class Action>
  std::size_t count_of() const {
    std::size_t found = 0;
    for (auto& each : out) found += std::holds_alternative<Action>(each) ? 1 : 0;
    return found;
  }
};

}  // namespace perdure::process
