#include <perdure/entity.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "entities/machine.h"

namespace perdure {

namespace {

/// A place in the queue for a mutex or semaphore, given up when the wait is cancelled.
class ticket {
public:
  ticket(core::machine& of, std::string name,
         void (core::machine::*leave)(const std::string&, std::uint64_t, bool),
         std::uint64_t number)
      : of_(of), name_(std::move(name)), leave_(leave), number_(number) {}
  ticket(const ticket&) = delete;
  ticket& operator=(const ticket&) = delete;
  ~ticket() { (of_.*leave_)(name_, number_, entered_); }

  void enter() { entered_ = true; }

private:
  core::machine& of_;
  std::string name_;
  void (core::machine::*leave_)(const std::string&, std::uint64_t, bool);
  std::uint64_t number_;
  bool entered_ = false;
};

}  // namespace

const entity_id& entity_base::self() const { return machine_->self_; }

timestamp entity_base::now() const { return machine_->turn_time_; }

std::uint64_t entity_base::random() { return machine_->random(); }

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

// -- waiting --------------------------------------------------------------------------------------

detail::sleep_awaiter entity_base::sleep(duration time) { return {*machine_, nullptr, time}; }

task<> entity_base::sleep_until(timestamp time) {
  if (time > now()) co_await sleep(time - now());
}

detail::condition_awaiter entity_base::wait_until(std::function<bool()> condition,
                                                  duration timeout) {
  return {*machine_, std::move(condition), timeout};
}

task<> entity_base::handlers_finished() {
  struct finishing {
    explicit finishing(core::handler_scope& whose) : of(whose) { ++of.finishing; }
    ~finishing() { --of.finishing; }
    core::handler_scope& of;
  } mine{*machine_->turn_scope_};
  co_await wait_until([&] { return machine_->others_at_work(&mine.of) == 0; });
}

task<permit> entity_base::mutex(std::string name) { return semaphore(std::move(name), 1); }

task<permit> entity_base::semaphore(std::string name, std::size_t places) {
  if (places == 0) throw std::invalid_argument("a semaphore has at least one place");
  const auto number = machine_->queue_for(name);
  ticket mine(*machine_, name, &core::machine::leave_queue, number);
  co_await wait_until([&] { return machine_->may_enter(name, number, places); });
  mine.enter();
  co_return permit(*machine_, name);
}

detail::continue_awaiter entity_base::continue_point() {
  return detail::continue_awaiter(*machine_);
}

void entity_base::spawn(task<> body) { machine_->spawn(std::move(body)); }

bool entity_base::is_cancelled() const {
  auto* scope = machine_->turn_scope_;
  return scope && scope->is_cancelled();
}

task<> entity_base::pause(duration time) { co_await sleep(time); }

// -- what is recorded -----------------------------------------------------------------------------

int entity_base::version(std::string_view change, int min, int max) {
  return machine_->version(change, min, max);
}

bytes entity_base::recorded(const std::function<bytes()>& effect) {
  return machine_->recorded_effect(effect);
}

void entity_base::set_attribute(std::string name, attribute_value value) {
  auto* number = std::get_if<double>(&value);
  if (number && std::isnan(*number)) {
    throw std::invalid_argument("attribute \"" + name + "\" is not a number");
  }
  machine_->order(core::attribute_set{std::move(name), std::move(value)});
}

void entity_base::remove_attribute(std::string name) {
  machine_->order(core::attribute_set{std::move(name), std::nullopt});
}

void entity_base::reply_with(bytes results, std::uint64_t schema) {
  machine_->reply_with(std::move(results), schema);
}

// -- reminders ------------------------------------------------------------------------------------

void entity_base::cancel_reminder(std::string_view name) { machine_->cancel_reminder(name); }

void entity_base::set_reminder(std::string_view name, timestamp due, std::uint16_t signal,
                               bytes params) {
  machine_->set_reminder({std::string(name), signal, std::move(params), due});
}

}  // namespace perdure
