#include <perdure/entity.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "entities/turn.h"

namespace perdure {

namespace {

using core::turn;

/// A place in the queue for a mutex or semaphore, given up when the wait is cancelled.
class ticket {
public:
  ticket(core::machine* of, std::string name)
      : of_(of), name_(std::move(name)), number_(turn::of(of, "semaphore").queue_for(name_)) {}
  ticket(const ticket&) = delete;
  ticket& operator=(const ticket&) = delete;
  ~ticket() {
    if (auto* here = turn::find(of_)) here->leave_queue(name_, number_, entered_);
  }

  bool may_enter(std::size_t places) const {
    return turn::of(of_, "semaphore").may_enter(name_, number_, places);
  }
  void enter() { entered_ = true; }

private:
  core::machine* of_;
  std::string name_;
  std::uint64_t number_;
  bool entered_ = false;
};

}  // namespace

const entity_id& entity_base::self() const { return turn::of(machine_, "self").self(); }

timestamp entity_base::now() const { return turn::of(machine_, "now").time(); }

std::uint64_t entity_base::random() { return turn::of(machine_, "random").random(); }

std::string entity_base::uuid() {
  // RFC 9562, version 4.
  const auto high = (random() & ~0xf000ull) | 0x4000ull;
  const auto low = (random() & ~(3ull << 62)) | (2ull << 62);
  std::array<char, 37> text{};
  std::snprintf(text.data(), text.size(), "%08x-%04x-%04x-%04x-%012llx",
                static_cast<unsigned>(high >> 32), static_cast<unsigned>(high >> 16 & 0xffff),
                static_cast<unsigned>(high & 0xffff), static_cast<unsigned>(low >> 48),
                static_cast<unsigned long long>(low & 0xffff'ffff'ffff));
  return text.data();
}

/// The machine that stubs and awaits know; an instance in the making has none.
core::machine& entity_base::bound() const {
  if (!machine_) turn::of(nullptr, "a call");
  return *machine_;
}

// -- waiting --------------------------------------------------------------------------------------

detail::sleep_awaiter entity_base::sleep(duration time) { return {bound(), nullptr, time}; }

task<> entity_base::sleep_until(timestamp time) {
  if (time > now()) co_await sleep(time - now());
}

detail::condition_awaiter entity_base::wait_until(std::function<bool()> condition,
                                                  duration timeout) {
  return {bound(), std::move(condition), timeout};
}

task<> entity_base::handlers_finished() {
  struct finishing {
    explicit finishing(core::handler_scope& whose) : of(whose) { ++of.finishing; }
    ~finishing() { --of.finishing; }
    core::handler_scope& of;
  };
  auto* const scope = turn::of(machine_, "handlers_finished").scope();
  if (!scope) throw std::logic_error("handlers_finished is awaited by a handler");
  finishing mine{*scope};
  co_await wait_until(
      [&] { return turn::of(machine_, "handlers_finished").others_at_work(&mine.of) == 0; });
}

task<permit> entity_base::mutex(std::string name) { return semaphore(std::move(name), 1); }

task<permit> entity_base::semaphore(std::string name, std::size_t places) {
  if (places == 0) throw std::invalid_argument("a semaphore has at least one place");
  ticket mine(machine_, name);
  co_await wait_until([&] { return mine.may_enter(places); });
  mine.enter();
  co_return permit(bound(), name);
}

detail::continue_awaiter entity_base::continue_point() { return detail::continue_awaiter(bound()); }

void entity_base::spawn(task<> body) { turn::of(machine_, "spawn").spawn(std::move(body)); }

bool entity_base::is_cancelled() const {
  auto* scope = turn::of(machine_, "is_cancelled").scope();
  return scope && scope->is_cancelled();
}

task<> entity_base::pause(duration time) { co_await sleep(time); }

// -- what is recorded -----------------------------------------------------------------------------

int entity_base::version(std::string_view change, int min, int max) {
  return turn::of(machine_, "version").version(change, min, max);
}

bytes entity_base::recorded(const std::function<bytes()>& effect, bytes nothing) {
  return turn::of(machine_, "side_effect").recorded_effect(effect, std::move(nothing));
}

void entity_base::set_attribute(std::string name, attribute_value value) {
  auto* number = std::get_if<double>(&value);
  if (number && std::isnan(*number)) {
    throw std::invalid_argument("attribute \"" + name + "\" is not a number");
  }
  turn::of(machine_, "set_attribute").set_attribute(std::move(name), std::move(value));
}

void entity_base::remove_attribute(std::string name) {
  turn::of(machine_, "remove_attribute").set_attribute(std::move(name), std::nullopt);
}

void entity_base::reply_with(bytes results, std::uint64_t schema) {
  turn::of(machine_, "reply").reply_with(std::move(results), schema);
}

// -- reminders ------------------------------------------------------------------------------------

void entity_base::cancel_reminder(std::string_view name) {
  turn::of(machine_, "cancel_reminder").cancel_reminder(name);
}

void entity_base::set_reminder(std::string_view name, timestamp due, std::uint16_t signal,
                               bytes params) {
  turn::of(machine_, "remind").set_reminder({std::string(name), signal, std::move(params), due});
}

}  // namespace perdure
