#pragma once

/// Where the HTTP server listens, and its bounds.

#include <cstddef>
#include <cstdint>
#include <string>

#include <perdure/types.h>

namespace perdure::gateway {

struct http_options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 7070;             ///< 0: any free one.
  std::size_t connections_max = 10'000;  ///< Further ones are turned away with `overloaded`.
  std::size_t body_bytes_max = 2 * 1024 * 1024;
  std::size_t page_bytes_max = 8 * 1024 * 1024;  ///< Of history; a page ends early beyond it.
  duration header_time{15'000};  ///< From a request's first byte to the end of its headers.
  duration body_time{30'000};    ///< To read a body.
  duration idle_time{75'000};    ///< A connection without a request is closed after it.
  duration stop_time{5'000};     ///< What is in flight at `stop` is cut off after it.
  duration heartbeat{15'000};    ///< Of event streams on which nothing happens.
};

}  // namespace perdure::gateway
