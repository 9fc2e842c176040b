// A trip is booked in three steps; when one fails, those before it are undone, the last one first.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "20_trip_saga.perdure.h"

namespace yardstick::trips {

using namespace std::chrono_literals;

class trip final : public trip_entity {
public:
  perdure::task<book_results> book(book_params by) override {
    co_return co_await perdure::saga(
        [&](perdure::compensations& undo) -> perdure::task<book_results> {
          book_results all;
          all.car = co_await reserve("car", by.traveller, undo);
          all.hotel = co_await reserve("hotel", by.traveller, undo);
          all.flight = co_await reserve("flight", by.traveller, undo);
          co_return all;
        });
  }

private:
  perdure::task<std::string> reserve(std::string what, std::string traveller,
                                     perdure::compensations& undo) {
    auto bookings = activities<bookings_contract>({.retry = {.attempts = 3}});
    // Undone even when nobody knows whether it was done: the request has an id of ours.
    const auto request = uuid();
    undo.add(what, [=] { return bookings.cancel({.what = what, .request = request}); });
    auto done =
        co_await bookings.reserve({.what = what, .request = request, .traveller = traveller});
    state.booked.push_back(what);
    co_return done.reservation;
  }
};

namespace {

/// The world of car rentals, hotels and airlines: what is reserved, and what happened in order.
class agencies final : public bookings_activities {
public:
  reserve_results reserve(const reserve_params& wanted) override {
    log.push_back(wanted.what);
    if (wanted.what == fails) throw perdure::activity_failure("sold_out", "no " + wanted.what);
    reserved[wanted.request] = wanted.what;
    if (wanted.what == lost) throw std::runtime_error("connection lost");
    return {.reservation = wanted.what + " of " + wanted.traveller};
  }

  void cancel(const cancel_params& unwanted) override {
    log.push_back("cancel " + unwanted.what);
    if (unwanted.what == stays) throw std::runtime_error("nobody answers");
    reserved.erase(unwanted.request);
  }

  std::string fails, lost, stays;
  std::map<std::string, std::string> reserved;
  std::vector<std::string> log;
};

using strings = std::vector<std::string>;

struct world {
  explicit world(perdure::test_environment& in) : env(in) { env.host<trip>().provide(market); }

  perdure::test_environment& env;
  std::shared_ptr<agencies> market = std::make_shared<agencies>();
  trip_client client{env, "t"};
};

}  // namespace

TEST_CASE("a trip that goes well is booked once, and nothing is undone") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    world all(env);
    CHECK(all.client.book({.traveller = "Ada"}).get().value().flight == "flight of Ada");
    CHECK(all.market->log == strings{"car", "hotel", "flight"});
    CHECK(all.market->reserved.size() == 3);
  });
}

TEST_CASE("without a flight there is no hotel and no car, given back in this order") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    world all(env);
    all.market->fails = "flight";
    CHECK(all.client.book({.traveller = "Ada"}).get().error().type == "sold_out");
    CHECK(all.market->log == strings{"car", "hotel", "flight", "flight", "flight", "cancel flight",
                                     "cancel hotel", "cancel car"});
    CHECK(all.market->reserved.empty());
    CHECK(env.status("trip/t") == "failed");
  });
}

TEST_CASE("a reservation whose answer is lost is undone, too") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    world all(env);
    all.market->lost = "hotel";
    CHECK(!all.client.book({.traveller = "Ada"}).get());
    CHECK(all.market->reserved.empty());
  });
}

TEST_CASE("what cannot be undone is named, and the rest is undone all the same") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    world all(env);
    all.market->fails = "flight";
    all.market->stays = "hotel";
    const auto why = all.client.book({.traveller = "Ada"}).get().error().detail;
    CHECK(why.find("no flight") != std::string::npos);
    CHECK(why.find("hotel: ") != std::string::npos);
    CHECK(all.market->reserved.size() == 1);
    CHECK(all.market->log.back() == "cancel car");
  });
}

}  // namespace yardstick::trips
