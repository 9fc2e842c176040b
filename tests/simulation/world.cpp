#include "world.h"

#include <algorithm>
#include <utility>

#include "clients.h"
#include "node.h"

namespace perdure::simulation {

namespace {

constexpr std::uint64_t steps_most = 60'000;
constexpr duration retention{60'000};

persistence::memory_options options_of(const script& what) {
  persistence::memory_options options;
  options.shard_count = 3;
  options.terminated_retention = what.has(fault::short_retention) ? duration{500} : retention;
  return options;
}

class world {
public:
  world(const script& what, canary put, bool keeps_history)
      : with_(what, put, keeps_history, options_of(what)), node_(with_), clients_(with_, node_) {}

  ~world() {
    // Nobody is answered any more.
    clients_.lose_all();
    node_.crash(false);
  }

  verdict run() {
    verdict found;
    deployment::broken = false;
    try {
      node_.begin();
      disturb();
      calm_down();
      settle();
    } catch (const violation& why) {
      found.wrong = why.what;
    } catch (const std::exception& why) {
      found.wrong = std::string("threw: ") + why.what();
    }
    deployment::broken = false;
    found.digest = mixed(with_.seen.digest(), with_.chance.next());
    found.steps = steps_;
    found.records = with_.store.stats().records;
    found.history.assign(with_.seen.lines().begin(), with_.seen.lines().end());
    return found;
  }

private:
  // -- who moves next -----------------------------------------------------------------------------

  /// Makes one of the moves that can be made; nothing can: lets time pass. Returns whether anything
  /// is left to come.
  bool step() {
    if (++steps_ > steps_most) throw violation{"it does not come to rest"};
    if (clients_.wrong()) throw violation{*clients_.wrong()};
    auto moves = node_.moves();
    const bool asks = clients_.next() <= with_.time.passed;
    const bool hastens = !with_.calm && with_.chance.chance(with_.plan.sizes.haste);
    if ((moves.empty() && !asks) || hastens) {
      const auto next = std::min(node_.next(), clients_.next());
      if (next == timestamp::max()) return false;
      with_.time.passed = std::max(next, with_.time.passed + duration{1});
      return true;
    }
    const auto many = static_cast<std::uint32_t>(moves.size() + (asks ? 1 : 0));
    const auto chosen = with_.chance.below(many);
    if (chosen == moves.size())
      clients_.ask_again();
    else
      node_.make(moves[chosen]);
    return true;
  }

  void come_to_rest() {
    while (step()) {
    }
    if (clients_.wrong()) throw violation{*clients_.wrong()};
  }

  // -- what is done -------------------------------------------------------------------------------

  void disturb() {
    std::uint32_t number = 0;
    for (auto& each : with_.plan.operations) {
      for (std::uint32_t gone = 0; gone < each.gap && step(); ++gone) {
      }
      with_.note(1, number, [&] { return "--- " + std::to_string(number) + " " + describe(each); });
      perform(each, number++);
    }
  }

  void perform(const operation& what, std::uint32_t number) {
    const entity_id whom{"peer", peer_name(what.whom)};
    switch (what.what) {
      case deed::put_away:
        return node_.put_away(whom, true);
      case deed::put_idle_away:
        return node_.put_all_away();
      case deed::crash:
        return crash((what.chance & 1) != 0);
      case deed::refuse_commits:
        return refuse_commits(what);
      case deed::forget_derived:
        return with_.store.lose_derived();
      case deed::jump:
        return jump(what);
      case deed::deploy_wrong:
        if (!with_.plan.has(fault::wrong_build)) return;
        crash(false);
        deployment::broken = true;
        deployment::since = with_.time.wall();
        return;
      case deed::deploy_right:
        return deploy_right((what.chance & 1) != 0);
      case deed::collect:
        return node_.collect();
      default:
        return clients_.begin(what, number);
    }
  }

  void crash(bool in_a_commit) {
    clients_.lose_all();
    node_.crash(in_a_commit);
    node_.begin();
  }

  void refuse_commits(const operation& what) {
    const bool can_be_unknown = with_.plan.has(fault::unknown);
    const bool is_unknown =
        can_be_unknown && (!with_.plan.has(fault::storage_full) || (what.chance & 1) != 0);
    if (!can_be_unknown && !with_.plan.has(fault::storage_full)) return;
    node_.refuse_commits(1 + (what.chance >> 4) % 3,
                         is_unknown ? persistence::append_outcome::unknown
                                    : persistence::append_outcome::storage_full,
                         is_unknown && (what.chance & 2) != 0);
  }

  void jump(const operation& what) {
    const auto by = duration{1 << (8 + what.chance % 14)};
    const bool back = (what.chance & 256) != 0;
    // The wrong build tells by the time what came before it.
    if (back && deployment::broken) return;
    with_.time.ahead += back ? -by : by;
  }

  void deploy_right(bool with_a_crash) {
    if (!std::exchange(deployment::broken, false)) return;
    if (with_a_crash) return crash(false);
    // Those that were parked may have left memory.
    for (auto& [who, of] : with_.model.books()) resume(who);
  }

  void resume(const entity_id& who) {
    operation again;
    again.what = deed::resume;
    again.whom = static_cast<std::uint32_t>(who.id.front() - 'a');
    clients_.begin(again, 100'000);
  }

  // -- when all is quiet --------------------------------------------------------------------------

  /// Mends everything, and lets it come to rest.
  void calm_down() {
    with_.note(2, 0, [] { return "--- all is mended"; });
    with_.calm = true;
    node_.accept_commits();
    deploy_right(false);
    for (int i = 0; i < 3; ++i) {
      const auto until = with_.time.passed + duration{5'000};
      while (with_.time.passed < until && step()) {
      }
      persistence::list_filter paused;
      paused.status = persistence::entity_status::paused;
      for (auto& each : with_.store.list(paused)) resume(each.entity);
      const auto parked = node_.parked();
      for (auto& [who, why] : parked) resume(who);
    }
    come_to_rest();
    check_all();
  }

  /// Those whose senders have gone without a word are asked; what has ended goes.
  void settle() {
    node_.put_all_away();
    come_to_rest();
    for (auto& [who, of] : with_.model.books()) {
      if (of.last.unsettled) node_.wake(who, false);
    }
    come_to_rest();
    node_.put_all_away();
    come_to_rest();
    for (auto& [who, of] : with_.model.books()) {
      if (of.last.unsettled) throw violation{to_string(who) + " has senders that never settle"};
    }
    for (int i = 0; i < 4; ++i) {
      with_.time.passed += retention + duration{1};
      node_.collect();
      come_to_rest();
    }
    for (auto& [who, of] : with_.model.books()) {
      if (persistence::has_ended(of.last.status) &&
          of.last.last_active + retention < with_.time.wall()) {
        throw violation{to_string(who) + " has ended and is kept for ever"};
      }
    }
    check_all();
  }

  void check_all() {
    if (auto who = clients_.unanswered()) throw violation{*who};
    if (!node_.activities().is_idle()) {
      throw violation{"activities never end:" + node_.activities().describe()};
    }
    for (auto& [who, of] : with_.model.books()) check(who, of);
  }

  void check(const entity_id& who, const ledger::book& of) {
    const auto name = to_string(who);
    if (auto what = with_.model.unaccounted(who)) throw violation{*what};
    if (of.last.pending) throw violation{name + " has something under way, and nothing comes"};
    auto known = with_.store.find(who);
    if (!known || !(*known == of.last)) throw violation{name + ": the index knows another summary"};
    const auto replayed = replay(who, of);
    const auto state = replayed->state();
    const auto loaded = load(who)->state();
    if (loaded != state) throw violation{name + ": its snapshot is not its history"};
    if (auto* live = node_.settled_machine(who); live && live->state() != state) {
      throw violation{name + ": what is in memory is not its history"};
    }
    check_index(who, of, *replayed);
    if (replayed->has_ended()) return;
    if (!replayed->outbox().empty()) throw violation{name + " has messages that never arrive"};
    if (!replayed->suspended().empty()) {
      throw violation{name + " waits for what never comes: event " +
                      std::to_string(replayed->suspended().front().started_by())};
    }
    if (!replayed->delayed().empty()) throw violation{name + " has signals that are never due"};
    check_counts(who, of, decode<::simulation::peer_state>(state));
  }

  /// What lists, timers and retention go by.
  void check_index(const entity_id& who, const ledger::book& of, const core::machine& replayed) {
    const auto name = to_string(who);
    if (of.last.next_due != replayed.next_due()) {
      throw violation{name + " is due at another time than the index says"};
    }
    if (of.last.pending != !(replayed.activities().empty() && replayed.outbox().empty())) {
      throw violation{name + ": the index does not know whether it has something under way"};
    }
    if (of.last.unsettled != replayed.has_unsettled_senders()) {
      throw violation{name + ": the index does not know whether senders are settled"};
    }
    const auto listed = with_.store.list({.type = who.type});
    const auto found = std::ranges::find(listed, who, &persistence::listed_entity::entity);
    if (found == listed.end() || found->attributes != replayed.attributes()) {
      throw violation{name + " has other attributes than the index says"};
    }
  }

  void check_counts(const entity_id& who, const ledger::book& of,
                    const ::simulation::peer_state& state) {
    const auto name = to_string(who);
    if (!state.wrong.empty()) throw violation{name + " got the wrong " + state.wrong};
    std::uint64_t order = 0;
    std::uint64_t late = 0;
    std::uint64_t asked = 0;
    for (auto& each : of.pokes) order = mixed(order, each.token);
    for (auto& each : of.late) late += each.token;
    for (auto& each : of.asked) asked += each.token;
    if (state.pokes != of.pokes.size()) {
      throw violation{name + " has handled " + std::to_string(state.pokes) + " signals of " +
                      std::to_string(of.pokes.size())};
    }
    if (state.order != order) throw violation{name + " has handled signals in another order"};
    if (state.late != late) throw violation{name + " has lost or doubled a delayed signal"};
    if (state.asked != asked) throw violation{name + " has lost or doubled an update"};
  }

  std::unique_ptr<core::machine> fresh(const entity_id& who) const {
    return std::make_unique<core::machine>(node::type().type, who,
                                           node_.surrounding().limits.machine);
  }

  std::unique_ptr<core::machine> replay(const entity_id& who, const ledger::book& of) const {
    auto again = fresh(who);
    auto records = with_.store.history(who, of.last.run_began, 1'000'000, of.last.run).value();
    for (auto& each : records) {
      if (auto why = again->replay(each)) throw violation{"replay: " + why->detail};
    }
    return again;
  }

  std::unique_ptr<core::machine> load(const entity_id& who) const {
    auto again = fresh(who);
    auto found = with_.store.load(who).value();
    if (auto& base = found.base) {
      const auto time =
          found.records.empty() ? found.summary.last_active : found.records.front().time;
      if (auto why = again->restore(base->carried,
                                    {base->run, found.summary.run_began, base->event, time, 0})) {
        throw violation{"snapshot: " + why->detail};
      }
    }
    for (auto& each : found.records) {
      if (auto why = again->replay(each)) throw violation{"replay: " + why->detail};
    }
    return again;
  }

  shared with_;
  node node_;
  clients clients_;
  std::uint64_t steps_ = 0;
};

}  // namespace

verdict run(const script& what, canary put, bool keeps_history) {
  return world(what, put, keeps_history).run();
}

}  // namespace perdure::simulation
