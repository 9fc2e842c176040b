#include "runtime/outlet.h"

#include <exception>
#include <utility>

#include <spdlog/spdlog.h>

namespace perdure::runtime {

namespace {

constexpr duration told_again_after = 1s;

template <class... Handlers>
struct overloaded : Handlers... {
  using Handlers::operator()...;
};

/// What a callback throws is nobody's: its caller has been answered.
template <class Call>
void guarded(Call call) {
  try {
    call();
  } catch (const std::exception& why) {
    spdlog::error("a callback threw: {}", why.what());
  } catch (...) {
    spdlog::error("a callback threw what is no std::exception");
  }
}

}  // namespace

void outlet::say(process::reply what) const {
  std::visit(
      overloaded{[](process::answer_caller& to) { guarded([&] { to.done(std::move(to.what)); }); },
                 [](process::report_to& to) { guarded([&] { to.done(to.why); }); },
                 [&](process::told& to) { messages_.tell(std::move(to)); }},
      what);
}

void outlet::take_back(process::reply what, const error& why) const {
  std::visit(overloaded{[&](process::answer_caller& to) { guarded([&] { to.done(why); }); },
                        [&](process::report_to& to) { guarded([&] { to.done(why); }); },
                        [&](process::told& to) {
                          messages_.tell(process::told{
                              std::move(to.about), process::verdict::not_now, {{}, why}});
                        }},
             what);
}

void outlet::perform(const entity_id& of, process::effect what) const {
  std::visit(overloaded{[&](process::send& each) { messages_.send(std::move(each.what)); },
                        [&](process::schedule_activity& each) {
                          activities_.schedule(of, each.life, std::move(each.what));
                        },
                        [&](process::schedule_reloaded& each) {
                          activities_.schedule_reloaded(of, each.life, each.what);
                        },
                        [&](process::cancel_activity& each) {
                          if (each.waits)
                            activities_.request_cancel(of, each.life, each.activity);
                          else
                            activities_.cancel(of, each.life, each.activity);
                        },
                        [&](process::activity_recorded& each) {
                          activities_.recorded(of, each.life, each.activity);
                        },
                        [&](process::activity_unwanted& each) {
                          activities_.refused(of, each.life, each.activity, std::move(each.why));
                        },
                        [&](process::activity_not_now& each) {
                          activities_.tell_again(of, each.life, each.activity, told_again_after);
                        },
                        [&](process::tell_entity& each) {
                          messages_.tell(std::move(each.to), std::move(each.what));
                        }},
             what);
}

void outlet::refuse(const entity_id& target, process::delivery& what, const error& why) const {
  process::actions said;
  process::refuse(what, why, said);
  for (auto& each : said) {
    std::visit(overloaded{[&](process::answer_caller& to) { say(std::move(to)); },
                          [&](process::told& to) { say(std::move(to)); },
                          [&](process::report_to& to) { say(std::move(to)); },
                          [&](process::activity_not_now& to) { perform(target, std::move(to)); },
                          [&](process::answer_description& to) { to.done(why); }, [](auto&) {}},
               each);
  }
}

}  // namespace perdure::runtime
