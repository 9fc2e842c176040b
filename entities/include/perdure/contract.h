#pragma once

/// What a contract says, as data. `capnpc-perdure` generates one `contract` for each interface with
/// `$Perdure.entity`; the runtime, the HTTP API and the tools read it.

#include <cstdint>
#include <span>
#include <string_view>

namespace perdure {

enum class method_kind : std::uint8_t { signal, update, query, main };

/// One method of a contract. All views live as long as the program.
struct method {
  std::uint16_t ordinal = 0;  ///< The number after @; what is journaled, so it never changes.
  method_kind kind = method_kind::signal;
  std::string_view name;      ///< As in the contract, e.g. "addItem".
  std::uint64_t params = 0;   ///< Schema id of the parameter struct.
  std::uint64_t results = 0;  ///< Schema id of the result struct.
  bool has_results = false;   ///< The result struct has fields.
  std::string_view source;    ///< Where it is declared, e.g. "cart.capnp:12".
};

/// One entity type, as its contract declares it. All views live as long as the program.
struct contract {
  std::string_view type;            ///< The entity type, e.g. "cart".
  std::string_view source;          ///< E.g. "cart.capnp:10".
  std::span<const method> methods;  ///< In order of their ordinals.
  std::uint64_t state = 0;          ///< Schema id of the state struct.
  bool state_nests = false;         ///< It can be nested too deeply to be saved.
  std::span<const std::uint64_t>
      schema;  ///< A Cap'n Proto message: CodeGeneratorRequest with the nodes.

  /// Returns the method with this name, or null.
  const method* find(std::string_view name) const {
    for (auto& candidate : methods) {
      if (candidate.name == name) return &candidate;
    }
    return nullptr;
  }

  /// Returns the type's main, or null where it has none.
  const method* main() const {
    for (auto& candidate : methods) {
      if (candidate.kind == method_kind::main) return &candidate;
    }
    return nullptr;
  }

  /// Returns the method with this ordinal, or null.
  const method* find(std::uint16_t ordinal) const {
    for (auto& candidate : methods) {
      if (candidate.ordinal == ordinal) return &candidate;
    }
    return nullptr;
  }
};

/// Returns "signal", "update", "query" or "main".
constexpr std::string_view to_string(method_kind kind) {
  switch (kind) {
    case method_kind::signal:
      return "signal";
    case method_kind::update:
      return "update";
    case method_kind::query:
      return "query";
    case method_kind::main:
      return "main";
  }
  return "";
}

}  // namespace perdure
