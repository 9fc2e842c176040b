// Messages between entities of a test's world, on their way.

#include "entities/bounds.h"
#include "testing/world.h"

namespace perdure::testing {

/// A process lets a message go.
void world::perform(live& of, process::send& what) {
  const auto number = what.what->what.number;
  auto& known = of.letters[number];
  if (!known.what || known.what->life != what.what->life) {
    known = {};
    known.when = of.place_of(number);
  }
  known.what = std::move(what.what);
  if (known.how != letter::state::refused) {
    known.how = letter::state::to_send;
    return;
  }
  // A crash has cost the sender what it knew of refusals: it hears of them again, and the message
  // leaves at the time at which it would have left.
  const process::told again{known.what, process::verdict::not_now, {{}, known.last_refusal}};
  for (auto times = std::exchange(known.refusals, 0); times > 0; --times) hand_over(of.id, again);
}

/// The message reaches its receiver, or its time to be sent again has come.
void world::send(live& sender, event_number number) {
  auto& known = sender.letters.at(number);
  if (known.how == letter::state::refused) {
    known.how = letter::state::to_send;
    deliver(sender, process::send_again{number, known.what->life});
    return;
  }
  known.how = letter::state::sent;
  const auto what = known.what;
  auto& target = what->what.target;
  // For good: nobody can ever have such a name.
  if (auto why = core::check(target, {})) {
    return reply(sender, {what, process::verdict::answered, {{}, std::move(why)}}, {});
  }
  if (!types_.contains(target.type)) {
    const error why{errc::unknown_type, "no entities of type \"" + target.type + "\" here"};
    deliver(sender, process::told{what, process::verdict::not_now, {{}, why}});
    return;
  }
  deliver(get(target), process::message{what});
}

/// `of` tells the sender of a message what has become of it.
void world::perform(live& of, process::told& what) {
  auto* sender = find(what.about->sender);
  if (!sender) return;
  if (what.how != process::verdict::answered) return hand_over(sender->id, std::move(what));
  const auto when = place_of_answer(of, *what.about);
  reply(*sender, std::move(what), when);
}

/// The sender will be told the answer to its message. What follows from no step (nothing in `when`)
/// comes where the message did.
void world::reply(live& sender, process::told what, std::optional<place> when) {
  const auto number = what.about->what.number;
  const auto sent = sender.letters.find(number);
  if (!when) when = sent == sender.letters.end() ? place{now_, steps_} : sent->second.when;
  sender.replies.insert_or_assign(number, reply_on_its_way{*when, std::move(what)});
  touch(sender);
}

/// Returns the place of the step from which the answer follows: nothing if there was none.
std::optional<place> world::place_of_answer(const live& of, const process::envelope& to) {
  const auto found = of.took.find({to.sender, to.life, to.what.number});
  if (found == of.took.end()) return std::nullopt;
  auto& [when, begun] = found->second;
  if (to.what.kind == core::message_kind::start) return when;
  const auto end = of.ended.find(begun);
  return end == of.ended.end() ? when : std::max(when, end->second.when);
}

/// The sender is told the answer to its message.
void world::tell(live& sender, event_number number) {
  auto reply = sender.replies.extract(number);
  deliver(sender, std::move(reply.mapped().what));
}

/// Notes what the sender of a message hears of it.
void world::heard(live& sender, const process::told& what) {
  auto found = sender.letters.find(what.about->what.number);
  if (found == sender.letters.end() || found->second.what->life != what.about->life) return;
  auto& known = found->second;
  auto& why = what.outcome.why;
  if (what.how == process::verdict::not_now) {
    known.how = letter::state::refused;
    ++known.refusals;
    known.last_refusal = *why;
  }
  const bool for_good = what.how == process::verdict::answered && why;
  const bool is_signal = known.what->what.kind == core::message_kind::signal;
  const bool unhosted = why && why->code == errc::unknown_type;
  if (!(for_good && is_signal) && !unhosted) return;
  if (std::exchange(known.reported, true)) return;
  auto& about = what.about->what;
  undelivered_.push_back(to_string(sender.id) + ": message " +
                         std::string(core::kind_name(about.kind)) + " to " +
                         to_string(about.target) + " (event " + std::to_string(about.number) +
                         ") was not taken: " + why->detail);
}

}  // namespace perdure::testing
