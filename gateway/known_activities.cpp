#include "gateway/known_activities.h"

namespace perdure::gateway {

known_activities::known_activities(const std::vector<const activities_description*>& all) {
  for (auto* each : all) all_.try_emplace(each->name, *each);
}

const known_interface* known_activities::find(std::string_view name) const {
  auto found = all_.find(name);
  return found == all_.end() ? nullptr : &found->second;
}

std::string known_activities::name_of(std::string_view activities, std::uint16_t activity) const {
  auto* known = find(activities);
  auto* found = known == nullptr ? nullptr : known->what->find(activity);
  return found == nullptr ? '@' + std::to_string(activity) : std::string(found->name);
}

}  // namespace perdure::gateway
