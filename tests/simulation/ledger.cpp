#include "ledger.h"

#include <algorithm>
#include <variant>

#include "peer.h"
#include "persistence/codec.h"

namespace perdure::simulation {

namespace {

using core::message_kind;

constexpr std::uint16_t poke_ordinal = 1;

std::string text(event_number event) { return "event " + std::to_string(event); }

void check(bool holds, const std::string& what) {
  if (!holds) throw violation{what};
}

/// Whether its receiver records it when it takes it.
bool leaves_a_record(message_kind kind) {
  return kind == message_kind::signal || kind == message_kind::update ||
         kind == message_kind::start || kind == message_kind::run || kind == message_kind::result;
}

void drop_after(std::vector<ledger::counted>& from, event_number to) {
  std::erase_if(from, [&](auto& each) { return each.event > to; });
}

}  // namespace

const ledger::book* ledger::find(const entity_id& who) const {
  auto found = books_.find(who);
  return found == books_.end() ? nullptr : &found->second;
}

const std::set<event_number>& ledger::events_of(const entity_id& who,
                                                const std::string& key) const {
  static const std::set<event_number> none;
  auto found = keys_ever_.find({who, key});
  return found == keys_ever_.end() ? none : found->second;
}

void ledger::durable(const persistence::batch& what) {
  const auto step = persistence::decode_record(what.encoded).value();
  const auto& who = what.entity;
  if (step.event == 1) {
    check(!books_.contains(who), to_string(who) + " begins twice");
    // What a life before it has sent is over.
    std::erase_if(arrived_, [&](auto& each) { return each.first == who; });
  }
  auto& of = books_[who];
  check(step.event == of.last.last_event + 1,
        to_string(who) + ": " + text(step.event) + " follows " + text(of.last.last_event));
  check(step.last_event() == what.after.last_event, to_string(who) + ": the summary's last event");
  if (step.life) {
    auto& last = lives_[who];
    check(*step.life > last, to_string(who) + ": lives grow, " + text(step.event));
    last = of.life = *step.life;
  }
  check(of.life != timestamp{}, to_string(who) + " has a life");
  note_input(of, who, step);
  note_commands(of, step);
  of.events.insert(step.event);
  of.last = what.after;
  if (!persistence::has_ended(what.after.status)) return;
  of.has_ended_ever = true;
  gone_.insert(who);
}

void ledger::note_input(book& of, const entity_id& who, const core::record& step) {
  if (step.from) {
    auto& [sender, life, number, chain] = *step.from;
    auto& before = taken_[{who, sender}];
    const auto name = to_string(who) + ", " + text(step.event) + ": message " +
                      std::to_string(number) + " of " + to_string(sender);
    if (!before.empty()) {
      const std::pair last{before.back().life, before.back().number};
      const std::pair now{life, number};
      check(now != last, name + " is taken twice");
      check(now > last, name + " is taken behind a later one");
    }
    check(sender != who || life == of.life, name + " is of a life that is over");
    const bool is_signal = std::holds_alternative<core::signal_received>(step.what) ||
                           std::holds_alternative<core::signal_delayed>(step.what);
    before.push_back({life, number, step.event, is_signal});
    arrived_.insert({sender, number});
    recorded_.insert({sender, life, number});
  }
  if (step.once) {
    check(
        of.keys.emplace(step.once->key, step.event).second,
        to_string(who) + ", " + text(step.event) + ": the key " + step.once->key + " counts twice");
    keys_ever_[{who, step.once->key}].insert(step.event);
  }
  const auto take_poke = [&](std::uint16_t method, const bytes& params) {
    of.signals.insert(step.event);
    if (method != poke_ordinal) return;
    const auto poke = decode<peer_contract::poke_params>(params);
    tokens_.insert({who, poke.token});
    if (refuses(poke.plan)) return;
    (poke.late ? of.late : of.pokes).push_back({step.event, poke.token});
  };
  if (auto* signal = std::get_if<core::signal_received>(&step.what)) {
    take_poke(signal->method, signal->params);
  } else if (auto* later = std::get_if<core::signal_delayed>(&step.what)) {
    take_poke(later->method, later->params);
  } else if (auto* update = std::get_if<core::update_accepted>(&step.what)) {
    const auto token = decode<peer_contract::ask_params>(update->params).token;
    of.asked.push_back({step.event, token});
  } else if (auto* begun = std::get_if<core::run_continued>(&step.what)) {
    auto& main = begun->carried.main;
    if (!main || main->started != step.event) return;
    // Started anew: a state from the beginning.
    of.pokes.clear();
    of.late.clear();
    of.asked.clear();
    if (!begun->replaces) return;
    // What waited has ended.
    for (auto event : of.events) of.ended_requests.insert(event);
  } else if (auto* back = std::get_if<core::run_reset>(&step.what)) {
    note_reset(of, who, *back);
  } else if (auto* ended = std::get_if<core::activity_ended>(&step.what)) {
    check(activities_ended_.insert({who, of.life, ended->activity}).second,
          to_string(who) + ", " + text(step.event) + ": activity " +
              std::to_string(ended->activity) + " ends twice");
  } else if (auto* reply = std::get_if<core::reply_received>(&step.what)) {
    arrived_.insert({who, reply->message});
  }
}

void ledger::note_reset(book& of, const entity_id& who, const core::run_reset& what) {
  of.was_reset = true;
  drop_after(of.asked, what.to);
  for (auto& [between, all] : taken_) {
    if (between.first != who) continue;
    std::erase_if(all, [&](auto& each) { return each.event > what.to && !each.is_signal; });
  }
  std::erase_if(of.sent, [&](auto& each) { return each.first > what.to; });
  std::erase_if(of.keys, [&](auto& each) {
    return each.second > what.to && !of.signals.contains(each.second);
  });
}

void ledger::note_commands(book& of, const core::record& step) {
  auto number = step.event;
  for (auto& each : step.commands) {
    ++number;
    if (auto* sent = std::get_if<core::message_sent>(&each)) {
      of.sent[number] = {of.life, sent->message.target, sent->message.kind};
    } else if (auto* ended = std::get_if<core::update_ended>(&each)) {
      of.ended_requests.insert(ended->update);
    } else if (std::holds_alternative<core::main_ended>(each)) {
      // Whichever it was.
      for (auto event : of.events) of.ended_requests.insert(event);
      of.ended_requests.insert(step.event);
    }
  }
}

void ledger::removed(const entity_id& who) {
  auto found = books_.find(who);
  check(found != books_.end(), to_string(who) + " is removed twice");
  auto& last = found->second.last;
  check(persistence::has_ended(last.status), to_string(who) + " is removed and has not ended");
  check(!last.pending, to_string(who) + " is removed and has something under way");
  check(!last.unsettled, to_string(who) + " is removed and senders are not settled");
  if (auto what = unaccounted(who)) throw violation{*what};
  books_.erase(found);
}

void ledger::told(const process::told& what) {
  auto& about = *what.about;
  const auto name = to_string(about.what.target) + ": message " +
                    std::to_string(about.what.number) + " of " + to_string(about.sender);
  if (what.how == process::verdict::not_now) return;
  arrived_.insert({about.sender, about.what.number});
  // What an entity has sent to itself in a life that is over is nobody's.
  auto* of = find(about.sender);
  if (about.sender == about.what.target && of && about.life != of->life) return;
  const bool is_refusal = what.how == process::verdict::answered && what.outcome.why;
  if (is_refusal) refused_.insert({about.sender, about.life, about.what.number});
  if (is_refusal || !leaves_a_record(about.what.kind)) return;
  // One that was refused, and whose sender has lost that, comes behind later ones.
  if (about.what.kind == message_kind::signal &&
      refused_.contains({about.sender, about.life, about.what.number})) {
    return;
  }
  check(recorded_.contains({about.sender, about.life, about.what.number}),
        name + " is said to be taken and is in no journal");
}

std::optional<std::string> ledger::unaccounted(const entity_id& who) const {
  auto* of = find(who);
  if (!of) return std::nullopt;
  for (auto& [number, each] : of->sent) {
    if (arrived_.contains({who, number})) continue;
    return to_string(who) + ": message " + std::to_string(number) + " to " +
           to_string(each.target) + " has come to nothing";
  }
  return std::nullopt;
}

}  // namespace perdure::simulation
