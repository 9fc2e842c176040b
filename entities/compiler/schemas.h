#pragma once

/// The nodes of a request to this plugin: what they are called, which file they are of, where they
/// are declared, and their annotations.

#include <perdure/capnp_compat.h>
// The compatibility header comes first.
#include <capnp/schema-loader.h>
#include <capnp/schema.capnp.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "entities/compiler/source_lines.h"

namespace perdure::compiler {

/// The annotations of <perdure/contract.capnp>.
namespace annotation {
inline constexpr std::uint64_t in_namespace = 0xc2f3a1bd9d3fb0a4;
inline constexpr std::uint64_t entity = 0x8a4b6fd2c1d2a7c3;
inline constexpr std::uint64_t state = 0xe19c8b9c5a4d4f0b;
inline constexpr std::uint64_t activities = 0xb7d1f0c3a5e84b21;
inline constexpr std::uint64_t signal = 0xf4d2c1b0a9887766;
inline constexpr std::uint64_t update = 0x9e8d7c6b5a493827;
inline constexpr std::uint64_t query = 0xa1b2c3d4e5f60718;
inline constexpr std::uint64_t main = 0xb3c4d5e6f7081929;
inline constexpr std::uint64_t optional = 0x9c1f6d0a7be24e35;
}  // namespace annotation

/// `stream` as the results of a method.
inline constexpr std::uint64_t stream_result = 0x995f9a3377c0b16e;

using annotations = capnp::List<capnp::schema::Annotation>::Reader;

bool has_annotation(annotations of, std::uint64_t id);
std::optional<std::string> text_annotation(annotations of, std::uint64_t id);

std::string to_string(kj::StringPtr text);

/// Where something is declared: a file and a path of names in it, e.g. "Cart.addItem.sku".
struct place {
  std::uint64_t file = 0;
  std::string path;

  /// Returns the place of what is declared inside.
  place inside(std::string_view name) const;
};

/// One struct, enum or interface.
struct declaration {
  std::uint64_t id = 0;
  place where;
  std::string cpp_scope;   ///< Of anonymous parameters and results: "cart_contract".
  std::string cpp_name;    ///< "cart_state"; structs inside others have both names, "order_line".
  bool anonymous = false;  ///< Parameters or results of a method, without a name of their own.

  /// Returns "cart_state" or "cart_contract::total_results".
  std::string cpp() const { return cpp_scope.empty() ? cpp_name : cpp_scope + "::" + cpp_name; }
};

class schemas {
public:
  using request = capnp::schema::CodeGeneratorRequest::Reader;

  /// Loads the nodes. REQUIRES: `from` outlives the schemas.
  explicit schemas(request from);

  const capnp::SchemaLoader& loader() const { return loader_; }
  std::optional<capnp::schema::Node::Reader> node(std::uint64_t id) const;

  /// Returns what is known of a struct, enum or interface; null for other nodes and groups.
  const declaration* find(std::uint64_t id) const;
  /// Returns the declarations of a file in their order.
  std::vector<const declaration*> declared_in(std::uint64_t file) const;

  /// Returns "shop" for a file with `$Perdure.namespace("shop")`, else the stem of its name.
  std::string namespace_of(std::uint64_t file) const;
  /// Returns how a type is called in namespace `home`.
  std::string cpp_name(const declaration& type, std::string_view home) const;

  /// Returns the path of a file as messages to people have it.
  std::string path_of(std::uint64_t file) const;
  /// Returns "cart.capnp:12".
  std::string source_of(const place& where) const;
  unsigned line_of(const place& where) const;

private:
  void name_nested(capnp::schema::Node::Reader parent, std::uint64_t file, const place& where,
                   const std::string& cpp_prefix);
  void name_methods(capnp::schema::Node::Reader interface, const declaration& owner);
  void name_anonymous(std::uint64_t id, const declaration& owner, std::string_view method,
                      const char* suffix);
  void read_source(capnp::schema::CodeGeneratorRequest::RequestedFile::Reader file);

  struct source {
    std::string path;
    source_lines lines;
  };

  capnp::SchemaLoader loader_;
  std::map<std::uint64_t, capnp::schema::Node::Reader> nodes_;
  std::map<std::uint64_t, declaration> declarations_;
  std::vector<std::uint64_t> order_;
  std::map<std::uint64_t, source> sources_;
};

}  // namespace perdure::compiler
