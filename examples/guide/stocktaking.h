#pragma once

/// Lets nobody change anything while the stock is taken, and counts what was asked.

#include <atomic>
#include <cstdint>
#include <optional>

#include <perdure/interceptor.h>

namespace guide {

class stocktaking final : public perdure::interceptor {
public:
  std::optional<perdure::error> before(const perdure::request& what) override {
    if (!is_on || what.method->kind == perdure::method_kind::query) return std::nullopt;
    return perdure::error{perdure::errc::unavailable, "stocktaking: try again tomorrow"};
  }

  void after(const perdure::entity_id&, const perdure::method&,
             const perdure::result<perdure::answer>& how) override {
    ++(how ? answered : refused);
  }

  std::atomic<bool> is_on{false};
  std::atomic<std::uint64_t> answered{0}, refused{0};
};

}  // namespace guide
