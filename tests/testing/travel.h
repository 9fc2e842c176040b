#pragma once

/// The entities of these tests; see travel.capnp.

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include <perdure/entity.h>

#include "travel.perdure.h"

namespace travel {

using namespace std::chrono_literals;
using perdure::rejected;
using perdure::task;

class account final : public account_entity {
public:
  task<deposit_results> deposit(deposit_params what) override {
    if (what.cents < 0) throw rejected("a negative amount");
    state.cents += what.cents;
    ++state.bookings;
    co_return {.cents = state.cents};
  }
  task<withdraw_results> withdraw(withdraw_params what) override {
    if (what.cents > state.cents) throw rejected("not that much");
    state.cents -= what.cents;
    ++state.bookings;
    co_return {.cents = state.cents};
  }
  void credit(const credit_params& what) override {
    if (what.cents < 0) throw rejected("a negative amount");
    state.cents += what.cents;
    ++state.bookings;
  }
  balance_results balance() const override { return {.cents = state.cents}; }
  task<audit_results> audit(audit_params what) override {
    ++state.bookings;
    co_await sleep(perdure::duration{what.pause});
    co_return {.cents = state.cents};
  }
};

class transfer final : public transfer_entity {
public:
  task<move_results> move(move_params what) override {
    auto from = entity<account_contract>(what.from);
    co_await from.withdraw({.cents = what.cents});
    co_await entity<account_contract>(what.to).deposit({.cents = what.cents});
    ++state.done;
    state.last_number = random();
    state.last_id = uuid();
    const auto left = co_await from.balance();
    co_return {.id = state.last_id, .left = left.cents};
  }
  task<> sprinkle(sprinkle_params what) override {
    for (auto& to : what.to) entity<account_contract>(to).credit({.cents = what.cents});
    ++state.done;
    co_return;
  }
  void tell(const tell_params& what) override {
    if (what.type == "ghost") entity<ghost_contract>("g").haunt();
    if (what.type == "account") entity<account_contract>("a").credit({.cents = -1});
  }
  task<audit_both_results> audit_both(audit_both_params what) override {
    auto [slow, fast] =
        co_await perdure::all(entity<account_contract>(what.slow).audit({.pause = 5'000}),
                              entity<account_contract>(what.fast).audit({.pause = 0}));
    ++state.done;
    co_await sleep(1s);
    co_return {.cents = slow.cents + fast.cents};
  }
};

class trip final : public trip_entity {
public:
  task<book_results> book(book_params what) override {
    auto results = co_await perdure::saga([&](perdure::compensations& undo) -> task<book_results> {
      auto hotels = activities<hotels_contract>();
      auto payments = activities<payments_contract>({.retry = {.attempts = 4}});
      state.steps.push_back("reserve");
      const auto room = co_await hotels.reserve({.trip = self().id});
      undo.add("room", [this, room] {
        state.steps.push_back("cancel");
        return activities<hotels_contract>().cancel({.reservation = room.reservation});
      });
      state.steps.push_back("approve");
      if (!co_await wait_until([this] { return state.approved; }, 24h)) {
        throw rejected("not approved");
      }
      state.steps.push_back("charge");
      const auto paid = co_await payments.charge({.card = what.card, .cents = what.cents});
      state.paid = true;
      co_return {.receipt = paid.receipt, .at = now().time_since_epoch().count()};
    });
    co_return results;
  }
  steps_results steps() const override { return {.steps = state.steps}; }
  void approve() override { state.approved = true; }
};

class tour final : public tour_entity {
public:
  task<travel_results> travel(travel_params what) override {
    ++state.rounds;
    while (state.days < what.days) {
      co_await continue_point();
      co_await sleep(24h);
      ++state.days;
    }
    co_return {.days = state.days};
  }
};

class group final : public group_entity {
public:
  task<lead_results> lead(lead_params what) override {
    std::vector<task<tour_contract::travel_results>> tours;
    const perdure::start_options options{
        .on_parent_close = static_cast<perdure::parent_close>(what.close),
        .on_cancel = static_cast<perdure::cancellation>(what.cancel)};
    for (auto& each : what.tours) tours.push_back(follow(each, what.days, options));
    lead_results all;
    for (auto& each : co_await perdure::all(std::move(tours))) all.days += each.days;
    co_return all;
  }
  task<> leave(leave_params what) override {
    co_await child<tour_contract>(what.tour).travel({.days = what.days}).started();
    state.ended.push_back(what.tour);
    if (what.fail) throw rejected("as asked");
  }
  task<join_results> join(join_params what) override {
    const auto joined = co_await entity<tour_contract>(
                            what.tour, {.when_running = perdure::id_conflict::use_existing})
                            .travel({.days = what.days});
    co_return {.days = joined.days};
  }

private:
  task<tour_contract::travel_results> follow(std::string tour, std::uint32_t days,
                                             perdure::start_options options) {
    co_return co_await child<tour_contract>(tour, options).travel({.days = days});
  }
};

class desk final : public desk_entity {
public:
  task<quote_results> quote(quote_params what) override {
    auto found = co_await hotels().quote({.hotel = what.hotel}).as_result();
    if (!found) co_return {.cents = -1, .failure = found.error().type};
    co_return {.cents = found->cents};
  }
  task<quote_all_results> quote_all(quote_all_params what) override {
    quote_all_results all;
    for (auto& each : co_await perdure::all(quotes(what.hotels))) all.cents.push_back(each.cents);
    co_return all;
  }
  task<quote_any_results> quote_any(quote_any_params what) override {
    auto first = co_await perdure::any(quotes(what.hotels));
    co_return {.hotel = what.hotels[first.index], .cents = first.value.cents};
  }
  task<quote_race_results> quote_race(quote_race_params what) override {
    auto first = co_await perdure::race(hotels().quote({.hotel = what.hotel}),
                                        rest(perdure::duration{what.pause}));
    co_return {.cents = first.index() == 0 ? std::get<0>(first).cents : -1};
  }
  task<quote_within_results> quote_within(quote_within_params what) override {
    auto found =
        co_await within(perdure::duration{what.pause}, hotels().quote({.hotel = what.hotel}));
    co_return {.cents = found ? found->cents : -1};
  }
  task<quote_each_results> quote_each(quote_each_params what) override {
    state.most = 0;
    co_await perdure::for_each(what.hotels, what.at_once,
                               [this](const std::string& hotel) { return ask(hotel); });
    co_return {.most = state.most};
  }
  task<> visit(visit_params what) override {
    auto alone = co_await mutex("door");
    state.most = std::max(state.most, ++state.inside);
    co_await sleep(perdure::duration{what.pause});
    --state.inside;
  }
  task<change_results> change() override {
    const auto before = version("tax", 1, 2);
    co_await sleep(1s);
    state.version = version("tax", 1, 2);
    if (before != state.version) throw std::logic_error("two versions in one handler");
    co_return {.version = state.version};
  }
  task<look_results> look() override {
    static int looks = 0;
    auto seen = side_effect([] { return "look " + std::to_string(++looks); });
    co_await sleep(1s);
    state.log.push_back(seen);
    co_return {.text = seen};
  }
  task<promise_results> promise(promise_params what) override {
    reply(promise_results{.ticket = uuid()});
    const auto found = co_await hotels().quote({.hotel = what.hotel});
    state.log.push_back(std::to_string(found.cents));
    co_return {};
  }
  void remind_me(const remind_me_params& what) override {
    remind("ring", perdure::duration{what.pause}, &desk::ring, {.fail = what.fail});
  }
  void ring(const ring_params& what) override {
    if (what.fail) throw rejected("out of order");
    state.log.push_back("ring");
  }
  task<> abandoned(abandoned_params what) override {
    auto found = co_await within(
        1s, activities<hotels_contract>({.on_cancel = perdure::cancellation::abandon})
                .quote({.hotel = what.hotel}));
    state.log.push_back(found ? "quoted" : "abandoned");
  }
  task<stopped_results> stopped(stopped_params what) override {
    perdure::cancel_scope scope;
    spawn(cancel_after(1s, scope));
    try {
      const auto found =
          co_await scope.run(activities<hotels_contract>({.on_cancel = perdure::cancellation::wait})
                                 .quote({.hotel = what.hotel}));
      co_return {.cents = found.cents, .how = "quoted"};
    } catch (const perdure::cancelled&) {
    }
    co_return {.cents = -1, .how = "cancelled"};
  }
  void note(const note_params& what) override { state.log.push_back(what.text); }
  task<wait_for_notes_results> wait_for_notes(wait_for_notes_params what) override {
    co_await wait_until([&] { return state.log.size() >= what.count; });
    co_return {.log = state.log};
  }
  task<> patient(patient_params what) override {
    co_await activities<hotels_contract>({.schedule_to_close = perdure::duration{what.limit}})
        .reserve({.trip = self().id});
  }
  void tag(const tag_params& what) override {
    if (what.text.empty())
      remove_attribute(what.name);
    else
      set_attribute(what.name, what.text);
  }

private:
  hotels_contract::stub hotels() {
    return activities<hotels_contract>(
        {.start_to_close = 30s,
         .heartbeat = 10s,
         .retry = {.attempts = 3, .final_types = {"no_such_hotel"}}});
  }
  std::vector<task<hotels_contract::quote_results>> quotes(const std::vector<std::string>& of) {
    std::vector<task<hotels_contract::quote_results>> all;
    for (auto& each : of) all.push_back(quote_of(each));
    return all;
  }
  task<hotels_contract::quote_results> quote_of(std::string hotel) {
    co_return co_await hotels().quote({.hotel = hotel});
  }
  task<> rest(perdure::duration time) { co_await sleep(time); }
  task<> ask(std::string hotel) {
    state.most = std::max(state.most, ++state.inside);
    co_await hotels().quote({.hotel = hotel});
    --state.inside;
  }
  task<> cancel_after(perdure::duration time, perdure::cancel_scope scope) {
    co_await sleep(time);
    scope.cancel();
  }
};

inline hotels_contract::quote_results price_of(std::int64_t cents) { return {.cents = cents}; }

}  // namespace travel
