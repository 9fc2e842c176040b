// What a developer is told whose code does something else than it did.

#include "entities/difference.h"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "desk.perdure.h"
#include "entities/machine.h"
#include "entities/payload.h"

using namespace perdure;
using namespace perdure::core;
using namespace std::chrono_literals;

namespace {

constexpr timestamp noon{std::chrono::hours{12}};
constexpr std::string_view advice = ". What to do: \"Changing code\", docs/guide/versions.md";

const contract& described() { return ::desk::desk_contract::description(); }

/// Does what the test says: a build before, and the build after.
class subject final : public ::desk::desk_entity {
public:
  using body = std::function<task<>(subject&)>;
  inline static body does;
  using charge_results = ::desk::payments_contract::charge_results;

  task<buy_results> buy(buy_params) override {
    co_await does(*this);
    co_return {.receipt = "r"};
  }
  void ring() override {
    if (state.total < 0) throw rejected("out of order");
    ++state.total;
  }
  void count(const count_params& what) override {
    if (what.by < 0) throw rejected("a negative number");
    state.total += what.by;
  }

  call<charge_results> charge(std::string account, std::int64_t cents, activity_options how = {}) {
    return activities<::desk::payments_contract>(std::move(how))
        .charge({.account = std::move(account), .cents = cents});
  }
  ::desk::till_stub till(std::string id) { return entity<::desk::till_contract>(std::move(id)); }

  using ::desk::desk_entity::remind;
  using ::desk::desk_entity::state;
  using entity_base::activities;
  using entity_base::entity;
  using entity_base::set_attribute;
  using entity_base::side_effect;
  using entity_base::sleep;
  using entity_base::spawn;
  using entity_base::version;
};

using params = ::desk::desk_contract;

/// One desk; keeps its records.
struct bench {
  entity_id who{"desk", "d"};
  machine_limits limits;
  entity_type type = type_of<subject>();
  std::unique_ptr<machine> entity = std::make_unique<machine>(type, who, limits);
  std::vector<record> journal;
  timestamp now = noon;

  void keep(outcome taken) { journal.push_back(std::get<accepted>(std::move(taken)).step); }
  void buy(const params::buy_params& what = {}) {
    keep(entity->handle_update({0, codec<params::buy_params>::encode(what), {}, 0ms}, now));
  }
  void count(std::int64_t by) {
    keep(entity->handle_signal({2, codec<params::count_params>::encode({.by = by}), {}, 0ms}, now));
  }

  /// Returns what a replay says, without the advice.
  std::string replayed() {
    machine again(type, who, limits);
    for (auto& step : journal) {
      auto why = again.replay(step);
      if (!why) continue;
      CHECK(why->code == errc::nondeterministic);
      INFO(why->detail);
      REQUIRE(why->detail.ends_with(advice));
      return why->detail.substr(0, why->detail.size() - advice.size());
    }
    return "";
  }
};

/// Returns what is said of event 2 when a build that does `then` is followed by one that does
/// `now`.
std::string told(subject::body then, subject::body now) {
  bench b;
  subject::does = std::move(then);
  b.buy();
  CHECK(b.replayed() == "");
  subject::does = std::move(now);
  auto text = b.replayed();
  subject::does = nullptr;
  const std::string begin =
      "event 2 (caused by event 1, update buy {\"lines\":[],\"note\":null}): ";
  INFO(text);
  REQUIRE(text.starts_with(begin));
  return text.substr(begin.size());
}

#define DOES [](subject & me) -> task<>

}  // namespace

TEST_CASE("difference: another parameter of an activity is named, with both values") {
  CHECK(
      told(
          DOES { co_await me.charge("alice", 500); }, DOES { co_await me.charge("alice", 700); }) ==
      "expected activity payments.charge {\"account\":\"alice\",\"cents\":\"500\"}, got activity "
      "payments.charge {\"account\":\"alice\",\"cents\":\"700\"}; they differ first in `cents`: "
      "recorded 500, now 700");
}

