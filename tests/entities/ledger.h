#pragma once

/// The entity of these tests; see ledger.capnp.

#include <stdexcept>

#include "ledger.perdure.h"

namespace ledger {

class book final : public ledger_entity {
public:
  void add(const add_params& what) override {
    if (what.amount < 0) throw perdure::rejected("a negative amount");
    state.total += what.amount;
  }

  void note(const note_params& what) override {
    if (what.text == "none") return state.notes.clear();
    state.notes.push_back(what.text);
    if (what.text == "bad") throw perdure::rejected("a bad note");
  }

  total_results total() const override {
    return {.total = state.total,
            .notes = static_cast<std::uint32_t>(state.notes.size()),
            .rings = state.rings};
  }

  perdure::task<take_results> take(take_params what) override {
    if (what.amount > state.total) throw perdure::rejected("not that much");
    state.total -= what.amount;
    co_return {.left = state.total};
  }

  perdure::task<reach_results> reach(reach_params what) override {
    const auto patience = what.timeout ? perdure::duration{what.timeout} : perdure::forever;
    const bool reached = co_await wait_until([&] { return state.total >= what.total; }, patience);
    co_return {.reached = reached, .at = now().time_since_epoch().count()};
  }

  perdure::task<nap_results> nap(nap_params what) override {
    co_await sleep(perdure::duration{what.time});
    co_return {.woke = now().time_since_epoch().count()};
  }

  perdure::task<draw_results> draw() override {
    auto number = random();
    co_return {.number = number, .uuid = uuid()};
  }

  void remind_me(const remind_me_params& what) override {
    remind(what.name, perdure::duration{what.time}, &book::ring);
  }

  void ring() override {
    ++state.rings;
    if (state.frail_rings) throw perdure::rejected("out of order");
  }

  void forget(const forget_params& what) override { cancel_reminder(what.name); }

  perdure::task<> fail_later(fail_later_params what) override {
    co_await sleep(perdure::duration{what.time});
    state.total += 1;
    throw perdure::rejected("too late");
  }

  void add_later(const add_later_params& what) override { spawn(add_after(what)); }

  void frail(const frail_params& what) override { state.frail_rings = what.rings; }

  void crash() override {
    state.total = -1;
    throw std::logic_error("a bug");
  }

  void next_reminder(const next_reminder_params& what) override {
    remind("note", perdure::duration{what.time}, &book::note, {.text = what.text});
  }

  left_results left(const left_params& what) const override {
    return {.left = what.until - now().time_since_epoch().count()};
  }

private:
  perdure::task<> add_after(add_later_params what) {
    co_await sleep(perdure::duration{what.time});
    if (what.amount < 0) throw perdure::rejected("a negative amount");
    state.total += what.amount;
  }
};

}  // namespace ledger
