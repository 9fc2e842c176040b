#pragma once

/// What is done with a token, where the entity that waits for the activity may not be in memory.

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "runtime/engine.h"

namespace perdure::gateway {

template <class T>
using answer_to = std::function<void(result<T>)>;

/// Uses a token of the engine's dispatcher and hands on its outcome, once, on any thread. That the
/// activity is not known (`unavailable`) has to be said before it returns.
template <class T>
using token_use = std::function<void(answer_to<T> done)>;

/// Calls `what` and hands on its outcome. If the activity is not known here, its entity is brought
/// into memory and `what` called once more; if it is not known then, it has ended (error
/// completed). `done` may be called before this returns, or on a thread of the engine, and must not
/// block.
template <class T>
void with_token(runtime::engine& engine, const std::string& token, token_use<T> what,
                answer_to<T> done) {
  what([&engine, token, what, done = std::move(done)](result<T> outcome) {
    if (outcome || outcome.error().code != errc::unavailable) return done(std::move(outcome));
    const auto entity = engine.activities().entity_of(token);
    if (!entity) return done(std::move(outcome));
    engine.describe(*entity, [what, done](const result<runtime::entity_description>& known) {
      const error ended{errc::completed, "the activity has ended: nobody waits for it any more"};
      if (!known && known.error().code == errc::entity_not_found) return done(ended);
      if (!known) return done(known.error());
      if (known->parked) return done(*known->parked);  // It waits, and does not take it.
      what([ended, done](result<T> again) {
        if (!again && again.error().code == errc::unavailable) return done(ended);
        done(std::move(again));
      });
    });
  });
}

/// As above, but waits. Not on a thread of the engine.
template <class T>
result<T> with_token(runtime::engine& engine, const std::string& token, token_use<T> what) {
  auto outcome = std::make_shared<std::promise<result<T>>>();
  with_token<T>(engine, token, std::move(what),
                [outcome](result<T> how) { outcome->set_value(std::move(how)); });
  return outcome->get_future().get();
}

}  // namespace perdure::gateway
