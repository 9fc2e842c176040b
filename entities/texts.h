#pragma once

/// Words that errors and histories share.

#include <cstddef>
#include <exception>
#include <string>

#include <perdure/types.h>

namespace perdure::core {

inline constexpr const char* not_an_exception = "threw what is no std::exception";

inline std::string event_text(event_number event) { return "event " + std::to_string(event); }

/// An exception's text, as much of it as a history ought to hold.
inline std::string text_of(const std::exception& thrown) {
  constexpr std::size_t most = 16 * 1024;
  std::string text = thrown.what();
  if (text.size() > most) text = text.substr(0, most) + "...";
  return text;
}

}  // namespace perdure::core
