#include <perdure/entity.h>

#include <array>
#include <cstdio>

#include "entities/machine.h"

namespace perdure {

namespace detail {

void sleep_awaiter::await_suspend(std::coroutine_handle<> handler) {
  core::waiter where;
  where.coroutine = handler;
  machine_.wait_for(std::move(where), time_);
}

void condition_awaiter::await_suspend(std::coroutine_handle<> handler) {
  core::waiter where;
  where.coroutine = handler;
  where.condition = &condition_;
  where.held = &held_;
  machine_.wait_for(std::move(where), timeout_);
}

}  // namespace detail

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

detail::sleep_awaiter entity_base::sleep(duration time) { return {*machine_, time}; }

detail::condition_awaiter entity_base::wait_until(std::function<bool()> condition,
                                                  duration timeout) {
  return {*machine_, std::move(condition), timeout};
}

void entity_base::spawn(task<> body) { machine_->spawn(std::move(body)); }

void entity_base::cancel_reminder(std::string_view name) { machine_->cancel_reminder(name); }

void entity_base::set_reminder(std::string_view name, timestamp due, std::uint16_t signal,
                               bytes params) {
  machine_->set_reminder({std::string(name), signal, std::move(params), due});
}

}  // namespace perdure
