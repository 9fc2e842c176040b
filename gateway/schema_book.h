#pragma once

/// The JSON Schemas of all contracts of a node, under names that do not clash: the components of
/// its OpenAPI document. Where two contracts give different structs the same name, the later one's
/// names get its own in front.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "gateway/json_text.h"
#include "gateway/known_activities.h"
#include "runtime/engine.h"

namespace perdure::gateway {

using hosted_types = std::vector<const runtime::hosted_type*>;

class schema_book {
public:
  schema_book(const hosted_types& types, const known_activities& activities);

  /// Returns the schema of a contract's struct, which refers to others by their names here.
  std::string schema_of(const core::json_codec& codec, std::uint64_t schema) const;

  /// Writes the member `schemas`: those of the contracts, and those that this API has by itself.
  void write(json_writer& json) const;

private:
  void add(const std::string& contract, const core::json_codec& codec);
  std::string rename(const core::json_codec& codec, std::string schema) const;

  std::map<std::string, std::string> schemas_;
  std::map<const core::json_codec*, std::string> prefixes_;  ///< Of those that need one.
};

}  // namespace perdure::gateway
