#include "gateway/answers.h"
#include "gateway/handlers.h"
#include "gateway/history_stream.h"
#include "gateway/history_view.h"
#include "gateway/json_text.h"
#include "gateway/service.h"
#include "gateway/target.h"

namespace perdure::gateway {

namespace {

constexpr std::size_t page_default = 100;
constexpr std::size_t page_max = 1'000;

result<history_range> parse_range(const service& s, const http_request& request) {
  history_range range;
  auto from = request.number("from", 1, 1);
  if (!from) return std::move(from).error();
  auto limit = request.number("limit", page_default, 1, page_max);
  if (!limit) return std::move(limit).error();
  auto run = request.number("run", 0, 1, UINT32_MAX);
  if (!run) return std::move(run).error();
  range.from = *from;
  range.events_max = *limit;
  range.bytes_max = s.options.page_bytes_max;
  if (*run != 0) range.run = static_cast<run_number>(*run);
  return range;
}

std::string page_json(const entity_id& entity, const shown_history& page) {
  json_writer json;
  json.begin_object().text("type", entity.type).text("id", entity.id);
  json.key("events").begin_array();
  for (auto& event : page.events) json.raw(event.json);
  json.end_array();
  if (page.next) json.wide("next", *page.next);
  json.end_object();
  return json.take();
}

/// Where a stream begins: after what the client has seen, or where it says.
result<event_number> stream_start(const http_request& request, event_number from) {
  if (!request.last_event_id) return from;
  const auto seen = parse_unsigned(*request.last_event_id);
  if (!seen || *seen == UINT64_MAX) {
    return error{errc::malformed, "Last-Event-ID: expected an event's number, got \"" +
                                      *request.last_event_id + '"'};
  }
  return *seen + 1;
}

}  // namespace

kj::Promise<reply> get_history(service& s, const http_request& request) {
  auto target = find_entity(s.engine, request);
  if (!target) return refuse(problem(std::move(target).error()));
  auto range = parse_range(s, request);
  if (!range) return refuse(problem(std::move(range).error()));
  if (request.accepts("text/event-stream")) {
    for (auto name : {"limit", "run"}) {
      if (request.parameter(name) == nullptr) continue;
      return refuse(errc::malformed, std::string(name) + ": not for an event stream; it goes on");
    }
    auto start = stream_start(request, range->from);
    if (!start) return refuse(problem(std::move(start).error()));
    return stream_history(s, *std::move(target), *start);
  }
  return read_reply(s, [&s, target = *std::move(target), range = *range]() -> result<reply> {
    auto page = history_view(s.engine, *target.type, *s.activities, target.id).read(range);
    if (!page) return std::move(page).error();
    return reply::json(page_json(target.id, *page));
  });
}

}  // namespace perdure::gateway
