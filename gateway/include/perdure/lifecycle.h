#pragma once

/// What can be asked of an entity's life from outside, beside its methods: the results of its main,
/// and that it stops.

#include <string>
#include <type_traits>
#include <utility>

#include <perdure/await.h>
#include <perdure/call.h>

namespace perdure {

/// Safe to use from any thread; completions as those of `caller`.
class lifecycle {
public:
  virtual ~lifecycle() = default;

  /// Answers with the main's results when it has ended, or why it failed. Errors: entity_not_found
  /// when none was started; timeout, some time after `patience` has passed. REQUIRES: the contract
  /// has a main and lives as long as the program.
  virtual void await_result(const entity_id& entity, const contract& of, duration patience,
                            completion done) = 0;

  /// Asks the entity's main to stop. Errors: rejected when there is none; completed.
  virtual void cancel(const entity_id& entity, std::string reason, completion done) = 0;
};

namespace detail {

template <class Call>
struct value_of_call;
template <class T>
struct value_of_call<call<T>> {
  using type = std::conditional_t<std::is_void_v<T>, nothing, T>;
};

}  // namespace detail

/// What the main of a contract results in.
template <class Contract>
using main_results = typename detail::value_of_call<
    decltype(std::declval<typename Contract::stub>().result())>::type;

}  // namespace perdure
