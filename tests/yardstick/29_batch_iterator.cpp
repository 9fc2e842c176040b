// A batch of any size: a page of records at a time, a child for each record, and a new run now and
// then, so that no history grows large. A record that fails does not stop the others.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include <algorithm>

#include "29_batch_iterator.perdure.h"

namespace yardstick::batch_iterator {

using namespace std::chrono_literals;

class record final : public record_entity {
public:
  perdure::task<> process(process_params what) override {
    if (what.content.empty()) throw perdure::rejected("an empty record");
    co_await sleep(std::chrono::seconds{1 + random() % 30});
    ++state.processed;
  }
};

class batch final : public batch_entity {
public:
  perdure::task<process_results> process(process_params what) override {
    while (true) {
      co_await continue_point();
      auto page = co_await activities<pages_contract>({.start_to_close = 5s})
                      .read({.offset = state.offset, .count = what.page_size});
      if (page.records.empty()) break;
      std::vector<perdure::task<perdure::result<perdure::nothing>>> children;
      for (auto& each : page.records) {
        const auto id = self().id + '/' + std::to_string(state.offset++);
        children.push_back(child<record_contract>(id).process({.content = each}).as_result());
      }
      for (auto& each : co_await perdure::all(std::move(children))) state.failed += !each;
    }
    co_return {.processed = state.offset - state.failed, .failed = state.failed};
  }
};

namespace {

/// A table of so many records, one of them empty.
perdure::activity_script table_of(perdure::test_environment& env, std::uint32_t records) {
  env.host<batch>().host<record>();
  return env.script<pages_contract>("read").answers([=](const pages_contract::read_params& what) {
    pages_contract::read_results page;
    for (auto i = what.offset; i < std::min(records, what.offset + what.count); ++i) {
      page.records.push_back(i == 20 ? "" : "record " + std::to_string(i));
    }
    return page;
  });
}

TEST_CASE("batch iterator: each record has a child that processes it, once") {
  perdure::crash_everywhere(
      [](perdure::test_environment& env) {
        auto reads = table_of(env, 47);
        const auto start = env.now();
        const auto done = batch_client(env, "b").process({.page_size = 5}).get().value();
        CHECK(done.processed == 46);
        CHECK(done.failed == 1);
        CHECK(reads.called() == 11);
        CHECK(env.now() - start <= 10 * 30s);  // A page at once.
        for (int i = 0; i < 47; ++i) {
          const auto id = "batch-record/b/" + std::to_string(i);
          CHECK(env.state<record_state>(id).processed == (i == 20 ? 0 : 1));
        }
        CHECK(env.run("iterated-batch/b") > 1);
      },
      {.continue_after_events = 40});
}

TEST_CASE("batch iterator: an empty table is nothing to do") {
  perdure::test_environment env;
  table_of(env, 0).times(1);
  CHECK(batch_client(env, "b").process({.page_size = 5}).get().value().processed == 0);
}

}  // namespace

}  // namespace yardstick::batch_iterator
