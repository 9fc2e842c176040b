#include "clients.h"

#include <algorithm>

namespace perdure::simulation {

namespace {

constexpr std::uint32_t tries_most = 60;
constexpr duration again_after{700};

std::string key_of(std::uint32_t number) { return "k" + std::to_string(number); }

const method* method_of(deed what) {
  auto& of = node::type().contract();
  switch (what) {
    case deed::ask:
      return of.find("ask");
    case deed::start:
      return of.main();
    case deed::look:
    case deed::look_back:
      return of.find("look");
    default:
      return of.find("poke");
  }
}

}  // namespace

void clients::begin(const operation& what, std::uint32_t number) {
  asked fresh;
  fresh.what = what.what;
  fresh.whom = {"peer", peer_name(what.whom)};
  fresh.chance = what.chance;
  fresh.plan = what.plan;
  fresh.key = key_of(number);
  fresh.token = mixed(with_.plan.seed, what.chance);
  fresh.until_accepted = (what.chance & 3) == 0;
  // Of the run as it is now, wherever it will be when it is asked for.
  if (auto* of = with_.model.find(fresh.whom)) {
    const auto events = of->last.last_event - of->last.run_began + 1;
    fresh.aim = of->last.run_began + what.chance % events;
  } else {
    fresh.aim = 1;
  }
  all_.push_back(std::move(fresh));
  ask(all_.size() - 1);
}

void clients::ask(std::size_t which) {
  auto& what = all_[which];
  ++what.tries;
  what.under_way = true;
  what.again = timestamp::max();
  const auto attempt = ++what.attempt;
  const auto counted = [this, which, attempt](const auto& how) {
    if (how)
      answered(which, attempt, answer{});
    else
      answered(which, attempt, how.error());
  };
  switch (what.what) {
    case deed::describe:
      return node_.ask(what.whom, process::describe{[=, this](const auto& how) {
                         auto* of = with_.model.find(all_[which].whom);
                         // It may have been removed since it was described.
                         if (how && how->status != "parked" &&
                             (of ? how->summary.last_event > of->last.last_event
                                 : !with_.model.has_gone(all_[which].whom))) {
                           complain(all_[which], "is described as what is not durable");
                         }
                         counted(how);
                       }});
    case deed::await_ask:
      return node_.ask(what.whom,
                       process::await_update{key_of(what.chance % with_.plan.operations.size()),
                                             duration{5'000}, counted});
    case deed::await_result:
      return node_.ask(what.whom, process::await_result{duration{5'000}, answer_to_ask(which)});
    case deed::terminate:
      return node_.ask(what.whom, process::terminate{"by a client", answer_to_ask(which)});
    case deed::cancel:
      return node_.ask(what.whom, process::cancel{"by a client", answer_to_ask(which)});
    case deed::pause:
      return node_.ask(what.whom, process::pause{"by a client", answer_to_ask(which)});
    case deed::resume:
      return node_.ask(what.whom, process::resume{answer_to_ask(which)});
    case deed::reset:
      return node_.ask(what.whom, process::reset{what.aim, "by a client", answer_to_ask(which)});
    default:
      break;
  }
  request made;
  made.target = what.whom;
  made.contract = &node::type().contract();
  made.method = method_of(what.what);
  auto& options = made.options;
  options.key = what.key;
  options.until_accepted = what.until_accepted;
  if (what.chance & 4) options.patience = duration{2'000};
  if (what.what == deed::ask) {
    made.params = encode(peer_contract::ask_params{.token = what.token, .plan = what.plan});
  } else if (what.what == deed::start) {
    made.params = encode(
        peer_contract::work_params{.token = what.token,
                                   .rounds = 1 + static_cast<std::uint32_t>(what.chance >> 3 & 3),
                                   .plan = what.plan});
    auto& how = options.start;
    how.when_running = static_cast<id_conflict>((what.chance >> 8) % 3);
    how.when_ended = static_cast<id_reuse>((what.chance >> 12) % 8 / 3);
    if ((what.chance >> 16 & 3) == 0) how.delay = duration{1 << (what.chance >> 20 & 15)};
    if ((what.chance >> 24 & 7) == 0) how.execution_timeout = duration{20'000};
    if ((what.chance >> 28 & 7) == 0) how.run_timeout = duration{10'000};
  } else if (what.what == deed::look || what.what == deed::look_back) {
    options.key.clear();
    made.params = empty_payload();
    if (what.what == deed::look_back) options.at = what.aim;
  } else {
    const bool is_late = what.what == deed::poke_late;
    if (is_late) options.delay = duration{1 << (what.chance >> 8 & 15)};
    made.params =
        encode(peer_contract::poke_params{.token = what.token, .late = is_late, .plan = what.plan});
  }
  node_.ask(what.whom, process::call{std::move(made), answer_to_ask(which)});
}

process::answerer clients::answer_to_ask(std::size_t which) {
  return {[this, which, attempt = all_[which].attempt](const result<answer>& how) {
    answered(which, attempt, how);
  }};
}

void clients::lose_all() {
  for (auto& each : all_) {
    if (!std::exchange(each.under_way, false)) continue;
    ++each.attempt;
    if (is_asked_until_answered(each))
      each.again = with_.time.passed + again_after;
    else
      each.done = true;
  }
}

void clients::answered(std::size_t which, std::uint64_t attempt, const result<answer>& how) {
  auto& about = all_[which];
  if (about.attempt != attempt) return;
  if (!about.under_way) return complain(about, "is answered twice");
  about.under_way = false;
  with_.note(30, mixed(which, how ? how->event : 1000 + static_cast<int>(how.error().code)), [&] {
    return "answer to " + about.key + ", " + std::string(to_string(about.what)) + " " +
           to_string(about.whom) + ": " +
           (how ? "event " + std::to_string(how->event) + (how->replayed ? " again" : "")
                : std::string(to_string(how.error().code)) + " " + how.error().detail);
  });
  if (!how) return failed(which, how.error());
  about.done = true;
  check(about, *how);
}

void clients::failed(std::size_t which, const error& why) {
  auto& about = all_[which];
  if (why.code == errc::internal) {
    complain(about, "is answered: " + why.detail);
  }
  if (why.code == errc::idempotency_conflict) complain(about, "is answered: " + why.detail);
  if (why.code == errc::nondeterministic && !deployment::broken &&
      !node_.parked().contains(about.whom)) {
    complain(about, "is answered: " + why.detail);
  }
  const bool is_method =
      about.what == deed::poke || about.what == deed::poke_late || about.what == deed::ask;
  if (is_method && why.code == errc::completed && !with_.model.has_gone(about.whom)) {
    complain(about, "is refused by what has not ended");
  }
  const bool asks_again = retryable(why.code) && is_asked_until_answered(about);
  if (!asks_again) {
    about.done = true;
  } else {
    about.again = with_.time.passed + again_after * std::min<std::uint32_t>(about.tries, 20);
  }
}

bool clients::is_asked_until_answered(const asked& about) const {
  return about.what == deed::poke || about.what == deed::poke_late || about.what == deed::ask ||
         about.what == deed::start || about.what == deed::resume;
}

void clients::check(const asked& about, const answer& how) {
  const auto& events = with_.model.events_of(about.whom, about.key);
  const auto* of = with_.model.find(about.whom);
  switch (about.what) {
    case deed::poke:
    case deed::poke_late:
      if (!events.contains(how.event)) complain(about, "is said to be taken and is in no journal");
      return;
    case deed::ask:
      if (!events.contains(how.event)) complain(about, "is said to be taken and is in no journal");
      if (about.until_accepted) return;
      if (decode<peer_contract::ask_results>(how.results).value != answer_to(about.token)) {
        complain(about, "is answered with another answer");
      }
      if (of && !of->ended_requests.contains(how.event)) {
        complain(about, "is answered and has not ended");
      }
      return;
    case deed::start:
      // Where it has joined another, that answers for it.
      if (of && how.event > of->last.last_event) complain(about, "has begun in no journal");
      if (!of && !with_.model.has_gone(about.whom)) complain(about, "has begun in no journal");
      return;
    case deed::look:
    case deed::look_back: {
      const auto seen = decode<peer_contract::look_results>(how.results);
      if (!seen.wrong.empty()) complain(about, "found " + seen.wrong);
      if (seen.last != 0 && !with_.model.was_taken(about.whom, seen.last)) {
        complain(about, "saw what is not durable");
      }
      return;
    }
    case deed::terminate:
    case deed::cancel:
    case deed::pause:
    case deed::resume:
    case deed::reset:
      if (of && how.event > of->last.last_event) complain(about, "is said to be and is not");
      return;
    default:
      return;
  }
}

void clients::complain(const asked& about, const std::string& what) {
  if (wrong_) return;
  wrong_ = std::string(to_string(about.what)) + " " + to_string(about.whom) + " with the key " +
           about.key + " " + what;
}

timestamp clients::next() const {
  auto first = timestamp::max();
  for (auto& each : all_) first = std::min(first, each.again);
  return first;
}

bool clients::ask_again() {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    auto& each = all_[i];
    if (each.again > with_.time.passed) continue;
    if (each.tries < tries_most) {
      ask(i);
    } else {
      each.again = timestamp::max();
    }
    return true;
  }
  return false;
}

std::optional<std::string> clients::unanswered() const {
  for (auto& each : all_) {
    if (each.done) continue;
    // Whoever asks from outside may wait for the end of a main for ever.
    return std::string(to_string(each.what)) + " " + to_string(each.whom) + " with the key " +
           each.key + " is not answered" + (each.under_way ? "" : ", and nobody asks any more");
  }
  return std::nullopt;
}

}  // namespace perdure::simulation