TEST_CASE("difference: another option of an activity is named") {
  CHECK(
      told(
          DOES { co_await me.charge("a", 5, {.start_to_close = 10s}); },
          DOES { co_await me.charge("a", 5, {.start_to_close = 5s}); }) ==
      "expected activity payments.charge {\"account\":\"a\",\"cents\":\"5\"}, start_to_close "
      "10000 ms, got activity payments.charge {\"account\":\"a\",\"cents\":\"5\"}, start_to_close "
      "5000 ms; they differ first in `start_to_close`: recorded 10000 ms, now 5000 ms");
}

TEST_CASE("difference: another activity of the same interface is named") {
  CHECK(
      told(
          DOES { co_await me.charge("a", 5); },
          DOES { co_await me.activities<::desk::payments_contract>().refund({.receipt = "r"}); }) ==
      "expected activity payments.charge {\"account\":\"a\",\"cents\":\"5\"}, got activity "
      "payments.refund {\"receipt\":\"r\"}; they differ first in `method`: recorded charge, now "
      "refund");
}

TEST_CASE("difference: an activity that this build has not called is told by its number") {
  auto text = told(DOES { co_await me.charge("a", 5); }, DOES { co_await me.sleep(1s); });
  CHECK(text.starts_with("expected activity payments @0 (40 bytes, digest "));
  CHECK(text.ends_with("), got timer 1 started, due 1970-01-01T12:00:01Z"));
}

TEST_CASE("difference: a message's target, method and parameters are named") {
  CHECK(told(
            DOES { co_await me.till("a").put({}); }, DOES { co_await me.till("b").put({}); })
            .ends_with("they differ first in `target`: recorded till/a, now till/b"));
  CHECK(told(
            DOES {
              me.till("a").open();
              co_return;
            },
            DOES { co_await me.till("a").put({.lines = {{.sku = "x", .cents = 3}}}); }) ==
        "expected signal open to till/a, got update put "
        "{\"lines\":[{\"sku\":\"x\",\"cents\":\"3\"}],\"status\":{\"fresh\":null}} to "
        "till/a; they differ first in `kind`: recorded signal, now update");
  CHECK(told(
            DOES { co_await me.till("a").put({.lines = {{}, {.sku = "x", .cents = 3}}}); },
            DOES { co_await me.till("a").put({.lines = {{}, {.sku = "y", .cents = 3}}}); })
            .ends_with("they differ first in `lines[1].sku`: recorded \"x\", now \"y\""));
  CHECK(told(
            DOES { co_await me.till("a").put({.lines = {{}}}); },
            DOES { co_await me.till("a").put({.lines = {{}, {}}}); })
            .ends_with("they differ first in `lines`: recorded 1 elements, now 2 elements"));
}

TEST_CASE("difference: another member of a union is named") {
  using old = ::desk::deposit::status_is::old;
  CHECK(told(
            DOES { co_await me.till("a").put({}); },
            DOES { co_await me.till("a").put({.status = old{3}}); })
            .ends_with("they differ first in `status.fresh`: recorded set, now not set"));
  CHECK(told(
            DOES { co_await me.till("a").put({.status = old{2}}); },
            DOES { co_await me.till("a").put({.status = old{3}}); })
            .ends_with("they differ first in `status.old`: recorded 2, now 3"));
}

TEST_CASE("difference: a message of which only the type's name is known is told in JSON") {
  CHECK(told(
            DOES {
              me.entity("lamp", "l").signal("on", R"({"by":1})");
              co_return;
            },
            DOES {
              me.entity("lamp", "l").signal("on", R"({"by":2})");
              co_return;
            }) ==
        "expected signal on {\"by\":1} to lamp/l, got signal on {\"by\":2} to lamp/l; they "
        "differ first in `parameters`: recorded {\"by\":1}, now {\"by\":2}");
}

