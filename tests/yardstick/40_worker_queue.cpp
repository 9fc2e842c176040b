// Activities that have to run on one machine, because they share a file: any worker says which
// queue is its own, and gets the rest through that. When it dies, all begins anew on another one.

#include <doctest/doctest.h>

#include <perdure/testing.h>

#include "40_worker_queue.perdure.h"

namespace yardstick::worker_queue {

using namespace std::chrono_literals;

class file final : public file_entity {
public:
  perdure::task<process_results> process(process_params what) override {
    while (true) {
      try {
        co_return {.worker = co_await process_on_one_worker(what.url)};
      } catch (const perdure::failure&) {
        if (++state.attempts == 5) throw;
      }
    }
  }

private:
  perdure::task<std::string> process_on_one_worker(std::string url) {
    auto worker = co_await activities<workers_contract>({.retry = {.attempts = 1}}).own_queue();
    // Where the worker is gone, nobody ever takes what is in its queue.
    auto files = activities<files_contract>(
        {.queue = worker.queue, .schedule_to_close = 1min, .retry = {.attempts = 3}});
    const auto path = "/tmp/" + uuid();
    co_await files.download({.url = url, .path = path});
    auto processed = co_await files.process({.path = path}).as_result();
    co_await files.remove({.path = path});
    if (!processed) throw perdure::failure(processed.error());
    co_return worker.queue;
  }
};

namespace {

/// Two workers that take turns.
struct workers {
  explicit workers(perdure::test_environment& env)
      : own_queue(env.script<workers_contract>("ownQueue")),
        download(env.script<files_contract>("download")),
        process(env.script<files_contract>("process")),
        remove(env.script<files_contract>("remove")) {
    env.host<file>();
    own_queue.returns(workers_contract::own_queue_results{.queue = "worker-1"})
        .returns(workers_contract::own_queue_results{.queue = "worker-2"});
  }

  /// The queues through which the attempts of an activity went.
  static std::vector<std::string> queues(const perdure::activity_script& of) {
    std::vector<std::string> all;
    for (auto& each : of.attempts()) all.push_back(each.queue);
    return all;
  }

  perdure::activity_script own_queue, download, process, remove;
};

using queues = std::vector<std::string>;

TEST_CASE("worker queue: what follows goes to the worker that has the file") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    workers w(env);
    w.download.returns();
    w.process.fails("busy").returns();
    w.remove.returns();
    const auto processed = file_client(env, "f").process({.url = "https://example.com"}).get();
    CHECK(processed.value().worker == "worker-1");
    CHECK(workers::queues(w.own_queue) == queues{""});
    CHECK(workers::queues(w.download) == queues{"worker-1"});
    CHECK(workers::queues(w.process) == queues{"worker-1", "worker-1"});
    CHECK(workers::queues(w.remove) == queues{"worker-1"});
  });
}

TEST_CASE("worker queue: when a worker is gone, all is done again by another one") {
  perdure::crash_everywhere([](perdure::test_environment& env) {
    workers w(env);
    w.download.returns();
    w.process.hangs().returns();
    w.remove.hangs().returns();
    const auto start = env.now();
    const auto processed = file_client(env, "f").process({.url = "https://example.com"}).get();
    CHECK(processed.value().worker == "worker-2");
    CHECK(env.now() - start == 2min);
    CHECK(workers::queues(w.download) == queues{"worker-1", "worker-2"});
    CHECK(workers::queues(w.process) == queues{"worker-1", "worker-2"});
    CHECK(workers::queues(w.remove) == queues{"worker-1", "worker-2"});
    CHECK(w.own_queue.called() == 2);
    const auto paths = w.download.calls<files_contract::download_params>();
    CHECK(paths[0].path != paths[1].path);
  });
}

TEST_CASE("worker queue: after five workers it is given up") {
  perdure::test_environment env;
  workers w(env);
  w.download.fails_for_good("no_such_host").times(5);
  CHECK(file_client(env, "f").process({.url = "x"}).get().error().type == "no_such_host");
  CHECK(w.own_queue.called() == 5);
}

}  // namespace

}  // namespace yardstick::worker_queue
