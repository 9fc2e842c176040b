// Children: one that its parent waits for, one that outlives it, one whose type is a text.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "25_children.perdure.h"

namespace yardstick::children {

using namespace std::chrono_literals;

class child final : public child_entity {
public:
  perdure::task<compose_results> compose(compose_params what) override {
    co_await sleep(1h);
    ++state.composed;
    co_return {.greeting = what.greeting + ' ' + what.name + '!'};
  }
};

class parent final : public parent_entity {
public:
  perdure::task<greet_results> greet(greet_params what) override {
    const auto id = self().id + "/child";
    if (what.how == manner::waits) {
      auto composed = co_await child<child_contract>(id).compose({"Hello", what.name});
      co_return {.greeting = composed.greeting};
    }
    if (what.how == manner::abandons) {
      co_await child<child_contract>(id, {.on_parent_close = perdure::parent_close::abandon})
          .compose({"Hello", what.name})
          .started();
      co_return {};
    }
    co_return {.greeting = co_await child("greeting-child", id)
                               .run(R"({"greeting": "Hello", "name": ")" + what.name + "\"}")};
  }
};

namespace {

struct family {
  explicit family(perdure::test_environment& in) : env(in) { env.host<parent>().host<child>(); }

  std::string child_status() { return env.status("greeting-child/p/child"); }

  perdure::test_environment& env;
  parent_client client{env, "p"};
  perdure::timestamp start = env.now();
};

TEST_CASE("children: a parent waits for its child") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    family f(env);
    const auto greeted = f.client.greet({.name = "World"}).get();
    CHECK(greeted.value().greeting == "Hello World!");
    CHECK(env.now() - f.start == 1h);
    CHECK(env.state<child_state>("greeting-child/p/child").composed == 1);
  });
}

TEST_CASE("children: an abandoned child outlives its parent") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    family f(env);
    CHECK(f.client.greet({.name = "World", .how = manner::abandons}).get());
    CHECK(env.now() == f.start);
    CHECK(env.status("greeting-parent/p") == "completed");
    CHECK(f.child_status() == "running");
    env.run_to_the_end();
    CHECK(f.child_status() == "completed");
    CHECK(env.now() - f.start == 1h);
  });
}

TEST_CASE("children: one whose type is known by name only takes and gives JSON") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    family f(env);
    const auto greeted = f.client.greet({.name = "World", .how = manner::untyped}).get();
    CHECK(greeted.value().greeting == R"({"greeting":"Hello World!"})");
  });
}

TEST_CASE("children: one that is not abandoned ends with its parent") {
  perdure::test_environment env;
  family f(env);
  auto greeted = env.send(f.client.greet({.name = "World"}));
  env.run_for(30min);
  CHECK(env.terminate("greeting-parent/p", "no time"));
  CHECK(greeted.get().error().type == "terminated");
  env.run_to_the_end();
  CHECK(f.child_status() == "terminated");
  CHECK(env.now() - f.start == 30min);
}

TEST_CASE("children: a child that fails, and one that runs already, are failures of the call") {
  perdure::test_environment env;
  family f(env);
  auto greeted = env.send(f.client.greet({.name = "World"}));
  env.run_until_idle();
  CHECK(env.terminate("greeting-child/p/child", "out of ink"));
  CHECK(greeted.get().error().detail.find("out of ink") != std::string::npos);

  auto other = env.send(child_client(env, "q/child").compose({"Good evening", "World"}));
  CHECK(!parent_client(env, "q").greet({.name = "World"}).get());
  CHECK(other.get().value().greeting == "Good evening World!");
}

}  // namespace

}  // namespace yardstick::children
