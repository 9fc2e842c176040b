#include "schedules/time_zone.h"

#include <exception>
#include <string>

#include <date/tz.h>

namespace perdure::schedules {

namespace {

timestamp to_timestamp(date::sys_seconds when) { return timestamp(when.time_since_epoch()); }

}  // namespace

result<time_zone> time_zone::find(std::string_view name) {
  if (name.empty() || name == "UTC") return time_zone(nullptr);
  try {
    return time_zone(date::locate_zone(name));
  } catch (const std::exception&) {
    return error{errc::malformed, "no time zone \"" + std::string(name) +
                                      "\" in this machine's database; names are such as "
                                      "\"Europe/Vienna\" or \"UTC\""};
  }
}

time_zone::span time_zone::at(timestamp when) const {
  if (!zone_) return {timestamp::min(), timestamp::max(), duration{0}};
  const auto info = zone_->get_info(std::chrono::floor<std::chrono::seconds>(when));
  return {to_timestamp(info.begin), to_timestamp(info.end), info.offset};
}

}  // namespace perdure::schedules
