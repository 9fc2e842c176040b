#pragma once

/// An expense waits three days for a person's decision, three more for the manager's.

#include <chrono>
#include <string>

#include "approval.perdure.h"

namespace approval {

using namespace std::chrono_literals;

class expense final : public expense_entity {
public:
  perdure::task<submit_results> submit(submit_params wanted) override {
    if (wanted.cents <= 0) throw perdure::rejected("the amount must be positive");
    state.status = "waiting";
    co_await ask(wanted.approver, wanted.cents);
    if (!co_await wait_until([this] { return is_decided(); }, time_to_decide)) {
      state.status = "escalated";
      co_await ask(wanted.manager, wanted.cents);
      co_await wait_until([this] { return is_decided(); }, time_to_decide);
    }
    state.status = !is_decided() ? "expired" : state.approved ? "approved" : "rejected";
    set_attribute("status", state.status);
    co_return {.status = state.status, .decided_by = state.decided_by};
  }

  perdure::task<decide_results> decide(decide_params decision) override {
    if (decision.person.empty()) throw perdure::rejected("the person is not named");
    if (is_decided()) throw perdure::rejected("already decided by " + state.decided_by);
    if (state.status.empty()) throw perdure::rejected("nothing was submitted");
    state.decided_by = decision.person;
    state.approved = decision.approve;
    co_return {.status = decision.approve ? "approved" : "rejected"};
  }

  status_results status() const override { return {.status = state.status}; }

private:
  static constexpr auto time_to_decide = 72h;

  bool is_decided() const { return !state.decided_by.empty(); }

  perdure::call<> ask(const std::string& person, std::int64_t cents) {
    return activities<mail_contract>({.start_to_close = 30s})
        .ask({.person = person, .expense = self().id, .cents = cents});
  }
};

}  // namespace approval
