#include "tests/equal/essence.h"

#include <algorithm>
#include <cctype>
#include <variant>

#include "entities/machine.h"
#include "testing/world.h"

namespace equal {

using namespace perdure;
using core::record;

namespace {

class numbering {
public:
  explicit numbering(const history_of& all) {
    for (auto& [who, steps] : all) {
      event_number next = 0;
      for (auto& step : steps) {
        if (testing::is_bookkeeping(step)) continue;
        for (auto each = step.event; each <= step.last_event(); ++each) known_[who][each] = ++next;
      }
    }
  }

  record of(const entity_id& who, record step) const {
    auto own = [&](event_number& number) { renumber(who, number); };
    own(step.event);
    step.settles.clear();
    step.state_digest.reset();
    step.life.reset();
    if (step.from) {
      renumber(step.from->sender, step.from->number);
      step.from->life = {};
    }
    std::visit([&](auto& what) { input(who, what); }, step.what);
    for (auto& each : step.commands) std::visit([&](auto& what) { command(own, what); }, each);
    return step;
  }

  std::vector<record> of(const entity_id& who, const std::vector<record>& steps) const {
    std::vector<record> made;
    for (auto& each : steps) {
      if (!testing::is_bookkeeping(each)) made.push_back(of(who, each));
    }
    return made;
  }

private:
  void renumber(const entity_id& who, event_number& number) const {
    const auto all = known_.find(who);
    if (all == known_.end()) return;
    const auto found = all->second.find(number);
    if (found != all->second.end()) number = found->second;
  }

  static void outcome(core::call_outcome& how) {
    if (how.why) how.why->detail = without_numbers(how.why->detail);
  }

  void input(const entity_id& who, core::delayed_signal_due& what) const {
    renumber(who, what.accepted);
  }
  void input(const entity_id& who, core::activity_ended& what) const {
    renumber(who, what.activity);
    outcome(what.outcome);
  }
  void input(const entity_id& who, core::reply_received& what) const {
    renumber(who, what.message);
    outcome(what.outcome);
  }
  void input(const entity_id& who, core::run_reset& what) const {
    renumber(who, what.to);
    what.history = of(who, what.history);
    what.signals = of(who, what.signals);
    for (auto& each : what.children) renumber(who, each.number);
  }
  void input(const entity_id& who, core::run_continued& what) const {
    auto& carried = what.carried;
    carried.outbox.clear();
    carried.inbox.clear();
    carried.life = {};
    for (auto& each : carried.delayed) renumber(who, each.accepted);
    for (auto& each : carried.idempotency) {
      renumber(who, each.event);
      renumber(who, each.joined);
    }
    for (auto& each : carried.children) renumber(who, each.number);
    if (carried.main) renumber(who, carried.main->started);
  }
  void input(const entity_id&, auto&) const {}

  static void command(const auto& own, core::update_ended& what) { own(what.update); }
  static void command(const auto& own, core::handler_failed& what) { own(what.started_by); }
  static void command(const auto& own, core::activity_cancelled& what) { own(what.activity); }
  static void command(const auto& own, core::message_sent& what) { own(what.message.number); }
  static void command(const auto&, auto&) {}

  std::map<entity_id, std::map<event_number, event_number>> known_;
};

std::string text_of(const record& step) {
  auto text = "event " + std::to_string(step.event) + " at " +
              std::to_string(step.time.time_since_epoch().count()) +
              " ms: " + core::describe(step.what);
  for (auto& each : step.commands) text += "; " + core::describe(each);
  return text;
}

}  // namespace

history_of essence_of(const history_of& all) {
  const numbering numbers(all);
  history_of made;
  for (auto& [who, steps] : all) made.emplace(who, numbers.of(who, steps));
  return made;
}

std::string difference(const history_of& kit, const history_of& node) {
  auto in_kit = essence_of(kit);
  auto in_node = essence_of(node);
  for (auto& [who, steps] : in_kit) {
    auto& others = in_node[who];
    for (std::size_t i = 0; i < std::max(steps.size(), others.size()); ++i) {
      if (i < steps.size() && i < others.size() && steps[i] == others[i]) continue;
      return to_string(who) +
             ", in the kit: " + (i < steps.size() ? text_of(steps[i]) : "nothing") +
             "; on a node: " + (i < others.size() ? text_of(others[i]) : "nothing");
    }
  }
  return {};
}

std::size_t real_steps(const std::vector<record>& of) {
  return static_cast<std::size_t>(
      std::ranges::count_if(of, [](auto& each) { return !testing::is_bookkeeping(each); }));
}

std::string without_numbers(std::string text) {
  static const std::string_view mark = "event ";
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
    at += mark.size();
    auto end = at;
    while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0) ++end;
    text.replace(at, end - at, end > at ? "#" : "");
  }
  return text;
}

}  // namespace equal
