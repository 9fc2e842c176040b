// Requests and responses, three ways: the response is handed over by an activity, asked for by a
// query, or what an update returns.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include <algorithm>

#include "10_request_response.perdure.h"

namespace yardstick::capitals {

using namespace std::chrono_literals;

class capitals final : public capitals_entity {
public:
  void request(const request_params& what) override {
    if (what.id.empty()) throw perdure::rejected("a request has an id");
    spawn(respond(what));
  }

  response_results response(const response_params& to) const override {
    auto found = std::ranges::find(state.last, to.id, &written::id);
    if (found == state.last.end()) return {};
    return {.text = found->text};
  }

  perdure::task<write_results> write(write_params what) override {
    auto done = co_await letters().capitals({.text = what.text});
    co_return {.text = done.text};
  }

private:
  letters_contract::stub letters() {
    return activities<letters_contract>({.retry = {.attempts = 5}});
  }

  perdure::task<> respond(request_params what) {
    auto done = co_await letters().capitals({.text = what.text});
    if (state.last.size() == 10) state.last.erase(state.last.begin());
    state.last.push_back({.id = what.id, .text = done.text});
    if (what.reply_to.empty()) co_return;
    co_await letters().deliver({.reply_to = what.reply_to, .id = what.id, .text = done.text});
  }
};

namespace {

perdure::activity_script letters(perdure::test_environment& env) {
  env.host<capitals>();
  return env.script<letters_contract>("capitals")
      .fails("busy")
      .answers([](const letters_contract::capitals_params& what) {
        auto text = what.text;
        for (auto& each : text) each = static_cast<char>(std::toupper(each));
        return letters_contract::capitals_results{.text = text};
      })
      .takes(1s)
      .any_number();
}

}  // namespace

TEST_CASE("by activity: each response is handed to who asked for it") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    letters(env);
    auto delivered = env.script<letters_contract>("deliver").fails("away").returns();
    capitals_client client{env, "c"};
    client.request({.id = "1", .text = "tea", .reply_to = "alice"}).get().value();
    client.request({.id = "2", .text = "milk", .reply_to = "bob"}).get().value();
    env.run_to_the_end();
    auto calls = delivered.calls<letters_contract::deliver_params>();
    REQUIRE(calls.size() == 3);
    CHECK(std::ranges::count_if(calls, [](auto& each) {
            return each.reply_to == "alice" && each.id == "1" && each.text == "TEA";
          }) >= 1);
    CHECK(env.pending("capitals/c").empty());
  });
}

TEST_CASE("by query: the response is there when it is there") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    letters(env);
    capitals_client client{env, "c"};
    client.request({.id = "1", .text = "tea"}).get().value();
    int asked = 1;
    while (!client.response({.id = "1"}).get().value().text) {
      env.run_for(500ms);
      ++asked;
    }
    CHECK(asked == 5);  // It fails, pauses for a second, and takes another.
    CHECK(client.response({.id = "1"}).get().value().text == "TEA");
  });
}

TEST_CASE("by update: the response is what the request returns") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    letters(env);
    CHECK(capitals_client(env, "c").write({.text = "tea"}).get().value().text == "TEA");
  });
}

TEST_CASE("a request without an id is refused") {
  perdure::test_environment env;
  letters(env);
  CHECK(capitals_client(env, "c").request({.text = "tea"}).get().error().code ==
        perdure::errc::rejected);
}

}  // namespace yardstick::capitals