TEST_CASE("difference: reminders, versions, attributes and timers are told with what differs") {
  CHECK(told(
            DOES {
              me.remind("tea", 1s, &subject::count, {.by = 1});
              co_return;
            },
            DOES {
              me.remind("tea", 1s, &subject::count, {.by = 2});
              co_return;
            }) ==
        "expected reminder \"tea\" set, due 1970-01-01T12:00:01Z, calls count {\"by\":\"1\"}, got "
        "reminder \"tea\" set, due 1970-01-01T12:00:01Z, calls count {\"by\":\"2\"}; they differ "
        "first in `by`: recorded 1, now 2");
  CHECK(told(
            DOES { co_await me.sleep(1s); }, DOES { co_await me.sleep(1500ms); }) ==
        "expected timer 1 started, due 1970-01-01T12:00:01Z, got timer 1 started, due "
        "1970-01-01T12:00:01.500Z; they differ first in `due`: recorded 1970-01-01T12:00:01Z, now "
        "1970-01-01T12:00:01.500Z");
  CHECK(told(
            DOES {
              me.set_attribute("color", std::string("red"));
              co_return;
            },
            DOES {
              me.set_attribute("color", std::string("blue"));
              co_return;
            })
            .ends_with("they differ first in `value`: recorded \"red\", now \"blue\""));
}

TEST_CASE("difference: what is done no more, and what is done besides, is told") {
  auto text = told(DOES { co_await me.charge("a", 5); }, DOES { co_return; });
  CHECK(text.ends_with("), got update buy of event 1 completed with {\"receipt\":\"r\"}"));
  bench b;
  b.count(5);
  b.journal[0].commands.push_back(timer_started{1, noon});
  CHECK(b.replayed() ==
        "event 2 (caused by event 1, signal count {\"by\":\"5\"}): expected timer 1 started, due "
        "1970-01-01T12:00:00Z, got nothing");
  bench c;
  subject::does = DOES {
    me.spawn(me.sleep(1s));
    co_await me.sleep(2s);
  };
  c.buy();
  c.journal[0].commands.pop_back();
  CHECK(c.replayed().ends_with("expected nothing, got timer 2 started, due 1970-01-01T12:00:02Z"));
}

TEST_CASE("difference: a side effect that throws what it did not is told") {
  record then;
  then.event = 7;
  then.what = signal_received{1, {}};
  const auto old = as_bytes_view("old");
  then.commands = {side_effect_recorded{bytes(old.begin(), old.end()), std::nullopt}};
  auto now = then;
  CHECK(!difference(then, now, described(), {}));
  std::get<side_effect_recorded>(now.commands[0]) = {{}, error{errc::rejected, "no file"}};
  CHECK(difference(then, now, described(), {})->detail ==
        "event 8 (caused by event 7, signal ring): expected side effect \"old\", got side effect "
        "that failed: rejected: no file; they differ first in "
        "`failure`: recorded none, now rejected: no file" +
            std::string(advice));
}

TEST_CASE("difference: a child that would be adopted is another one") {
  record then;
  then.event = 7;
  then.what = signal_received{1, {}};
  outgoing start;
  start.target = {"job", "j"};
  start.kind = message_kind::start;
  start.as_child = true;
  then.commands = {message_sent{start}};
  auto now = then;
  std::get<message_sent>(now.commands[0]).message.adopts = true;
  CHECK(difference(then, now, described(), {})
            ->detail.ends_with("they differ first in `adopts`: recorded false, now true" +
                               std::string(advice)));
}

TEST_CASE("difference: an input that the code refuses now is told with its parameters") {
  bench b;
  b.count(5);
  std::get<signal_received>(b.journal[0].what).params =
      codec<params::count_params>::encode({.by = -5});
  CHECK(b.replayed() ==
        "event 1: expected signal count {\"by\":\"-5\"} to be accepted, got rejected: a negative "
        "number");
}

TEST_CASE("difference: code that has left a recorded version behind is told so") {
  auto text = [] {
    bench b;
    subject::does = DOES {
      me.version("scrub", 0, 1);
      co_await me.sleep(1s);
    };
    b.buy();
    subject::does = DOES {
      me.version("scrub", 2, 3);
      co_await me.sleep(1s);
    };
    return b.replayed();
  }();
  CHECK(text == "event 2: expected version 1 of \"scrub\", got code for versions 2 to 3");
}

