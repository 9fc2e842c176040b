#pragma once

/// The typed way to entities from outside:
///
///     auto shop = perdure::client::connect("http://127.0.0.1:7070");
///     shop.entity<shop::cart_contract>("alice").add_item({.sku = "tea"}).get().value();
///
/// A main is a method like the others: calling it starts the entity and waits for the end, or,
/// with `until_accepted`, for the start to be durable; `result` waits for the end then.
///
///     shop.entity<order_contract>("17").place({...}, {.until_accepted = true}).get().value();
///     auto receipt = shop.result<order_contract>("17").value();
///
/// The same code talks to a node in this process: `perdure::client inside(engine)`,
/// `node.client()`.

#include <future>
#include <memory>
#include <string>
#include <utility>

#include <perdure/call.h>
#include <perdure/codec.h>
#include <perdure/http_client.h>
#include <perdure/lifecycle.h>

namespace perdure {

namespace runtime {
class engine;
}

/// Cheap to copy; copies share the connection.
class client {
public:
  /// Talks to the node at `url`. Throws `failure{malformed}` when that is no http URL.
  static client connect(const std::string& url, http_caller_options options = {}) {
    auto through = std::make_shared<http_caller>(url, options);
    return client(through, through);
  }

  /// Talks to an engine in this process, which outlives this client and all that comes from it.
  explicit client(runtime::engine& inside);

  /// Talks through `calls` and `lives`.
  client(std::shared_ptr<caller> calls, std::shared_ptr<lifecycle> lives)
      : caller_(std::move(calls)), lifecycle_(std::move(lives)) {}

  /// Returns the stub of an entity, e.g. `entity<shop::cart_contract>("alice")`. The client, or a
  /// copy of it, outlives the stub and what was called through it.
  template <class Contract>
  typename Contract::client_type entity(std::string id) const {
    return {*caller_, std::move(id)};
  }

  /// Waits for the results of the entity's main. Errors: entity_not_found when none was started;
  /// failed; timeout. Not for use on a thread that must not block.
  template <class Contract>
  perdure::result<main_results<Contract>> result(std::string id,
                                                 duration patience = duration{30'000}) const {
    auto& contract = Contract::description();
    auto ended = wait(patience, [&](completion done) {
      lifecycle_->await_result({std::string(contract.type), std::move(id)}, contract, patience,
                               std::move(done));
    });
    if (!ended) return std::move(ended).error();
    if constexpr (std::is_same_v<main_results<Contract>, nothing>) {
      return nothing{};
    } else {
      return wire::results_of<main_results<Contract>>(*std::move(ended));
    }
  }

  /// Asks the entity's main to stop; waits until that is durable. Errors: rejected when there is
  /// none; completed. Not for use on a thread that must not block.
  template <class Contract>
  perdure::result<receipt> cancel(std::string id, std::string reason = {}) const {
    auto asked = wait(duration::max(), [&](completion done) {
      lifecycle_->cancel({std::string(Contract::description().type), std::move(id)},
                         std::move(reason), std::move(done));
    });
    if (!asked) return std::move(asked).error();
    return to_receipt(*std::move(asked));
  }

  /// Returns what requests go through, for those without a stub.
  caller& through() const { return *caller_; }

private:
  template <class Ask>
  static perdure::result<answer> wait(duration patience, Ask ask) {
    auto outcome = std::make_shared<std::promise<perdure::result<answer>>>();
    auto answered = outcome->get_future();
    ask([outcome](perdure::result<answer> how) { outcome->set_value(std::move(how)); });
    constexpr duration as_good_as_for_ever = std::chrono::hours(24 * 365);
    if (patience < as_good_as_for_ever &&
        answered.wait_for(patience) == std::future_status::timeout) {
      return error{errc::timeout, "it has not ended in the time given: it goes on, ask again"};
    }
    return answered.get();
  }

  std::shared_ptr<caller> caller_;
  std::shared_ptr<lifecycle> lifecycle_;
};

}  // namespace perdure
