#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "gateway/answers.h"
#include "gateway/body_fields.h"
#include "gateway/entity_list.h"
#include "gateway/handlers.h"
#include "gateway/json_text.h"
#include "gateway/service.h"
#include "gateway/target.h"
#include "gateway/uuid.h"

namespace perdure::gateway {

namespace {

constexpr std::size_t entities_max = 10'000;
constexpr std::size_t at_once = 64;
constexpr std::size_t failures_shown = 100;
constexpr std::string_view key_prefix = "batch/";  // Apart from the keys of single messages.
constexpr std::size_t key_bytes_max = 255 - key_prefix.size();

/// What is done to one entity of a batch.
using action = std::function<void(const entity_id&, completion)>;

struct batch {
  entity_choice choice;
  action act = {};
  bool ends = false;  ///< An entity that has ended already is as it shall be.
};

/// One action on many entities, so many at once. Lives on the event loop.
class batch_run {
public:
  batch_run(service& s, batch what) : service_(s), what_(std::move(what)) {}

  kj::Promise<reply> run(std::vector<entity_id> entities, bool more) {
    entities_ = std::move(entities);
    auto lanes = kj::heapArrayBuilder<kj::Promise<void>>(at_once);
    for (std::size_t i = 0; i < at_once; ++i) lanes.add(go_on());
    return kj::joinPromises(lanes.finish()).then([this, more] { return answer(more); });
  }

private:
  kj::Promise<void> go_on() {
    if (next_ == entities_.size()) return kj::READY_NOW;
    const auto& entity = entities_[next_++];
    auto acted = service_.loop->call<result<perdure::answer>>(
        [&](completion done) { what_.act(entity, std::move(done)); });
    return acted.then([this, &entity](result<perdure::answer> outcome) {
      note(entity, outcome);
      return go_on();
    });
  }

  void note(const entity_id& entity, const result<perdure::answer>& outcome) {
    if (outcome || (what_.ends && outcome.error().code == errc::completed)) {
      ++done_;
    } else if (failed_.size() < failures_shown) {
      failed_.emplace_back(entity, outcome.error());
    }
  }

  reply answer(bool more) const {
    json_writer json;
    json.begin_object().wide("matched", entities_.size()).wide("done", done_);
    if (more) json.text("next", to_string(entities_.back()));
    json.key("failed").begin_array();
    for (auto& [entity, why] : failed_) {
      json.begin_object().text("type", entity.type).text("id", entity.id);
      json.text("code", to_string(why.code)).text("detail", why.detail).end_object();
    }
    return reply::json(json.end_array().end_object().take());
  }

