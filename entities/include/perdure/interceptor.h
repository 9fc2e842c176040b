#pragma once

/// Sees every request on its way to an entity, and its answer: for logging, counting and denying.

#include <optional>

#include <perdure/call.h>
#include <perdure/errors.h>

namespace perdure {

/// Called from many threads at once; must not block.
class interceptor {
public:
  virtual ~interceptor() = default;

  /// Returns why the request is denied, or nothing to let it pass. A denied request does not reach
  /// its entity.
  virtual std::optional<error> before(const request&) { return std::nullopt; }

  /// Called with the answer, before whoever asked gets it.
  virtual void after(const entity_id&, const method&, const result<answer>&) {}
};

}  // namespace perdure
