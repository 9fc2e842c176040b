#pragma once

/// Errors as HTTP answers them: RFC 9457 `application/problem+json` with the stable `code`, a
/// `detail` that says what to do, and whether the same request may succeed later; `errorType` where
/// the application has a name for it (`error::type`).

#include <optional>
#include <string>
#include <string_view>

#include <perdure/errors.h>

namespace perdure::gateway {

/// Returns the status that `code` is answered with.
unsigned status_of(errc code);

/// Returns the reason phrase of a status, e.g. "Not Found".
std::string_view reason_phrase(unsigned status);

/// A problem on its way out. The status is the code's unless said otherwise.
struct problem {
  error why;
  unsigned status = 0;
  std::optional<std::string> request_id;  ///< Under which the result can be asked for later.

  problem(error what) : why(std::move(what)), status(status_of(why.code)) {}
  problem(error what, unsigned as) : why(std::move(what)), status(as) {}

  std::string to_json() const;
};

/// Reads a problem that another Perdure answered. A body that is none becomes the error that the
/// status stands for.
error read_problem(unsigned status, std::string_view body);

}  // namespace perdure::gateway
