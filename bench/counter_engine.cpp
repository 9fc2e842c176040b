#include "bench/counter_engine.h"

#include <future>
#include <utility>

#include "persistence/codec.h"
#include "persistence/lmdb/lmdb_journal.h"

namespace perdure::bench {

namespace {

using counting::counter;
using counting::counter_contract;

std::unique_ptr<persistence::journal> open_store(const std::filesystem::path& folder) {
  persistence::lmdb_options options;
  options.directory = folder;
  options.shard_count = 256;  // As a node does for new data.
  return persistence::open_lmdb_journal(std::move(options)).value();
}

std::string name_of(std::size_t number) { return "counter-" + std::to_string(number); }

}  // namespace

counter_engine::counter_engine(const std::filesystem::path& folder, runtime::engine_limits limits)
    : contract_(counter_contract::description()),
      add_(*contract_.find("add")),
      value_(*contract_.find("value")),
      one_(encode(counter_contract::add_params{.amount = 1})),
      store_(open_store(folder)),
      engine_(*store_, wall_, limits) {
  engine_.host(type_of<counter>());
  engine_.start();
}

request counter_engine::prepare(std::size_t number, const method& what, bytes params) const {
  return {{std::string(contract_.type), name_of(number)}, &contract_, &what, std::move(params), {}};
}

void counter_engine::add(std::size_t number, completion done) {
  engine_.call(prepare(number, add_, one_), std::move(done));
}

result<answer> counter_engine::value(std::size_t number) {
  std::promise<result<answer>> answered;
  engine_.call(prepare(number, value_, empty_payload()),
               [&](result<answer> got) { answered.set_value(std::move(got)); });
  return answered.get_future().get();
}

std::size_t record_bytes() {
  using namespace core;
  bytes params = encode(counter_contract::add_params{.amount = 1});
  timestamp now{duration{1'700'000'000'000}};
  record step;
  step.event = 7;
  step.time = now;
  step.what = signal_received{.method = 0, .params = params};
  step.commands.push_back(
      reminder_set{{.name = "idle", .signal = 3, .params = empty_payload(), .due = now}});
  persistence::entity_summary after{
      .last_event = 8, .run_bytes = 1'000, .created = now, .last_active = now, .next_due = now};
  return persistence::encode_record({"counter", name_of(12'345)}, step, after).size();
}

}  // namespace perdure::bench
