#pragma once

/// What a contract says about activities, as data, and the base of generated activity classes.
/// Activities are calls to the outside world: plain C++ that may block and may fail. A developer
/// derives from the generated class (`payments_activities`) and overrides one virtual per method.

#include <cstdint>
#include <span>
#include <string_view>

#include <perdure/errors.h>
#include <perdure/types.h>

namespace perdure {

/// One activity of a contract. All views live as long as the program.
struct activity {
  std::uint16_t ordinal = 0;     ///< The number after @; what is journaled, so it never changes.
  std::string_view name = {};    ///< As in the contract, e.g. "charge".
  std::uint64_t params = 0;      ///< Schema id of the parameter struct.
  std::uint64_t results = 0;     ///< Schema id of the result struct.
  std::string_view source = {};  ///< Where it is declared, e.g. "cart.capnp:19".
};

/// One interface with `$Perdure.activities`. All views live as long as the program.
struct activities_description {
  std::string_view name = {};                  ///< E.g. "payments".
  std::string_view source = {};                ///< E.g. "cart.capnp:18".
  std::span<const activity> activities = {};   ///< In order of their ordinals.
  std::span<const std::uint64_t> schema = {};  ///< As in `contract::schema`.

  /// Returns the activity with this name, or null.
  const activity* find(std::string_view name) const {
    for (auto& candidate : activities) {
      if (candidate.name == name) return &candidate;
    }
    return nullptr;
  }

  /// Returns the activity with this ordinal, or null.
  const activity* find(std::uint16_t ordinal) const {
    for (auto& candidate : activities) {
      if (candidate.ordinal == ordinal) return &candidate;
    }
    return nullptr;
  }
};

/// Runs activities by their description; overridden by generated classes.
class activities_base {
public:
  virtual ~activities_base() = default;

  /// Returns what these activities are.
  virtual const activities_description& described() const = 0;

  /// Decodes the parameters, runs the activity and returns its encoded results. Throws what the
  /// activity throws, `failure{malformed}` where the parameters cannot be decoded.
  virtual bytes run(const activity& which, bytes_view params) = 0;
};

}  // namespace perdure
