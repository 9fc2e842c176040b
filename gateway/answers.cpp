#include "gateway/answers.h"

namespace perdure::gateway {

reply with_replay(reply plain, bool replayed) {
  if (replayed) plain.headers.emplace_back("Idempotency-Replayed", "true");
  return plain;
}

reply answer_receipt(const answer& from, unsigned status) {
  std::string json =
      R"({"event":")" + std::to_string(from.event) + R"(","run":)" + std::to_string(from.run) + '}';
  return reply::json(std::move(json), status);
}

reply answer_results(const runtime::hosted_type& type, const method& method, const answer& from) {
  auto json = type.json.encode(method.results, from.results);
  if (!json) return refuse(problem(std::move(json).error()));
  auto answered = reply::json(*std::move(json));
  if (from.event != 0) {
    answered.headers.emplace_back("Perdure-Event", std::to_string(from.event));
    answered.headers.emplace_back("Perdure-Run", std::to_string(from.run));
  }
  return with_replay(std::move(answered), from.replayed);
}

kj::Promise<reply> read_reply(service& s, std::function<result<reply>()> work) {
  return s.read<reply>(std::move(work)).then([](result<reply> outcome) -> reply {
    return outcome ? *std::move(outcome) : refuse(problem(std::move(outcome).error()));
  });
}

kj::Promise<reply> within(service& s, kj::Promise<reply> answered, duration wait, problem late) {
  auto too_late =
      s.timer.afterDelay(wait.count() * kj::MILLISECONDS).then([late = std::move(late)] {
        return refuse(late);
      });
  return answered.exclusiveJoin(kj::mv(too_late));
}

}  // namespace perdure::gateway
