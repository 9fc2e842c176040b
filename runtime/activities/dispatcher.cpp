#include "runtime/activities/dispatcher.h"

#include <utility>

#include "runtime/activities/desk.h"

namespace perdure::runtime {

activity_dispatcher::activity_dispatcher(persistence::journal& store, const wall_clock& wall,
                                         bytes secret, std::size_t threads, ended tell)
    : desk_(std::make_unique<activity_desk>(store, wall, std::move(secret), threads,
                                            std::move(tell))) {}

activity_dispatcher::~activity_dispatcher() = default;

void activity_dispatcher::provide(std::shared_ptr<activities_base> what, activity_limits limits) {
  desk_->provide(std::move(what), limits);
}

void activity_dispatcher::know(const activities_description& what) { desk_->know(what); }

void activity_dispatcher::start() { desk_->start(); }

void activity_dispatcher::stop(duration patience) { desk_->stop(patience); }

void activity_dispatcher::schedule(const entity_id& entity, timestamp life,
                                   core::pending_activity what, bool reloaded) {
  if (reloaded) return desk_->schedule_reloaded(entity, life, {&what, 1});
  desk_->schedule(entity, life, std::move(what));
}

void activity_dispatcher::schedule_reloaded(const entity_id& entity, timestamp life,
                                            std::span<const core::pending_activity> what) {
  desk_->schedule_reloaded(entity, life, what);
}

void activity_dispatcher::cancel(const entity_id& entity, timestamp life, event_number activity) {
  desk_->cancel(entity, life, activity);
}

void activity_dispatcher::request_cancel(const entity_id& entity, timestamp life,
                                         event_number activity) {
  desk_->request_cancel(entity, life, activity);
}

void activity_dispatcher::recorded(const entity_id& entity, timestamp life, event_number activity) {
  desk_->recorded(entity, life, activity);
}

void activity_dispatcher::refused(const entity_id& entity, timestamp life, event_number activity,
                                  error why) {
  desk_->refused(entity, life, activity, std::move(why));
}

void activity_dispatcher::tell_again(const entity_id& entity, timestamp life, event_number activity,
                                     duration after) {
  desk_->tell_again(entity, life, activity, after);
}

std::vector<activity_status> activity_dispatcher::status_of(const entity_id& entity) const {
  return desk_->status_of(entity);
}

void activity_dispatcher::poll(std::string queue, duration patience,
                               std::function<void(std::optional<polled_activity>)> done,
                               std::function<bool()> is_there) {
  desk_->poll(std::move(queue), patience, std::move(done), std::move(is_there));
}

void activity_dispatcher::complete(std::string_view token, bytes results, answered done) {
  desk_->complete(token, std::move(results), std::move(done));
}

void activity_dispatcher::fail(std::string_view token, attempt_failure why, answered done) {
  desk_->fail(token, std::move(why), std::move(done));
}

result<bool> activity_dispatcher::heartbeat(std::string_view token, bytes details) {
  return desk_->heartbeat(token, std::move(details));
}

result<polled_activity> activity_dispatcher::find(std::string_view token) const {
  return desk_->find(token);
}

std::optional<entity_id> activity_dispatcher::entity_of(std::string_view token) const {
  return desk_->entity_of(token);
}

void activity_dispatcher::look_at_clock() { desk_->look_at_clock(); }

dispatcher_figures activity_dispatcher::figures() const { return desk_->figures(); }

}  // namespace perdure::runtime