TEST_CASE("difference: another state is told by the events between which it came about") {
  bench b;
  for (int i = 0; i < 4; ++i) b.count(1);
  b.journal[1].state_digest = 0;
  CHECK(b.replayed().starts_with("event 2: expected the state that was recorded (digest 0), got"));
  CHECK(b.replayed().find("a handler that ran up to event 2 changes the state differently") !=
        std::string::npos);
  b.journal[3].state_digest = digest(b.entity->state());
  machine half(b.type, b.who, b.limits);
  b.journal[1].state_digest.reset();
  CHECK(b.replayed() == "");
  for (int i = 0; i < 2; ++i) CHECK(!half.replay(b.journal[i]));
  b.journal[1].state_digest = digest(half.state());
  // What a build that counts otherwise would have recorded.
  b.journal[3].state_digest = digest(encode(::desk::desk_state{.total = 8}));
  CHECK(
      b.replayed() ==
      "event 4: expected the state that was recorded (digest 3549209141434703724), got another "
      "one (digest 9563553918904487140); the code has the effects that it had, but a handler that "
      "ran between event 2 and event 4 changes the state differently");
}

TEST_CASE("difference: of two states that are there, the first field is named") {
  ::desk::desk_state then{.total = 5};
  ::desk::desk_state now{.total = 7};
  CHECK(state_difference(9, encode(then), encode(now), described()).detail ==
        "event 9: expected the state that was recorded, got another one; the code has the effects "
        "that it had, but a handler changes the state differently; they differ first in `total`: "
        "recorded 5, now 7" +
            std::string(advice));
}

TEST_CASE("words: a history is told with names, parameters, and what calls came back with") {
  known_interfaces known;
  known.add(::desk::payments_contract::description());
  known.add(::desk::till_contract::description());
  event_words words(&described(), &known);
  bench b;
  subject::does = DOES {
    co_await me.charge("alice", 5);
    co_await me.till("t").put({});
  };
  b.buy({.lines = {{.sku = "x", .cents = 5}}, .note = "soon"});
  const auto paid = encode(::desk::payments_contract::charge_results{.receipt = "paid"});
  b.keep(b.entity->end_activity(2, {paid, std::nullopt}, b.now));
  b.keep(b.entity->take_reply(4, {{}, error{errc::rejected, "full", "till_full"}}, b.now));
  std::vector<std::string> lines;
  for (auto& step : b.journal) lines.push_back(words.line(step));
  CHECK(
      lines ==
      std::vector<std::string>{
          "1: update buy {\"lines\":[{\"sku\":\"x\",\"cents\":\"5\"}],\"note\":\"soon\"}; activity "
          "payments.charge {\"account\":\"alice\",\"cents\":\"5\"}",
          "3: activity payments.charge of event 2 ended with {\"receipt\":\"paid\"}; update put "
          "{\"lines\":[],\"status\":{\"fresh\":null}} to till/t",
          "5: message put to till/t of event 4 failed: rejected (till_full): full; update buy of "
          "event 1 failed: full"});
}

TEST_CASE("words: long parameters are cut between characters") {
  CHECK(shortened(std::string(200, 'x')) == std::string(200, 'x'));
  CHECK(shortened(std::string(199, 'x') + "\u00e4") == std::string(199, 'x') + "...");
  CHECK(shortened(std::string(198, 'x') + "\u00e4\u00e4") == std::string(198, 'x') + "\u00e4...");
  auto text = describe(signal_received{2, bytes(24)}, &described());
  CHECK(text == "signal count (24 bytes, digest " + std::to_string(digest(bytes(24))) + ')');
}

TEST_CASE("words: long values that differ late are cut around the difference") {
  const std::string same(500, 'x');
  auto text = told(
      DOES { co_await me.charge(std::string(500, 'x') + "a", 5); },
      DOES { co_await me.charge(std::string(500, 'x') + "b", 5); });
  CHECK(text.ends_with("`account`: recorded ..." + std::string(30, 'x') + "a\", now ..." +
                       std::string(30, 'x') + "b\""));
}
