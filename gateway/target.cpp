#include "gateway/target.h"

#include "entities/bounds.h"

namespace perdure::gateway {

namespace {

void append_name(std::string& list, std::string_view name) {
  if (!list.empty()) list += ", ";
  list += name;
}

}  // namespace

std::string_view plural_of(method_kind kind) {
  return kind == method_kind::query    ? "queries"
         : kind == method_kind::update ? "updates"
                                       : "signals";
}

result<const runtime::hosted_type*> find_type(const runtime::engine& engine,
                                              const std::string& name) {
  if (auto* found = engine.find_type(name)) return found;
  std::string known;
  for (auto* type : engine.types()) append_name(known, type->contract().type);
  return error{errc::unknown_type, "no entity type \"" + name +
                                       "\" here; there are: " + (known.empty() ? "none" : known)};
}

result<target_entity> find_entity(const runtime::engine& engine, const http_request& request) {
  auto& segments = request.target.segments;
  auto type = find_type(engine, segments[2]);
  if (!type) return std::move(type).error();
  target_entity target{*type, {segments[2], segments[3]}};
  if (auto why = core::check(target.id, core::bounds{})) return std::move(*why);
  return target;
}

result<const method*> find_method(const contract& contract, method_kind kind,
                                  const std::string& name) {
  auto* found = contract.find(name);
  if (found != nullptr && found->kind == kind) return found;
  std::string detail =
      std::string(contract.type) + " has no " + std::string(to_string(kind)) + " \"" + name + '"';
  if (found != nullptr && found->kind == method_kind::main) {
    return error{errc::unknown_method, detail + ": it is the main, which a POST to /v1/entities/" +
                                           std::string(contract.type) + "/{id} starts"};
  }
  if (found != nullptr) {
    return error{errc::unknown_method, detail + ": it is " +
                                           (found->kind == method_kind::update ? "an " : "a ") +
                                           std::string(to_string(found->kind)) + ", at ../" +
                                           std::string(plural_of(found->kind)) + '/' + name};
  }
  std::string known;
  for (auto& candidate : contract.methods) {
    if (candidate.kind == kind) append_name(known, candidate.name);
  }
  return error{errc::unknown_method, detail + "; there are: " + (known.empty() ? "none" : known)};
}

}  // namespace perdure::gateway
