#include <perdure/testing.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "testing/access.h"
#include "testing/world.h"

namespace perdure {

namespace {

std::function<void(const std::string&)>& reported_to() {
  static std::function<void(const std::string&)> to;
  return to;
}

}  // namespace

void report_test_failures(std::function<void(const std::string&)> to) {
  reported_to() = std::move(to);
}

entity_name::entity_name(std::string_view name) {
  const auto slash = name.find('/');
  if (slash == std::string_view::npos) {
    throw std::invalid_argument("an entity is named as type/id, not \"" + std::string(name) + '"');
  }
  id = {std::string(name.substr(0, slash)), std::string(name.substr(slash + 1))};
}

test_environment::test_environment(test_options options)
    : test_environment(std::move(options), testing::crashing::nothing) {}

test_environment::test_environment(test_options options, testing::crashing crashes) {
  if (!options.on_failure) options.on_failure = reported_to();
  unwinding_ = std::uncaught_exceptions();
  world_ = std::make_unique<testing::world>(std::move(options), crashes);
}

test_environment::~test_environment() {
  // Where the test has failed already, what it did not come to ask about says nothing.
  if (finished_ || world_->has_failed() || std::uncaught_exceptions() > unwinding_) return;
  const auto why = world_->problems();
  if (why.empty()) return;
  if (!world_->options().on_failure) {
    std::fprintf(stderr, "%s\n", why.c_str());
    std::abort();
  }
  world_->options().on_failure(why);
}

void test_environment::finish() {
  if (std::exchange(finished_, true) || world_->has_failed()) return;
  const auto why = world_->problems();
  if (why.empty()) return;
  if (!world_->options().on_failure) throw test_failure(why);
  world_->options().on_failure(why);
}

test_environment& test_environment::host(const entity_type& type) {
  world_->host(type);
  return *this;
}

test_environment& test_environment::deploy(const entity_type& type) {
  world_->deploy(type);
  return *this;
}

test_environment& test_environment::intercept(std::shared_ptr<interceptor> what) {
  world_->intercept(std::move(what));
  return *this;
}

test_environment& test_environment::provide(std::shared_ptr<activities_base> activities) {
  world_->provide(std::move(activities));
  return *this;
}

activity_script test_environment::script(const activities_description& of,
                                         std::string_view activity) {
  return activity_script(world_->script_of(of, activity));
}

// -- calls ----------------------------------------------------------------------------------------

void test_environment::call(request what, completion done) {
  if (std::exchange(sends_, false)) {
    world_->send(std::move(what), std::move(done));
    return;
  }
  auto answered = std::make_shared<bool>(false);
  const auto number =
      world_->send(std::move(what), [answered, done = std::move(done)](result<answer> how) {
        *answered = true;
        done(std::move(how));
      });
  world_->drive([&] { return *answered; }, number);
}

void test_environment::drive_until(const std::function<bool()>& done, std::uint64_t call) {
  world_->drive(done, call);
}

std::uint64_t test_environment::last_call() const { return world_->last_request(); }

result<receipt> test_environment::cancel(const entity_name& entity, std::string reason) {
  return world_->operate(
      entity.id, [&](auto done) { return process::cancel{std::move(reason), std::move(done)}; });
}

result<receipt> test_environment::terminate(const entity_name& entity, std::string reason) {
  return world_->operate(
      entity.id, [&](auto done) { return process::terminate{std::move(reason), std::move(done)}; });
}

result<receipt> test_environment::pause(const entity_name& entity, std::string reason) {
  return world_->operate(
      entity.id, [&](auto done) { return process::pause{std::move(reason), std::move(done)}; });
}

result<receipt> test_environment::resume(const entity_name& entity) {
  return world_->operate(entity.id, [](auto done) { return process::resume{std::move(done)}; });
}

result<receipt> test_environment::reset(const entity_name& entity, event_number to,
                                        std::string reason) {
  return world_->operate(
      entity.id, [&](auto done) { return process::reset{to, std::move(reason), std::move(done)}; });
}

result<nothing> test_environment::complete(std::string_view token, bytes results) {
  return world_->complete(token, std::move(results));
}

// -- time, crashes --------------------------------------------------------------------------------

timestamp test_environment::now() const { return world_->now(); }
void test_environment::run_until_idle() { world_->run_until_idle(); }
void test_environment::run_for(duration time) { world_->run_until(world_->now() + time); }
void test_environment::run_to_the_end() { world_->run_to_the_end(); }
void test_environment::advance(duration time) { world_->advance(time); }
void test_environment::crash(const entity_name& entity) { world_->crash(entity.id); }
void test_environment::crash_everything() { world_->crash_everything(); }

// -- what is asserted -----------------------------------------------------------------------------

bytes test_environment::state_of(const entity_name& entity) {
  return world_->machine_of(entity.id).state();
}

std::map<std::string, attribute_value, std::less<>> test_environment::attributes(
    const entity_name& entity) {
  return world_->machine_of(entity.id).attributes();
}

std::string test_environment::status(const entity_name& entity) {
  auto& of = world_->machine_of(entity.id);
  if (of.where().last_event == 0) return "none";
  switch (of.status()) {
    case core::life_status::running:
      return of.is_paused() ? "paused" : "running";
    case core::life_status::terminated:
      return "terminated";
    case core::life_status::completed:
      return "completed";
    case core::life_status::failed:
      return "failed";
    case core::life_status::cancelled:
      return "cancelled";
  }
  return "";
}

run_number test_environment::run(const entity_name& entity) {
  return world_->machine_of(entity.id).where().run;
}

std::vector<std::string> test_environment::ids(std::string_view type) const {
  std::vector<std::string> all;
  for (auto& each : world_->entities()) {
    if (each.type == type) all.push_back(each.id);
  }
  return all;
}

std::vector<std::string> test_environment::pending(const entity_name& entity) {
  return world_->pending(entity.id);
}

history test_environment::history(const entity_name& entity) {
  return world_->history_of(entity.id);
}

std::vector<bytes> test_environment::stored(const entity_name& entity) {
  return world_->stored(entity.id);
}

std::vector<std::string> test_environment::handler_failures() { return world_->handler_failures(); }

std::vector<std::string> test_environment::undelivered() { return world_->undelivered(); }

std::uint64_t test_environment::digest() const { return world_->digest(); }
std::uint64_t test_environment::steps() const { return world_->steps(); }
std::uint64_t test_environment::seed() const { return world_->options().seed; }

}  // namespace perdure
