#include "process/outbox.h"

#include <algorithm>
#include <utility>

#include "persistence/check.h"
#include "process/envelope.h"

namespace perdure::process {

namespace {

using core::message_kind;

constexpr duration first_pause = std::chrono::seconds{1};
constexpr std::uint32_t doublings_max = 6;
constexpr duration longest_pause = std::chrono::seconds{60};
static_assert(first_pause * (1u << doublings_max) >= longest_pause);

}  // namespace

bool may_pass(errc refusal) {
  switch (refusal) {
    case errc::unknown_type:  // Until a node hosts it.
    case errc::nondeterministic:
    case errc::overloaded:
    case errc::unavailable:
    case errc::draining:
    case errc::storage_full:
    case errc::history_full:
      return true;
    default:
      return false;
  }
}

bool ends_when_taken(message_kind kind) {
  return kind == message_kind::signal || kind == message_kind::cancel ||
         kind == message_kind::terminate;
}

bool is_so_already(message_kind kind, const error& why) {
  return (kind == message_kind::cancel || kind == message_kind::terminate) &&
         (why.code == errc::completed || why.code == errc::entity_not_found ||
          why.code == errc::rejected);
}

bool outbox::posted(const core::outgoing& what) {
  auto& to = lanes_[what.target];
  persistence::check(to.unsettled.empty() || to.unsettled.back() < what.number,
                     "messages to one receiver are posted in order");
  to.unsettled.push_back(what.number);
  if (to.under_way != 0) return false;
  if (!leaves_no_trace(what.kind)) to.under_way = what.number;
  return true;
}

std::vector<event_number> outbox::taken(const core::outgoing& what,
                                        const std::map<event_number, core::outgoing>& all) {
  std::vector<event_number> next;
  failures_.erase(what.number);
  auto found = lanes_.find(what.target);
  if (found == lanes_.end() || found->second.under_way != what.number) return next;
  auto& to = found->second;
  to.under_way = 0;
  for (auto each = std::ranges::upper_bound(to.unsettled, what.number);
       each != to.unsettled.end() && to.under_way == 0; ++each) {
    const auto message = all.find(*each);
    if (message == all.end()) continue;
    next.push_back(*each);
    if (!leaves_no_trace(message->second.kind)) to.under_way = *each;
  }
  return next;
}

duration outbox::failed(event_number number, std::string why) {
  auto& known = failures_[number];
  known.last = std::move(why);
  const auto doublings = std::min(known.attempts++, doublings_max);
  return std::min(longest_pause, first_pause * (1u << doublings));
}

event_number outbox::settled(const entity_id& receiver, event_number number) {
  failures_.erase(number);
  auto found = lanes_.find(receiver);
  if (found == lanes_.end()) return number;
  auto& to = found->second;
  const auto place = std::ranges::lower_bound(to.unsettled, number);
  if (place != to.unsettled.end() && *place == number) to.unsettled.erase(place);
  to.settled = std::max(to.settled, number);
  if (!to.unsettled.empty()) return std::min(to.settled, to.unsettled.front() - 1);
  const auto last = to.settled;
  lanes_.erase(found);
  return last;
}

event_number outbox::forgettable(const entity_id& receiver, event_number all) const {
  const auto found = lanes_.find(receiver);
  return found == lanes_.end() || found->second.unsettled.empty()
             ? all
             : found->second.unsettled.front() - 1;
}

std::vector<undelivered> outbox::waiting(const std::map<event_number, core::outgoing>& all) const {
  std::vector<undelivered> found;
  for (auto& [receiver, to] : lanes_) {
    for (auto number : to.unsettled) {
      const auto message = all.find(number);
      const auto failure = failures_.find(number);
      const bool waits = to.under_way != 0 && number >= to.under_way;
      if (message == all.end() || (!waits && failure == failures_.end())) continue;
      undelivered each{number, receiver, message->second.kind, 0, {}};
      if (failure != failures_.end()) {
        each.attempts = failure->second.attempts;
        each.last_failure = failure->second.last;
      }
      found.push_back(std::move(each));
    }
  }
  std::ranges::sort(found, {}, &undelivered::number);
  return found;
}

}  // namespace perdure::process
