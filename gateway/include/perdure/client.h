#pragma once

/// The typed way to entities from outside:
///
///     auto shop = perdure::client::connect("http://127.0.0.1:7070");
///     shop.entity<shop::cart_contract>("alice").add_item({.sku = "tea"}).get().value();
///
/// The same code talks to a node in this process: `perdure::client inside(engine)`,
/// `node.client()`.

#include <memory>
#include <string>
#include <utility>

#include <perdure/call.h>
#include <perdure/http_client.h>

namespace perdure {

/// Cheap to copy; copies share the connection.
class client {
public:
  /// Talks to the node at `url`. Throws `failure{malformed}` when that is no http URL.
  static client connect(const std::string& url, http_caller_options options = {}) {
    return client(std::make_shared<http_caller>(url, options));
  }

  /// Talks through `through`, which outlives this client and all stubs from it.
  explicit client(caller& through) : caller_(std::shared_ptr<caller>{}, &through) {}
  explicit client(std::shared_ptr<caller> through) : caller_(std::move(through)) {}

  /// Returns the stub of an entity, e.g. `entity<shop::cart_contract>("alice")`. The client, or a
  /// copy of it, outlives the stub and what was called through it.
  template <class Contract>
  typename Contract::client_type entity(std::string id) const {
    return {*caller_, std::move(id)};
  }

  /// Returns what requests go through, for those without a stub.
  caller& through() const { return *caller_; }

private:
  std::shared_ptr<caller> caller_;
};

}  // namespace perdure
