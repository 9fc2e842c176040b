#pragma once

/// The activities whose contracts this node knows: those it runs, and those that were declared so
/// that workers outside can be talked to in JSON. Immutable; safe to use from any thread.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <perdure/activities.h>

#include "entities/json.h"

namespace perdure::gateway {

/// An interface of activities, with what turns its payloads into JSON.
struct known_interface {
  const activities_description* what = nullptr;
  core::json_codec json;

  explicit known_interface(const activities_description& of) : what(&of), json(of) {}
};

class known_activities {
public:
  /// REQUIRES: the descriptions live as long as the program. One given twice counts once.
  explicit known_activities(const std::vector<const activities_description*>& all);

  /// Returns the interface with this name, or null.
  const known_interface* find(std::string_view name) const;

  /// By their names.
  const std::map<std::string_view, known_interface, std::less<>>& all() const { return all_; }

  /// Returns "charge", or "@0" where the contract is not known or has no such activity.
  std::string name_of(std::string_view activities, std::uint16_t activity) const;

private:
  std::map<std::string_view, known_interface, std::less<>> all_;
};

}  // namespace perdure::gateway
