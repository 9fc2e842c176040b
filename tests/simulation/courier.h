#pragma once

/// Carries what entities say to each other: in order for each pair, each after a time of its own.
/// What it carries is lost when its node is.

#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "process/delivery.h"
#include "surroundings.h"

namespace perdure::simulation {

class courier {
public:
  struct parcel {
    entity_id to;
    process::delivery what;
  };
  using lane = std::pair<entity_id, entity_id>;  ///< From, to.

  explicit courier(shared& with) : with_(with) {}

  void send(const entity_id& from, entity_id to, process::delivery what) {
    auto& in = lanes_[{from, to}];
    auto due = with_.time.passed;
    if (with_.befalls(fault::slow_courier)) {
      due += duration{1 << with_.chance.below(12)};
    }
    in.emplace_back(due, parcel{std::move(to), std::move(what)});
  }

  void tell_at(timestamp wall, entity_id to, process::note what) {
    later_.emplace(wall, std::pair{std::move(to), std::move(what)});
  }

  /// Appends which lanes have something that has come, and moves what is armed and due into them.
  void ready(std::vector<const lane*>& to) {
    while (!later_.empty() && later_.begin()->first <= with_.time.wall()) {
      auto& [whom, what] = later_.begin()->second;
      lanes_[{whom, whom}].emplace_back(with_.time.passed,
                                        parcel{whom, process::to_delivery(std::move(what))});
      later_.erase(later_.begin());
    }
    for (auto& [between, in] : lanes_) {
      if (in.front().first <= with_.time.passed) to.push_back(&between);
    }
  }

  parcel take(const lane& from) {
    auto found = lanes_.find(from);
    auto taken = std::move(found->second.front().second);
    found->second.pop_front();
    if (found->second.empty()) lanes_.erase(found);
    return taken;
  }

  timestamp next() const {
    auto first = timestamp::max();
    for (auto& [between, in] : lanes_) first = std::min(first, in.front().first);
    if (!later_.empty()) first = std::min(first, with_.time.to_passed(later_.begin()->first));
    return first;
  }

  void lose_all() {
    lanes_.clear();
    later_.clear();
  }

private:
  shared& with_;
  std::map<lane, std::deque<std::pair<timestamp, parcel>>> lanes_;
  std::multimap<timestamp, std::pair<entity_id, process::note>> later_;
};

}  // namespace perdure::simulation
