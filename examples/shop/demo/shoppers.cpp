#include "examples/shop/demo/shoppers.h"

#include <algorithm>
#include <functional>
#include <map>

namespace shop::demo {

namespace {

constexpr std::size_t surprises_kept = 20;

std::string in_words(const perdure::result<std::int64_t>& answer) {
  if (answer) return std::to_string(*answer);
  return std::string(to_string(answer.error().code)) + " (" + answer.error().detail + ")";
}

std::string in_words(const expected_answer& answer) {
  return answer.refused ? "a refusal" : std::to_string(answer.number);
}

bool is_as_expected(const perdure::result<std::int64_t>& answer, const expected_answer& wanted) {
  if (answer) return !wanted.refused && *answer == wanted.number;
  return wanted.refused && answer.error().code == perdure::errc::rejected;
}

}  // namespace

shoppers::shoppers(const std::vector<message>& day, std::size_t lanes) : day_(day), lanes_(lanes) {
  std::map<perdure::entity_id, std::vector<std::size_t>> by_entity;
  for (std::size_t i = 0; i < day.size(); ++i) by_entity[day[i].to].push_back(i);
  // Each entity goes to the lane that has least to do, so that all end at about the same time.
  for (auto& [entity, messages] : by_entity) {
    auto& lightest =
        *std::ranges::min_element(lanes_, {}, [](const lane& one) { return one.messages.size(); });
    lightest.messages.insert(lightest.messages.end(), messages.begin(), messages.end());
  }
  for (auto& one : lanes_) std::ranges::sort(one.messages);
  times_.reserve(day.size());
}

void shoppers::go(perdure::caller& shop) {
  paused_ = false;
  {
    std::lock_guard lock(mutex_);
    under_way_ = lanes_.size();
  }
  for (auto& one : lanes_) send_next(shop, one);
}

void shoppers::wait() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [&] { return under_way_ == 0; });
}

bool shoppers::is_stuck() const {
  std::lock_guard lock(mutex_);
  return under_way_ == 0 && !is_over();
}

std::vector<const message*> shoppers::in_doubt() const {
  std::vector<const message*> found;
  for (auto& one : lanes_) {
    if (one.in_doubt) found.push_back(&day_[one.messages[one.next]]);
  }
  return found;
}

void shoppers::send_next(perdure::caller& shop, lane& of) {
  bool again = false;
  {
    std::lock_guard lock(mutex_);
    if (paused_ || of.next == of.messages.size()) {
      if (--under_way_ == 0) idle_.notify_all();
      return;
    }
    again = of.in_doubt;
    of.in_doubt = true;
  }
  deliver(shop, day_[of.messages[of.next]],
          [this, &shop, &of, again, sent = clock::now()](perdure::result<std::int64_t> answer) {
            if (take(of, sent, again, std::move(answer))) send_next(shop, of);
          });
}

bool shoppers::take(lane& of, clock::time_point sent, bool again,
                    perdure::result<std::int64_t> answer) {
  auto now = clock::now();
  std::lock_guard lock(mutex_);
  auto& what = day_[of.messages[of.next]];
  if (!answer && perdure::retryable(answer.error().code)) {
    if (--under_way_ == 0) idle_.notify_all();
    return false;
  }
  auto wanted = booked_.book(what);
  if (!is_as_expected(answer, wanted) && ++surprise_count_ <= surprises_kept) {
    surprises_.push_back(to_line(what) + ": expected " + in_words(wanted) + ", was answered " +
                         in_words(answer));
  }
  if (!answer) ++refused_;
  if (again)
    ++sent_again_;
  else
    times_.push_back(now - sent);
  of.in_doubt = false;
  ++of.next;
  ++answered_;
  return true;
}

}  // namespace shop::demo
