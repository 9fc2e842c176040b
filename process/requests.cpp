// What is asked of an entity: from outside, and by other entities.

#include <algorithm>
#include <utility>

#include "process/entity_process.h"
#include "process/visit.h"

namespace perdure::process {

namespace {

using core::message_kind;

core::message to_message(request& from) {
  core::message made;
  made.method = from.method->ordinal;
  made.params = std::move(from.params);
  made.key = std::move(from.options.key);
  made.delay = from.options.delay;
  made.traceparent = std::move(from.options.traceparent);
  made.start = from.options.start;
  return made;
}

result<answer> to_answer(const core::update_outcome& how, answer begun) {
  if (how.how == core::update_outcome::kind::failed) {
    return error{errc::failed, how.message, how.type};
  }
  begun.results = how.results;
  return begun;
}

/// Returns the method a message of another entity names. Errors: unknown_method.
result<const method*> method_of(const core::outgoing& what, const contract& type) {
  const bool starts = what.kind == message_kind::start || what.kind == message_kind::run;
  const method* found = type.find(what.method);
  if (!what.method_name.empty()) found = type.find(what.method_name);
  if (starts || what.kind == message_kind::result) found = type.main();
  const auto wanted = what.kind == message_kind::update   ? method_kind::update
                      : what.kind == message_kind::query  ? method_kind::query
                      : what.kind == message_kind::signal ? method_kind::signal
                                                          : method_kind::main;
  if (found && found->kind == wanted) return found;
  if (wanted == method_kind::main) {
    return error{errc::unknown_method, '"' + std::string(type.type) + "\" has no main"};
  }
  const auto name = what.method_name.empty() ? "with the number " + std::to_string(what.method)
                                             : what.method_name;
  return error{errc::unknown_method, "\"" + std::string(type.type) + "\" has no " +
                                         std::string(to_string(wanted)) + ' ' + name};
}

/// Puts the results of an untyped call into JSON.
result<answer> in_json(const hosted_type& type, const method& of, result<answer> what) {
  if (!what || what->results.empty()) return what;  // An accepted start has none yet.
  auto text = type.json.encode(of.results, what->results);
  if (!text) return std::move(text).error();
  const auto view = as_bytes_view(*text);
  what->results.assign(view.begin(), view.end());
  return what;
}

bool answers_with_results(message_kind kind) {
  return kind == message_kind::update || kind == message_kind::query || kind == message_kind::run ||
         kind == message_kind::result;
}

}  // namespace

// -- from outside ---------------------------------------------------------------------------------

void entity_process::on(call& what) {
  auto& options = what.what.options;
  const auto kind = what.what.method->kind;
  if (kind == method_kind::query) {
    if (options.at != 0) return act(ask_past{std::move(what.what), std::move(what.done)});
    return answer_query(what.what, std::move(what.done));
  }
  asking who{std::move(what.done), {}};
  if (kind != method_kind::signal && !options.until_accepted) {
    who.until = deadline(options.patience);
  }
  auto message = to_message(what.what);
  catch_up();
  if (kind == method_kind::signal) {
    conclude(machine_->handle_signal(std::move(message), now()), std::move(who), figure::signals);
  } else if (kind == method_kind::update) {
    conclude(machine_->handle_update(std::move(message), now()), std::move(who), figure::updates);
  } else {
    start(std::move(message), std::move(who));
  }
}

/// What was accepted before, and whose time has come, is handled first: signals that came while the
/// entity was paused, before those that came behind its resumption.
void entity_process::catch_up() {
  if (is_empty()) machine_->begin_life(shared_.new_life(owner_.epoch));
  while (stage_ == stage::serving && machine_->has_delayed_due(now())) {
    auto step = machine_->fire(now());
    if (!step) throw failure(std::move(step).error());  // It cannot be handled: parked.
    if (!*step) return;
    act(count{figure::timers_fired});
    submit(std::move(**step), {});
    maybe_continue_as_new();
  }
}

void entity_process::start(core::message what, asking who) {
  std::vector<effect> replaced;
  const bool may_replace =
      what.start.when_running == id_conflict::terminate_existing && !machine_->has_ended();
  if (may_replace) {
    for (auto& [number, each] : machine_->activities()) {
      replaced.push_back(cancel_activity{machine_->life(), number, false});
    }
  }
  auto outcome = machine_->handle_start(std::move(what), now());
  auto* taken = std::get_if<core::accepted>(&outcome);
  const auto* begun = taken ? std::get_if<core::run_continued>(&taken->step.what) : nullptr;
  if (begun && begun->replaces) extras().replaced = std::move(replaced);
  conclude(std::move(outcome), std::move(who), figure::starts);
}

void entity_process::on(await_update& what) {
  auto* seen = is_empty() ? nullptr : machine_->window().find(what.key);
  const bool known = seen && seen->is_update;
  answerer done = to_answerer(std::move(what.done), known ? seen->method : 0);
  if (!known) {
    return say(answer_caller{
        std::move(done), error{errc::entity_not_found,
                               "no update with the id \"" + what.key + "\" is known to " +
                                   to_string(who_) + " (or it has left the idempotency window)"}});
  }
  const core::repeated found{seen->event, seen->run, true, seen->outcome, false};
  answer_repeat(found, {std::move(done), deadline(what.patience)});
}

void entity_process::on(await_result& what) {
  if (is_empty()) return refuse_missing(std::move(what.done));
  auto* main = machine_->main();
  if (!main) {
    return say(answer_caller{
        std::move(what.done),
        error{errc::entity_not_found, to_string(who_) + " was not started: it has no result"}});
  }
  const core::repeated begun{main->started, machine_->where().run, false, main->outcome, true};
  answer_repeat(begun, {std::move(what.done), deadline(what.patience)});
}

void entity_process::on(process::terminate& what) {
  if (is_empty()) return refuse_missing(std::move(what.done));
  conclude(machine_->terminate(std::move(what.reason), {}, now()), {std::move(what.done)});
}

void entity_process::on(process::cancel& what) {
  if (is_empty()) return refuse_missing(std::move(what.done));
  conclude(machine_->cancel(std::move(what.reason), {}, now()), {std::move(what.done)});
}

void entity_process::on(process::pause& what) {
  if (is_empty()) return refuse_missing(std::move(what.done));
  conclude(machine_->pause(std::move(what.reason), now()), {std::move(what.done)});
}

void entity_process::on(process::resume& what) {
  if (parked_) {
    // Perhaps what it was parked for is mended.
    if (extras().resume) {
      return act(answer_caller{std::move(what.done), *parked_});
    }
    extras().resume = std::move(what);
    stage_ = stage::loading;
    return act(load{});
  }
  if (is_empty()) return refuse_missing(std::move(what.done));
  conclude(machine_->resume(now()), {std::move(what.done)});
  catch_up();
}

// -- from other entities --------------------------------------------------------------------------

void entity_process::on(message& what) {
  // Its own, of a life that a reset has ended: it is sent again, and nobody waits for this one.
  if (what.what->sender == who_ && what.what->life != machine_->life()) return;
  auto& sent = what.what->what;
  const auto kind = sent.kind;
  const bool must_exist = kind == message_kind::query || kind == message_kind::result ||
                          kind == message_kind::cancel || kind == message_kind::terminate;
  if (must_exist && is_empty()) return refuse_missing(what.what);
  if (kind == message_kind::cancel) {
    return conclude(machine_->cancel(sent.reason, what.what->origin(), now(), sent.as_child),
                    {what.what});
  }
  if (kind == message_kind::terminate) {
    return conclude(machine_->terminate(sent.reason, what.what->origin(), now(), sent.as_child),
                    {what.what});
  }
  on_request(what.what);
}

void entity_process::on_request(const envelope_ptr& what) {
  auto& sent = what->what;
  const auto method = method_of(sent, type_.contract());
  if (!method) return say(tell(what, method.error(), false));
  core::message made;
  made.method = (*method)->ordinal;
  made.params = sent.params;
  if (!sent.method_name.empty() && sent.kind != message_kind::result) {
    auto params = type_.json.decode((*method)->params, as_text(sent.params));
    if (!params) return say(tell(what, std::move(params).error(), false));
    made.params = std::move(*params);
  }
  if (sent.kind == message_kind::query) {
    request asked;
    asked.target = who_;
    asked.contract = &type_.contract();
    asked.method = *method;
    asked.params = std::move(made.params);
    return answer_query(asked, what);
  }
  made.from = what->origin();
  made.traceparent = sent.traceparent;
  made.start = sent.start;
  made.as_child = sent.as_child;
  made.adopts = sent.adopts;
  catch_up();
  const bool by_its_end = answers_with_results(sent.kind);
  asking who{what, by_its_end ? std::optional(timestamp::max()) : std::nullopt};
  switch (sent.kind) {
    case message_kind::signal:
      return conclude(machine_->handle_signal(std::move(made), now()), std::move(who),
                      figure::signals);
    case message_kind::update:
      return conclude(machine_->handle_update(std::move(made), now()), std::move(who),
                      figure::updates);
    case message_kind::result:
      return conclude(machine_->handle_result(what->origin(), now()), std::move(who));
    default:
      return start(std::move(made), std::move(who));
  }
}

// -- answers --------------------------------------------------------------------------------------

void entity_process::answer_query(const request& what, asker who) {
  if (is_empty()) return refuse_missing(std::move(who));
  auto found = machine_->query(what.method->ordinal, what.params, now());
  if (!found) return say(reply_to(std::move(who), std::move(found).error(), false));
  act(count{figure::queries});
  const answer answered{0, machine_->where().run, false, std::move(*found)};
  say(reply_to(std::move(who), answered, false));
}

void entity_process::refuse_missing(asker who) {
  say(reply_to(std::move(who), error{errc::entity_not_found, to_string(who_) + " does not exist"},
               false));
}

timestamp entity_process::deadline(duration patience) const {
  return patience == forever ? timestamp::max() : later(now(), patience);
}

/// `of_acceptance`: an answer may follow.
reply entity_process::reply_to(asker who, result<answer> what, bool of_acceptance) {
  if (auto* about = std::get_if<envelope_ptr>(&who)) {
    return tell(*about, std::move(what), of_acceptance);
  }
  return answer_caller{std::move(std::get<answerer>(who)), std::move(what)};
}

told entity_process::tell(const envelope_ptr& about, result<answer> what,
                          bool of_acceptance) const {
  auto& sent = about->what;
  if (!what) {
    if (may_pass(what.error().code)) {
      return {about, verdict::not_now, {{}, std::move(what).error()}};
    }
    if (is_so_already(sent.kind, what.error())) return {about, verdict::taken, {}};
    return {about, verdict::answered, {{}, std::move(what).error()}};
  }
  if (ends_when_taken(sent.kind) || (of_acceptance && answers_with_results(sent.kind))) {
    return {about, verdict::taken, {}};
  }
  if (!sent.method_name.empty() && answers_with_results(sent.kind)) {
    const auto method = method_of(sent, type_.contract());
    if (method) what = in_json(type_, **method, std::move(what));
    if (!what) return {about, verdict::answered, {{}, std::move(what).error()}};
  }
  return {about, verdict::answered, {std::move(what->results), std::nullopt}};
}

/// What came of handing a message to the machine.
void entity_process::conclude(core::outcome outcome, asking who, std::optional<figure> counted) {
  if (auto* refusal = std::get_if<core::refused>(&outcome)) {
    act(count{figure::refused});
    // What the refusal rests on may not be durable yet.
    say(reply_to(std::move(who.who), std::move(refusal->why), false));
    if (refusal->state_lost) go_back();
    return;
  }
  if (auto* seen = std::get_if<core::repeated>(&outcome)) {
    act(count{figure::replayed});
    if (!seen->is_update && !seen->is_start) who.until.reset();
    return answer_repeat(*seen, std::move(who));
  }
  auto& step = std::get<core::accepted>(outcome).step;
  const auto event = machine_->answered_by_end_of(step);
  const bool joins = event != step.event;
  if (counted && !joins) act(count{*counted});
  std::vector<reply> replies;
  const answer begun{event, step.run, joins, {}};
  if (who.until) {
    if (auto* about = std::get_if<envelope_ptr>(&who.who)) {
      replies.push_back(tell(*about, begun, true));
    }
    wait_for_end(event, {std::move(who.who), joins, *who.until, step.event, step.event});
    if (joins && machine_->main() && machine_->main()->outcome) {
      answer_waiting(event, *machine_->main()->outcome, step.run, replies);
    }
  } else {
    replies.push_back(reply_to(std::move(who.who), begun, true));
  }
  submit(std::move(step), std::move(replies));
  maybe_continue_as_new();
}

void entity_process::answer_repeat(const core::repeated& seen, asking who) {
  const answer first{seen.event, seen.run, true, {}};
  if (!who.until) return say(reply_to(std::move(who.who), first, true));
  if (seen.outcome) {
    return say(reply_to(std::move(who.who), to_answer(*seen.outcome, first), false));
  }
  if (auto* about = std::get_if<envelope_ptr>(&who.who)) say(tell(*about, first, true));
  drop_impatient();
  // That it has not ended may rest on steps under way: a reset, the joining of a main.
  const auto rests_on = gate_.is_open() ? seen.event : gate_.last_submitted();
  wait_for_end(seen.event, {std::move(who.who), true, *who.until, seen.event, rests_on});
}

void entity_process::wait_for_end(event_number of, waiter who) {
  auto& waiting = extras().waiting;
  if (auto* about = std::get_if<envelope_ptr>(&who.who)) {
    // A sender that asks again has forgotten that it asked before.
    for (auto [each, end] = waiting.equal_range(of); each != end; ++each) {
      auto* other = std::get_if<envelope_ptr>(&each->second.who);
      if (!other || (*other)->sender != (*about)->sender ||
          (*other)->what.number != (*about)->what.number) {
        continue;
      }
      each->second = std::move(who);
      return;
    }
  }
  waiting.emplace(of, std::move(who));
}

/// Answers now, or behind what is not durable yet.
void entity_process::say(reply what) {
  if (gate_.is_open()) {
    return std::visit([&](auto& each) { act(std::move(each)); }, what);
  }
  behind after;
  after.needs = gate_.last_submitted();
  after.replies.push_back(std::move(what));
  act(std::move(after));
}

void entity_process::drop_impatient() {
  if (!extras_) return;
  auto& waiting = extras_->waiting;
  for (auto each = waiting.begin(); each != waiting.end();) {
    if (each->second.until >= now()) {
      ++each;
      continue;
    }
    // Other entities are patient.
    act(answer_caller{std::move(std::get<answerer>(each->second.who)),
                      error{errc::timeout, "the update has not ended yet: it goes on, ask again"}});
    each = waiting.erase(each);
  }
}

void entity_process::answer_waiting(event_number begun, const core::update_outcome& how,
                                    run_number run, std::vector<reply>& replies) {
  auto& waiting = extras_->waiting;
  auto [from, to] = waiting.equal_range(begun);
  for (; from != to; from = waiting.erase(from)) {
    auto& each = from->second;
    replies.push_back(
        reply_to(std::move(each.who), to_answer(how, {begun, run, each.repeat, {}}), false));
  }
}

}  // namespace perdure::process
