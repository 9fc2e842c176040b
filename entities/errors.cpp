#include <perdure/errors.h>

#include <array>

namespace perdure {

namespace {

struct entry {
  errc code;
  std::string_view name;
  bool retryable;
};

constexpr std::array entries{
    entry{errc::malformed, "malformed", false},
    entry{errc::unauthenticated, "unauthenticated", false},
    entry{errc::forbidden, "forbidden", false},
    entry{errc::unknown_type, "unknown_type", false},
    entry{errc::unknown_method, "unknown_method", false},
    entry{errc::entity_not_found, "entity_not_found", false},
    entry{errc::timeout, "timeout", true},
    entry{errc::rejected, "rejected", false},
    entry{errc::already_exists, "already_exists", false},
    entry{errc::idempotency_conflict, "idempotency_conflict", false},
    entry{errc::completed, "completed", false},
    entry{errc::too_large, "too_large", false},
    entry{errc::failed, "failed", false},
    entry{errc::overloaded, "overloaded", true},
    entry{errc::nondeterministic, "nondeterministic", false},
    entry{errc::internal, "internal", false},
    entry{errc::unavailable, "unavailable", true},
    entry{errc::draining, "draining", true},
    entry{errc::storage_full, "storage_full", true},
    entry{errc::history_full, "history_full", true},
};

constexpr const entry& find(errc code) { return entries[static_cast<std::size_t>(code)]; }

constexpr bool in_order() {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (static_cast<std::size_t>(entries[i].code) != i) return false;
  }
  return true;
}
static_assert(in_order(), "entries are found by their code's value");

}  // namespace

std::string_view to_string(errc code) { return find(code).name; }

bool retryable(errc code) { return find(code).retryable; }

std::optional<errc> errc_from_string(std::string_view name) {
  for (auto& candidate : entries) {
    if (candidate.name == name) return candidate.code;
  }
  return std::nullopt;
}

}  // namespace perdure
