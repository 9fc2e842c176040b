#pragma once

/// What is done with a token, where the entity that waits for the activity may not be in memory.

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "runtime/engine.h"

namespace perdure::gateway {

/// Calls `what`, which uses a token of the engine's dispatcher, and hands on its outcome. If the
/// activity is not known here, its entity is brought into memory and `what` called once more; if
/// it is not known then, it has ended (error completed). `done` may be called before this returns,
/// or on a thread of the engine, and must not block.
template <class T>
void with_token(runtime::engine& engine, const std::string& token, std::function<result<T>()> what,
                std::function<void(result<T>)> done) {
  auto outcome = what();
  if (outcome || outcome.error().code != errc::unavailable) return done(std::move(outcome));
  auto entity = engine.activities().entity_of(token);
  if (!entity) return done(std::move(outcome));
  engine.describe(*entity, [what = std::move(what), done = std::move(done)](
                               const result<runtime::entity_description>& known) {
    const error ended{errc::completed, "the activity has ended: nobody waits for it any more"};
    if (!known && known.error().code == errc::entity_not_found) return done(ended);
    if (!known) return done(known.error());
    auto again = what();
    if (!again && again.error().code == errc::unavailable) return done(ended);
    done(std::move(again));
  });
}

/// As above, but waits. Not on a thread of the engine.
template <class T>
result<T> with_token(runtime::engine& engine, const std::string& token,
                     std::function<result<T>()> what) {
  auto outcome = std::make_shared<std::promise<result<T>>>();
  with_token<T>(engine, token, std::move(what),
                [outcome](result<T> how) { outcome->set_value(std::move(how)); });
  return outcome->get_future().get();
}

}  // namespace perdure::gateway
