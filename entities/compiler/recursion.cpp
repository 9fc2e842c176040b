#include "entities/compiler/recursion.h"

#include <algorithm>
#include <functional>

namespace perdure::compiler {

recursion::recursion(const schemas& from) {
  for (auto schema : from.loader().getAllLoaded()) {
    auto id = schema.getProto().getId();
    if (!from.find(id)) continue;
    if (schema.getProto().isStruct()) read_fields(schema.asStruct(), edges_[id]);
    if (schema.getProto().isInterface()) {
      for (auto method : schema.getProto().getInterface().getMethods()) {
        edges_[id].by_value.push_back(method.getParamStructType());
        edges_[id].by_value.push_back(method.getResultStructType());
      }
    }
  }
}

void recursion::read_fields(capnp::StructSchema type, edges& into) {
  for (auto field : type.getFields()) {
    if (field.getProto().isGroup())
      read_fields(field.getType().asStruct(), into);
    else
      read_type(field.getType(), false, into);
  }
}

void recursion::read_type(capnp::Type type, bool in_list, edges& into) {
  if (type.isList()) {
    read_type(type.asList().getElementType(), true, into);
  } else if (type.isEnum()) {
    into.enums.push_back(type.asEnum().getProto().getId());
  } else if (type.isStruct()) {
    auto& targets = in_list ? into.in_lists : into.by_value;
    targets.push_back(type.asStruct().getProto().getId());
  }
}

bool recursion::reaches(std::uint64_t from, std::uint64_t to, bool lists) const {
  std::set<std::uint64_t> seen;
  std::vector<std::uint64_t> open{from};
  while (!open.empty()) {
    auto found = edges_.find(open.back());
    open.pop_back();
    if (found == edges_.end()) continue;
    auto visit = [&](std::uint64_t next) {
      if (seen.insert(next).second) open.push_back(next);
    };
    for (auto next : found->second.by_value) visit(next);
    if (lists) {
      for (auto next : found->second.in_lists) visit(next);
    }
  }
  return seen.contains(to);
}

bool recursion::holds(std::uint64_t outer, std::uint64_t inner) const {
  return outer == inner || reaches(outer, inner, false);
}

bool recursion::leads_to(std::uint64_t outer, std::uint64_t inner) const {
  return reaches(outer, inner, true);
}

bool recursion::is_recursive(std::uint64_t id) const { return reaches(id, id, true); }

bool recursion::nests(std::uint64_t id) const {
  return std::ranges::any_of(edges_, [&](auto& each) {
    return is_recursive(each.first) && (each.first == id || leads_to(id, each.first));
  });
}

std::set<std::uint64_t> recursion::uses(std::uint64_t id) const {
  std::set<std::uint64_t> used;
  if (auto found = edges_.find(id); found != edges_.end()) {
    auto& [by_value, in_lists, enums] = found->second;
    used.insert(by_value.begin(), by_value.end());
    used.insert(in_lists.begin(), in_lists.end());
    used.insert(enums.begin(), enums.end());
  }
  return used;
}

std::vector<const declaration*> recursion::in_order(
    const std::vector<const declaration*>& structs) const {
  std::map<std::uint64_t, const declaration*> here;
  for (auto* type : structs) here.emplace(type->id, type);
  std::set<std::uint64_t> seen;
  std::vector<const declaration*> order;
  std::function<void(std::uint64_t)> visit = [&](std::uint64_t id) {
    auto type = here.find(id);
    if (type == here.end() || !seen.insert(id).second) return;
    auto& held = edges_.at(id);
    // Edges within a cycle are boxed, so they need no order.
    for (auto next : held.by_value) {
      if (!holds(next, id)) visit(next);
    }
    for (auto next : held.in_lists) {
      if (!reaches(next, id, true)) visit(next);
    }
    order.push_back(type->second);
  };
  for (auto* type : structs) visit(type->id);
  return order;
}

}  // namespace perdure::compiler
