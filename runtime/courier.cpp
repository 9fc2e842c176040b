#include "runtime/courier.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace perdure::runtime {

namespace {

constexpr duration look_again = 1s;

}  // namespace

void courier::send(process::envelope_ptr what) const {
  auto to = what->what.target;
  hand_(std::move(to), process::message{std::move(what)});
}

void courier::tell(process::told what) const {
  auto to = what.about->sender;
  hand_(std::move(to), std::move(what));
}

void courier::tell(entity_id to, process::note what) const {
  hand_(std::move(to), process::to_delivery(std::move(what)));
}

void courier::tell_at(timestamp when, entity_id to, process::note what) {
  std::lock_guard guard{mutex_};
  if (!stopped_) later_.emplace(when, std::pair(std::move(to), std::move(what)));
}

timestamp courier::tick() {
  const auto now = wall_.now();
  std::vector<std::pair<entity_id, process::note>> due;
  auto next = now + look_again;
  {
    std::lock_guard guard{mutex_};
    while (!later_.empty() && later_.begin()->first <= now) {
      due.push_back(std::move(later_.extract(later_.begin()).mapped()));
    }
    if (!later_.empty()) next = std::min(next, later_.begin()->first);
  }
  for (auto& [to, what] : due) tell(std::move(to), std::move(what));
  return next;
}

void courier::stop() {
  std::lock_guard guard{mutex_};
  stopped_ = true;
  later_.clear();
}

}  // namespace perdure::runtime
