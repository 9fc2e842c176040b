#include "runtime/courier.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "sharding/shard.h"

namespace perdure::runtime {

namespace {

constexpr duration first_pause = 1s;
constexpr duration longest_pause = 60s;
constexpr duration look_again = 1s;
constexpr duration settled_by_itself = 1s;  // Within it the next step of a busy sender comes.

duration pause_after(std::uint32_t attempts) {
  return std::min<duration>(longest_pause, first_pause * (1u << std::min(attempts, 6u)));
}

/// The receiver has taken it, and no answer follows.
bool ends_when_taken(core::message_kind kind) {
  return kind == core::message_kind::signal || kind == core::message_kind::cancel ||
         kind == core::message_kind::terminate;
}

/// A later try may do better; a parked receiver waits for a fixed build, and so do its messages.
bool may_pass(errc code) { return retryable(code) || code == errc::nondeterministic; }

/// What a cancel or a terminate asks for is so already.
bool is_so_already(core::message_kind kind, const error& why) {
  return (kind == core::message_kind::cancel || kind == core::message_kind::terminate) &&
         (why.code == errc::completed || why.code == errc::entity_not_found ||
          why.code == errc::rejected);
}

}  // namespace

std::size_t courier::hash::operator()(const key& pair) const {
  return sharding::hash_of(pair.first) * 31 + sharding::hash_of(pair.second);
}

std::size_t courier::hash::operator()(const name& message) const {
  return sharding::hash_of(message.first) * 31 + message.second;
}

courier::courier(const wall_clock& wall, ways through)
    : wall_(wall), through_(std::move(through)) {}

void courier::post(const entity_id& sender, timestamp life, const core::outgoing& what) {
  const name which{sender, what.number};
  {
    std::lock_guard guard{mutex_};
    if (stopped_ || !messages_.emplace(which, message{life, what, false, 0, {}}).second) return;
    unsettled_[{sender, what.target}].numbers.insert(what.number);
    auto& lane = lanes_[{sender, what.target}];
    lane.push_back(what.number);
    if (lane.size() > 1) return;
  }
  send(which);
}

void courier::settled(const entity_id& sender, timestamp life, const entity_id& target,
                      event_number number) {
  {
    std::lock_guard guard{mutex_};
    messages_.erase({sender, number});
    if (stopped_) return;
    // What came before and is still waited for must be known when it is asked for again.
    auto& of = unsettled_[{sender, target}];
    of.numbers.erase(number);
    of.settled = std::max(of.settled, number);
    number = of.numbers.empty() ? of.settled : *of.numbers.begin() - 1;
    if (of.numbers.empty()) unsettled_.erase({sender, target});
  }
  through_.forget(target, sender, life, number);
}

void courier::send(const name& which) {
  core::outgoing what;
  core::origin from;
  {
    std::lock_guard guard{mutex_};
    auto found = messages_.find(which);
    if (stopped_ || found == messages_.end()) return;
    what = found->second.what;
    from = {which.first, found->second.life, what.number, what.chain};
  }
  through_.send(
      from, what, [this, which] { taken(which); },
      [this, which](core::call_outcome how) { answered(which, std::move(how)); });
}

void courier::taken(const name& which) {
  std::optional<name> next;
  {
    std::lock_guard guard{mutex_};
    auto found = messages_.find(which);
    if (found == messages_.end() || std::exchange(found->second.taken, true)) return;
    found->second.attempts = 0;
    auto lane = lanes_.find({which.first, found->second.what.target});
    lane->second.pop_front();
    if (lane->second.empty())
      lanes_.erase(lane);
    else
      next = name{which.first, lane->second.front()};
  }
  if (next) send(*next);
}

void courier::answered(const name& which, core::call_outcome how) {
  auto kind = core::message_kind::signal;
  {
    std::lock_guard guard{mutex_};
    auto found = messages_.find(which);
    if (stopped_ || found == messages_.end()) return;
    auto& sent = found->second;
    kind = sent.what.kind;
    if (how.why && may_pass(how.why->code)) {
      sent.last_failure = how.why->detail;
      later_.emplace(wall_.now() + pause_after(sent.attempts++), [this, which] { send(which); });
      return;
    }
  }
  if (how.why && is_so_already(kind, *how.why)) how.why.reset();
  taken(which);
  tell(which, kind, std::move(how), 0);
}

void courier::tell(const name& which, core::message_kind kind, core::call_outcome how,
                   std::uint32_t attempt) {
  auto done = [this, which, kind, how, attempt](const std::optional<error>& why) {
    if (!why) return settle_soon(which);
    if (!retryable(why->code)) return given_up(which);
    later(wall_.now() + pause_after(attempt),
          [this, which, kind, how, attempt] { tell(which, kind, how, attempt + 1); });
  };
  if (ends_when_taken(kind) && !how.why) return through_.delivered(which.first, which.second, done);
  through_.answered(which.first, which.second, how, done);
}

/// A receiver takes messages of so many senders only that are not settled.
void courier::settle_soon(const name& which) {
  {
    std::lock_guard guard{mutex_};
    if (!messages_.contains(which)) return;
  }
  later(wall_.now() + settled_by_itself, [this, which] {
    {
      std::lock_guard guard{mutex_};
      if (!messages_.contains(which)) return;
    }
    through_.settle(which.first);
  });
}

/// The sender does not want to know: it has ended, or gone.
void courier::given_up(const name& which) {
  timestamp life;
  entity_id target;
  {
    std::lock_guard guard{mutex_};
    auto found = messages_.find(which);
    if (found == messages_.end()) return;
    life = found->second.life;
    target = found->second.what.target;
  }
  settled(which.first, life, target, which.second);
}

void courier::later(timestamp when, std::function<void()> what) {
  std::lock_guard guard{mutex_};
  if (!stopped_) later_.emplace(when, std::move(what));
}

timestamp courier::tick() {
  const auto now = wall_.now();
  std::vector<std::function<void()>> due;
  auto next = now + look_again;
  {
    std::lock_guard guard{mutex_};
    while (!later_.empty() && later_.begin()->first <= now) {
      due.push_back(std::move(later_.extract(later_.begin()).mapped()));
    }
    if (!later_.empty()) next = std::min(next, later_.begin()->first);
  }
  for (auto& each : due) each();
  return next;
}

void courier::stop() {
  std::lock_guard guard{mutex_};
  stopped_ = true;
  later_.clear();
}

std::vector<undelivered> courier::undelivered_of(const entity_id& sender) const {
  std::vector<undelivered> all;
  std::lock_guard guard{mutex_};
  for (auto& [way, lane] : lanes_) {
    if (way.first != sender) continue;
    for (auto number : lane) {
      auto& each = messages_.at({sender, number});
      all.push_back({number, way.second, each.what.kind, each.attempts, each.last_failure});
    }
  }
  std::ranges::sort(all, {}, &undelivered::number);
  return all;
}

std::size_t courier::under_way() const {
  std::lock_guard guard{mutex_};
  return messages_.size();
}

}  // namespace perdure::runtime
