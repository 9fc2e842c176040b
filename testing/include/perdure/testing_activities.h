#pragma once

/// Activities in a test, without the outside world: what each attempt answers is scripted.
///
///     env.script<payments_contract>("charge").fails("network").returns(charge_results{...});
///
/// A script is a sequence: each entry serves one attempt, the last one all that follow. Who calls
/// an activity that has no script, and is not provided either, fails the test.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <perdure/activities.h>
#include <perdure/errors.h>
#include <perdure/types.h>
#include <perdure/value.h>

namespace perdure {

/// One attempt of a scripted activity.
struct activity_call {
  entity_id entity;  ///< Who waits for it.
  std::uint32_t attempt = 1;
  std::string key;  ///< As `activity_context::key`.
  timestamp time;
  bytes params;
  std::string queue = {};  ///< As its options say; empty: that of its activities.
};

namespace testing {

struct script;
class world;

/// What a function that answers an activity takes and returns.
template <class F>
struct answerer : answerer<decltype(&F::operator())> {};
template <class R, class C, class... As>
struct answerer<R (C::*)(As...) const> {
  using results = R;
  static constexpr std::size_t count = sizeof...(As);
  template <class F>
  static R call(const F& f, bytes_view params, activity_context& attempt) {
    if constexpr (sizeof...(As) == 0)
      return f();
    else if constexpr (std::is_invocable_v<const F&, activity_context&>)
      return f(attempt);
    else
      return with<std::remove_cvref_t<As>...>(f, params, attempt);
  }

private:
  template <class Params, class... Context, class F>
  static R with(const F& f, bytes_view params, activity_context& attempt) {
    if constexpr (sizeof...(Context) == 0)
      return f(decode<Params>(params));
    else
      return f(decode<Params>(params), attempt);
  }
};
template <class R, class C, class... As>
struct answerer<R (C::*)(As...)> : answerer<R (C::*)(As...) const> {};

}  // namespace testing

/// The script of one activity. A handle; copies are the same script, which lives as long as its
/// environment.
class activity_script {
public:
  explicit activity_script(std::shared_ptr<testing::script> of) : of_(std::move(of)) {}

  // -- what attempts do, in order ---------------------------------------------------------------

  template <class Results>
  activity_script& returns(const Results& results) {
    return add_results(encode(results), codec<Results>::schema);
  }
  /// Of an activity without results.
  activity_script& returns();
  /// Fails once; as all that fails, it is tried again as its retry policy says.
  activity_script& fails(std::string type, std::string message = {});
  activity_script& fails_times(std::size_t times, std::string type = {}, std::string message = {});
  /// Fails, and is not tried again.
  activity_script& fails_for_good(std::string type, std::string message = {});
  /// Does not end: one of its time-outs ends it.
  activity_script& hangs();
  /// Ends when `complete` or `fail` is called, or by a time-out.
  activity_script& completes_later();
  /// Calls `f(params)`, `f(params, activity_context&)`, `f(activity_context&)` or `f()`; what it
  /// throws is the failure.
  template <class F>
  activity_script& answers(F f) {
    using call = testing::answerer<F>;
    using results = typename call::results;
    return add_answer([f = std::move(f)](bytes_view params, activity_context& attempt) {
      if constexpr (std::is_void_v<results>) {
        call::call(f, params, attempt);
        return empty_payload();
      } else {
        return encode(call::call(f, params, attempt));
      }
    });
  }

  /// What was added last takes this long; heartbeats go on meanwhile.
  activity_script& takes(duration time);
  /// What was added last does not stop when it is asked to.
  activity_script& ignores_cancellation();

  // -- what is asserted -------------------------------------------------------------------------

  /// How often it is called does not matter to the test.
  activity_script& any_number();
  /// There are just this many attempts by the end of the test.
  activity_script& times(std::size_t attempts);

  /// Returns how many attempts there were. Those were looked at; the test fails at its end when
  /// there are more that nobody looked at.
  std::size_t called() const;
  /// Returns all attempts, which were looked at.
  std::vector<activity_call> attempts() const;
  /// Returns the parameters of all attempts, which were looked at.
  template <class Params>
  std::vector<Params> calls() const {
    std::vector<Params> all;
    for (auto& each : attempts()) all.push_back(decode<Params>(each.params));
    return all;
  }

  // -- what `completes_later` --------------------------------------------------------------------

  /// Returns the attempts that wait to be completed, the longest waiting first, by their tokens.
  std::vector<std::string> waiting() const;
  /// Completes the one that waits longest. Errors: completed, when none waits.
  template <class Results>
  result<nothing> complete(const Results& results) {
    return complete_with(encode(results));
  }
  result<nothing> complete() { return complete_with(empty_payload()); }
  /// Its attempt fails, and is tried again as the policy says.
  result<nothing> fail(std::string type, std::string message = {});

private:
  activity_script& add_results(bytes results, std::uint64_t schema);
  activity_script& add_answer(std::function<bytes(bytes_view, activity_context&)> answer);
  result<nothing> complete_with(bytes results);

  std::shared_ptr<testing::script> of_;
};

}  // namespace perdure
