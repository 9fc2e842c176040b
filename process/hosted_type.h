#pragma once

/// An entity type as a node hosts it.

#include <perdure/entity.h>

#include "entities/json.h"

namespace perdure::process {

/// A class of entities, with what turns its payloads into JSON and back. Immutable.
struct hosted_type {
  entity_type type;
  core::json_codec json;

  explicit hosted_type(entity_type what) : type(what), json(*what.contract) {}
  const perdure::contract& contract() const { return *type.contract; }
};

}  // namespace perdure::process