  service& service_;
  const batch what_;
  std::vector<entity_id> entities_;
  std::size_t next_ = 0;
  std::uint64_t done_ = 0;
  std::vector<std::pair<entity_id, error>> failed_;
};

/// Returns a text member that must be there.
result<std::string> required(const body_fields& fields, std::string_view name,
                             const std::string& expected) {
  if (fields.has(name)) return fields.text(name);
  return error{errc::malformed, std::string(name) + ": expected " + expected};
}

/// A signal to each entity, under a key that counts once in each.
result<action> parse_signal(service& s, const http_request& request, const body_fields& fields,
                            const std::string& type) {
  auto name = required(fields, "signal", "the name of a signal");
  if (!name) return std::move(name).error();
  const auto key = request.idempotency_key.value_or(make_uuid());
  if (key.size() > key_bytes_max) {
    return error{errc::malformed, "Idempotency-Key: expected at most " +
                                      std::to_string(key_bytes_max) + " bytes for a batch"};
  }
  auto hosted = find_type(s.engine, type);
  if (!hosted) return std::move(hosted).error();
  auto& contract = (*hosted)->contract();
  auto method = find_method(contract, method_kind::signal, *name);
  if (!method) return std::move(method).error();
  auto params = (*hosted)->json.decode((*method)->params, fields.json("params"));
  if (!params) return error{errc::malformed, "params: " + params.error().detail};
  perdure::request what;
  what.contract = &contract;
  what.method = *method;
  what.params = *std::move(params);
  what.options.key = std::string(key_prefix) + key;
  what.options.traceparent = request.traceparent;
  return action([&engine = s.engine, what](const entity_id& entity, completion done) {
    auto one = what;
    one.target = entity;
    engine.call(std::move(one), std::move(done));
  });
}

result<batch> parse_action(service& s, const http_request& request, const body_fields& fields,
                           batch what) {
  auto name = required(fields, "action", "signal, cancel, terminate, pause or resume");
  if (!name) return std::move(name).error();
  auto reason = fields.text("reason", reason_bytes_max);
  if (!reason) return std::move(reason).error();
  auto& engine = s.engine;
  if (*name == "signal") {
    auto signal = parse_signal(s, request, fields, what.choice.filter.type);
    if (!signal) return std::move(signal).error();
    what.act = *std::move(signal);
    return what;
  }
  for (auto member : {"signal", "params"}) {
    if (fields.has(member)) {
      return error{errc::malformed, std::string(member) + ": only for the action signal"};
    }
  }
  using id = const entity_id&;
  what.ends = *name == "cancel" || *name == "terminate";
  if (*name == "cancel") {
    what.act = [&engine, reason = *reason](id one, completion done) {
      engine.cancel(one, reason, std::move(done));
    };
  } else if (*name == "terminate") {
    what.act = [&engine, reason = *reason](id one, completion done) {
      engine.terminate(one, reason, std::move(done));
    };
  } else if (*name == "pause") {
    what.act = [&engine, reason = *reason](id one, completion done) {
      engine.pause(one, reason, std::move(done));
    };
  } else if (*name == "resume") {
    what.act = [&engine](id one, completion done) { engine.resume(one, std::move(done)); };
  } else {
    return error{
        errc::malformed,
        "action: expected signal, cancel, terminate, pause or resume, got \"" + *name + '"'};
  }
  return what;
}

result<batch> parse_batch(service& s, const http_request& request) {
  auto fields = body_fields::parse(request.body, {"type", "status", "where", "after", "action",
                                                  "signal", "params", "reason", "limit"});
  if (!fields) return std::move(fields).error();
  auto type = required(*fields, "type", "an entity type");
  if (!type) return std::move(type).error();
  auto status = fields->text("status");
  if (!status) return std::move(status).error();
  auto where = fields->text("where");
  if (!where) return std::move(where).error();
  auto after = fields->text("after");
  if (!after) return std::move(after).error();
  auto choice = parse_choice(s.engine, {.type = &*type,
                                        .status = fields->has("status") ? &*status : nullptr,
                                        .where = fields->has("where") ? &*where : nullptr,
                                        .after = fields->has("after") ? &*after : nullptr});
  if (!choice) return std::move(choice).error();
  auto limit = fields->number("limit", entities_max, 1, entities_max);
  if (!limit) return std::move(limit).error();
  choice->not_ended = !fields->has("status");
  choice->filter.limit = *limit;
  return parse_action(s, request, *fields, {.choice = *std::move(choice)});
}

}  // namespace

kj::Promise<reply> post_batch(service& s, const http_request& request) {
  auto what = parse_batch(s, request);
  if (!what) return refuse(problem(std::move(what).error()));
  using found_entities = std::vector<persistence::listed_entity>;
  const auto limit = what->choice.filter.limit++;  // One more tells whether there are more.
  auto find = [&engine = s.engine, choice = what->choice]() -> result<found_entities> {
    return find_entities(engine, choice);
  };
  auto run = kj::heap<batch_run>(s, *std::move(what));
  auto& running = *run;
  return s.read<found_entities>(std::move(find))
      .then([&running, limit](result<found_entities> found) -> kj::Promise<reply> {
        if (!found) return refuse(problem(std::move(found).error()));
        std::vector<entity_id> entities;
        for (auto& each : *found) entities.push_back(std::move(each.entity));
        const bool more = entities.size() > limit;
        if (more) entities.resize(limit);
        return running.run(std::move(entities), more);
      })
      .attach(kj::mv(run));
}

}  // namespace perdure::gateway
