#include "gateway/answers.h"
#include "gateway/body_fields.h"
#include "gateway/handlers.h"
#include "gateway/json_text.h"
#include "gateway/service.h"

namespace perdure::gateway {

/// The copy is made by a thread of its own: it takes as long as the disk does, and reads must not
/// wait for it. A client that goes away does not end it.
kj::Promise<reply> post_backup(service& s, const http_request& request) {
  auto fields = body_fields::parse(request.body, {"target"});
  if (!fields) return refuse(problem(std::move(fields).error()));
  auto target = fields->text("target", 4'000);
  if (!target) return refuse(problem(std::move(target).error()));
  if (!target->starts_with('/') || target->find('\0') != std::string::npos) {
    return refuse(errc::malformed,
                  "target: expected the absolute path of a directory on the node's machine that "
                  "does not exist yet");
  }
  if (!s.copier) s.copier = std::make_unique<worker>();
  auto copied = s.loop->call<result<nothing>>([&](std::function<void(result<nothing>)> done) {
    s.copier->post([&engine = s.engine, path = *target, done = std::move(done)] {
      done(engine.store().backup(path));
    });
  });
  return copied.then([target = *target](result<nothing> outcome) -> reply {
    if (!outcome) return refuse(problem(std::move(outcome).error()));
    json_writer json;
    return reply::json(json.begin_object().text("target", target).end_object().take());
  });
}

}  // namespace perdure::gateway
