#include "gateway/answers.h"
#include "gateway/handlers.h"
#include "gateway/openapi.h"
#include "gateway/service.h"

namespace perdure::gateway {

namespace {

constexpr const char* index_html = R"(<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Perdure</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:50em;margin:2em auto;padding:0 1em}
code{background:#f3f3f3;padding:.1em .3em}td{padding:.2em 1em .2em 0;vertical-align:top}</style>
<h1>Perdure</h1>
<p>This node serves entities over HTTP and JSON.</p>
<table>
<tr><td><a href="/v1/types">/v1/types</a><td>the types hosted here, with their methods
<tr><td><a href="/v1/entities">/v1/entities</a><td>the entities; <code>?type=&amp;status=&amp;where=&amp;after=&amp;limit=</code>, <code>?count=true</code>
<tr><td><code>/v1/entities/{type}/{id}</code><td>one entity: GET describes it, POST starts its main, DELETE ends it
<tr><td><code>/v1/entities/{type}/{id}/result</code><td>waits for the main's result
<tr><td><code>/v1/entities/{type}/{id}/cancel</code>, <code>pause</code>, <code>resume</code>, <code>reset?event=</code><td>POST: how its life goes on
<tr><td><code>/v1/entities/{type}/{id}/history</code><td>what happened to it; as an event stream, live
<tr><td><code>/v1/entities/{type}/{id}/signals/{name}</code><td>POST a durable message
<tr><td><code>/v1/entities/{type}/{id}/updates/{name}</code><td>POST a durable request, answered with its results
<tr><td><code>/v1/entities/{type}/{id}/queries/{name}</code><td>GET or POST a question
<tr><td><code>/v1/batch</code><td>POST one action for many entities
<tr><td><code>/v1/activities/{queue}/poll</code><td>POST asks for work; <code>/v1/activities/{token}/complete</code>, <code>fail</code>, <code>heartbeat</code> tell of it
<tr><td><a href="/openapi.json">/openapi.json</a><td>all of this for machines
<tr><td><a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a>, <a href="/metrics">/metrics</a><td>for whoever operates it
</table>
</html>
)";

constexpr const char* index_text = R"(Perdure: entities over HTTP and JSON.

GET  /v1/types                                 the types hosted here, with their methods
GET  /v1/entities?type=&status=&where=&count=  the entities
GET  /v1/entities/{type}/{id}                  one entity; DELETE ends it
POST /v1/entities/{type}/{id}                  starts its main
GET  /v1/entities/{type}/{id}/result           waits for the main's result
POST /v1/entities/{type}/{id}/cancel           likewise pause, resume, reset?event=
GET  /v1/entities/{type}/{id}/history          what happened to it; text/event-stream follows live
POST /v1/entities/{type}/{id}/signals/{name}   a durable message
POST /v1/entities/{type}/{id}/updates/{name}   a durable request, answered with its results
GET  /v1/entities/{type}/{id}/queries/{name}   a question; POST takes parameters as a body
POST /v1/batch                                 one action for many entities
POST /v1/activities/{queue}/poll               asks for work; {token}/complete, fail, heartbeat
GET  /openapi.json                             all of this for machines
GET  /healthz /readyz /metrics                 for whoever operates it
)";

}  // namespace

kj::Promise<reply> get_index(service&, const http_request& request) {
  if (!request.accepts("text/html")) return reply::text("text/plain; charset=utf-8", index_text);
  return reply::text("text/html; charset=utf-8", index_html)
      .with("X-Content-Type-Options", "nosniff")
      .with("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
}

kj::Promise<reply> get_types(service& s, const http_request&) {
  return reply::json(types_json(s.engine.types(), *s.activities));
}

kj::Promise<reply> get_openapi(service& s, const http_request&) {
  if (s.openapi.empty()) s.openapi = openapi_json(s.engine.types(), *s.activities);
  return reply::json(s.openapi);
}

kj::Promise<reply> get_health(service&, const http_request&) {
  return reply::json(R"({"status":"alive"})");
}

kj::Promise<reply> get_readiness(service& s, const http_request&) {
  switch (s.state.load()) {
    case readiness::ready:
      return reply::json(R"({"status":"ready"})");
    case readiness::starting:
      return refuse(errc::unavailable, "the node is starting");
    case readiness::draining:
      return refuse(errc::draining, "the node is shutting down");
  }
  return refuse(errc::internal, "the node is in no known state");
}

kj::Promise<reply> get_metrics(service& s, const http_request&) {
  auto families = s.metrics.Collect();
  const bool running = s.state.load() == readiness::ready;
  auto known = std::make_shared<decltype(families)>(std::move(families));
  return read_reply(s, [&engine = s.engine, running, known]() -> result<reply> {
    if (running) std::ranges::move(engine_metrics(engine.stats()), std::back_inserter(*known));
    return reply::text("text/plain; version=0.0.4; charset=utf-8", metrics_text(*known));
  });
}

}  // namespace perdure::gateway
