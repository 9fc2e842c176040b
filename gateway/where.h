#pragma once

/// The language in which entities are chosen by their attributes:
///
///     status = "paid" and not (total <= 1000 or vip = true)
///
/// Comparisons (= != < <= > >=) of names and literals, joined by `or`, `and` and `not`, which bind
/// in this order from loose to tight, and parentheses. Literals are texts in double quotes (\" and
/// \\ within), numbers, true and false. Names are letters, digits, '_', '-' and '.', and do not
/// begin with a digit, '-' or '.'.
///
/// Whole numbers and others are compared by their values. A comparison with an attribute that is
/// absent, or of another kind than what it is compared with, does not hold, whichever it is; of
/// booleans, only = and != ever do.

#include <functional>
#include <string_view>

#include <perdure/errors.h>

#include "entities/record.h"

namespace perdure::gateway {

using attribute_condition = std::function<bool(const core::attributes&)>;

/// Errors: malformed, with the position (from 1) and what was expected there.
result<attribute_condition> parse_where(std::string_view text);

}  // namespace perdure::gateway
