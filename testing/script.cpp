#include "testing/script.h"

#include <stdexcept>
#include <utility>

namespace perdure {

namespace {

testing::behaviour failing(std::string type, std::string message, bool retryable) {
  if (message.empty()) message = type.empty() ? "failed as scripted" : type;
  testing::behaviour made;
  made.what = testing::behaviour::kind::fails;
  made.failure = {std::move(type), std::move(message), retryable};
  return made;
}

testing::behaviour& last_of(testing::script& of) {
  if (of.behaviours.empty()) of.behaviours.emplace_back().results = empty_payload();
  return of.behaviours.back();
}

std::string attempts_text(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " attempt" : " attempts");
}

}  // namespace

namespace testing {

std::optional<behaviour> script::next() {
  if (behaviours.empty()) return std::nullopt;
  auto& first = behaviours.front();
  auto made = first;
  if (behaviours.size() > 1 && --first.attempts == 0) behaviours.pop_front();
  return made;
}

std::string script::problem() const {
  if (times) {
    if (calls.size() == *times) return {};
    return name() + ": expected " + attempts_text(*times) + ", there were " +
           std::to_string(calls.size());
  }
  if (any_number || calls.size() == looked_at) return {};
  std::string of_whom;
  for (auto i = looked_at; i < calls.size() && i < looked_at + 3; ++i) {
    of_whom += (of_whom.empty() ? "" : ", ") + to_string(calls[i].entity);
  }
  return name() + ": nobody looked at " + attempts_text(calls.size() - looked_at) + " (for " +
         of_whom + (calls.size() > looked_at + 3 ? ", ..." : "") +
         "); ask called(), calls() or attempts(), or say times(n) or any_number()";
}

}  // namespace testing

activity_script& activity_script::returns() {
  return add_results(empty_payload(), of_->which->results);
}

activity_script& activity_script::fails(std::string type, std::string message) {
  return fails_times(1, std::move(type), std::move(message));
}

activity_script& activity_script::fails_times(std::size_t times, std::string type,
                                              std::string message) {
  auto& made = of_->behaviours.emplace_back(failing(std::move(type), std::move(message), true));
  made.attempts = times;
  return *this;
}

activity_script& activity_script::fails_for_good(std::string type, std::string message) {
  of_->behaviours.push_back(failing(std::move(type), std::move(message), false));
  return *this;
}

activity_script& activity_script::hangs() {
  of_->behaviours.emplace_back().what = testing::behaviour::kind::hangs;
  return *this;
}

activity_script& activity_script::completes_later() {
  of_->behaviours.emplace_back().what = testing::behaviour::kind::completes_later;
  return *this;
}

activity_script& activity_script::add_results(bytes results, std::uint64_t schema) {
  if (schema != of_->which->results) {
    throw std::invalid_argument(of_->name() + " returns another struct (" +
                                std::string(of_->which->source) + ")");
  }
  of_->behaviours.emplace_back().results = std::move(results);
  return *this;
}

activity_script& activity_script::add_answer(
    std::function<bytes(bytes_view, activity_context&)> answer) {
  auto& made = of_->behaviours.emplace_back();
  made.what = testing::behaviour::kind::answers;
  made.answer = std::move(answer);
  return *this;
}

activity_script& activity_script::takes(duration time) {
  last_of(*of_).time = time;
  return *this;
}

activity_script& activity_script::ignores_cancellation() {
  last_of(*of_).ignores_cancellation = true;
  return *this;
}

activity_script& activity_script::any_number() {
  of_->any_number = true;
  return *this;
}

activity_script& activity_script::times(std::size_t attempts) {
  of_->times = attempts;
  return *this;
}

std::size_t activity_script::called() const {
  of_->looked_at = of_->calls.size();
  return of_->calls.size();
}

std::vector<activity_call> activity_script::attempts() const {
  of_->looked_at = of_->calls.size();
  return of_->calls;
}

std::vector<std::string> activity_script::waiting() const { return of_->waiting(); }

result<nothing> activity_script::complete_with(bytes results) {
  auto tokens = of_->waiting();
  if (tokens.empty()) return error{errc::completed, "no attempt of " + of_->name() + " waits"};
  return of_->complete(tokens.front(), std::move(results));
}

result<nothing> activity_script::fail(std::string type, std::string message) {
  auto tokens = of_->waiting();
  if (tokens.empty()) return error{errc::completed, "no attempt of " + of_->name() + " waits"};
  return of_->fail(tokens.front(), failing(std::move(type), std::move(message), true).failure);
}

}  // namespace perdure
