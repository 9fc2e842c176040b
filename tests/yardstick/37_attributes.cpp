// Attributes: set when an entity begins, changed and removed as it goes on, of all four kinds, and
// how it is found by them.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include <algorithm>

#include "37_attributes.perdure.h"

namespace yardstick::attributes {

using namespace std::chrono_literals;

class parcel final : public parcel_entity {
public:
  perdure::task<> send(send_params what) override {
    if (what.grams <= 0) throw perdure::rejected("a parcel without weight");
    set_attribute("to", what.to);
    set_attribute("grams", what.grams);
    set_attribute("cents", static_cast<double>(what.grams) * 0.25);
    set_attribute("status", "packed");
    co_await sleep(1h);
    set_attribute("status", "sent");
    set_attribute("express", what.grams < 100);
    co_await sleep(24h);
    set_attribute("status", "delivered");
    remove_attribute("express");
  }
};

namespace {

using attributes = std::map<std::string, perdure::attribute_value, std::less<>>;

/// The ids of all parcels with this attribute.
std::vector<std::string> parcels(perdure::test_environment& env, const std::string& name,
                                 const perdure::attribute_value& value) {
  auto all = env.ids("found-parcel");
  std::erase_if(all, [&](auto& id) {
    const auto known = env.attributes("found-parcel/" + id);
    auto found = known.find(name);
    return found == known.end() || found->second != value;
  });
  return all;
}

TEST_CASE("attributes: what is set is there at once, changes, and can be removed") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<parcel>();
    auto sent = env.send(parcel_client(env, "p").send({.to = "Vienna", .grams = 50}));
    env.run_until_idle();
    CHECK(env.attributes("found-parcel/p") == attributes{{"to", "Vienna"},
                                                         {"grams", std::int64_t{50}},
                                                         {"cents", 12.5},
                                                         {"status", "packed"}});
    env.run_for(1h);
    CHECK(env.attributes("found-parcel/p").at("express") == perdure::attribute_value{true});
    CHECK(sent.get());
    CHECK(env.attributes("found-parcel/p").at("status") == perdure::attribute_value{"delivered"});
    CHECK(env.attributes("found-parcel/p").size() == 4);
  });
}

TEST_CASE("attributes: parcels are found by what they are now") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    env.host<parcel>();
    for (int i = 0; i < 3; ++i) {
      auto id = "p" + std::to_string(i);
      env.send(
          parcel_client(env, id).send({.to = i < 2 ? "Vienna" : "Graz", .grams = 40 + 40 * i}));
      env.run_for(1h);
    }
    using ids = std::vector<std::string>;
    CHECK(parcels(env, "to", "Vienna") == ids{"p0", "p1"});
    CHECK(parcels(env, "express", true) == ids{"p0", "p1"});
    CHECK(parcels(env, "status", "sent") == ids{"p0", "p1", "p2"});
    env.run_for(22h);
    CHECK(parcels(env, "status", "delivered") == ids{"p0"});
    CHECK(parcels(env, "express", true) == ids{"p1"});
  });
}

TEST_CASE("attributes: what is refused leaves none") {
  perdure::test_environment env;
  env.host<parcel>();
  CHECK(parcel_client(env, "p").send({.to = "Vienna"}).get().error().code ==
        perdure::errc::rejected);
  CHECK(env.attributes("found-parcel/p").empty());
  CHECK(env.ids("found-parcel").empty());
}

}  // namespace

}  // namespace yardstick::attributes
