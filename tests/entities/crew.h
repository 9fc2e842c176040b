#pragma once

/// An entity whose handlers are functions of a test; see crew.capnp.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "crew.perdure.h"

namespace crew {

class scripted final : public crew_entity {
public:
  using main_function = std::function<perdure::task<std::string>(scripted&, std::string)>;

  // What the handlers do, until the next test.
  static inline main_function on_work;
  static inline main_function on_ask;
  static inline std::function<void(scripted&, const std::string&)> on_tell;

  perdure::task<work_results> work(work_params what) override {
    co_return {.result = co_await on_work(*this, std::move(what.plan))};
  }
  void tell(const tell_params& what) override {
    on_tell ? on_tell(*this, what.text) : note(what.text);
  }
  perdure::task<ask_results> ask(ask_params what) override {
    co_return {.result = co_await on_ask(*this, std::move(what.text))};
  }
  log_results log() const override { return {.lines = state.log}; }

  std::size_t state_lines() const { return state.log.size(); }
  void note(std::string line) { state.log.push_back(std::move(line)); }
  perdure::call<tools_contract::lend_results> lend(std::string what) {
    return activities<tools_contract>().lend({.what = std::move(what)});
  }
  auto colleague(std::string id) { return entity<crew_contract>(std::move(id)); }
  auto helper(std::string id, perdure::start_options how = {}) {
    return child<crew_contract>(std::move(id), how);
  }
  void ring(std::string text, perdure::duration time) {
    remind("ring", time, &scripted::tell, {.text = std::move(text)});
  }

  using crew_entity::continue_point;
  using crew_entity::is_cancelled;
  using crew_entity::mutex;
  using crew_entity::now;
  using crew_entity::random;
  using crew_entity::self;
  using crew_entity::set_attribute;
  using crew_entity::side_effect;
  using crew_entity::sleep;
  using crew_entity::spawn;
  using crew_entity::version;
  using crew_entity::wait_until;
};

}  // namespace crew
