#pragma once

/// Which entity and method a request's path names, checked against what is hosted.

#include <string>
#include <string_view>

#include "gateway/service.h"

namespace perdure::gateway {

/// A hosted type and an entity of it.
struct target_entity {
  const runtime::hosted_type* type = nullptr;
  entity_id id;
};

/// Returns the type with this name. Errors: unknown_type, with the types that there are.
result<const runtime::hosted_type*> find_type(const runtime::engine& engine,
                                              const std::string& name);

/// Returns the entity that /v1/entities/{type}/{id}/... names. Errors: unknown_type; malformed when
/// the id is empty or longer than its limit.
result<target_entity> find_entity(const runtime::engine& engine, const http_request& request);

/// Returns the type's method. Errors: unknown_method, with those of that kind.
result<const method*> find_method(const contract& contract, method_kind kind,
                                  const std::string& name);

/// Returns where in paths the methods of a kind are: "signals", "updates" or "queries".
std::string_view plural_of(method_kind kind);

}  // namespace perdure::gateway
