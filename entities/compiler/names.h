#pragma once

/// How names of a contract become names of C++.

#include <string>
#include <string_view>

namespace perdure::compiler {

/// Returns "add_item" for "addItem", "order_id" for "orderID"; a keyword of C++ gets a '_' behind.
std::string snake_case(std::string_view name);

/// Whether `name` is a namespace such as "shop" or "acme.shop".
bool is_namespace(std::string_view name);

/// Returns "acme::shop" for "acme.shop".
std::string to_cpp_namespace(std::string_view name);

/// Whether `name` is a name of an entity type: [a-z][a-z0-9_-]*, at most 63 characters.
bool is_entity_name(std::string_view name);

/// Returns "cart" for "shop/cart.capnp".
std::string file_stem(std::string_view path);

/// Returns "cart.capnp" for "shop/cart.capnp".
std::string file_name(std::string_view path);

/// Returns a C++ string literal.
std::string quoted(std::string_view text);

}  // namespace perdure::compiler
