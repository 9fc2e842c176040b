#pragma once

/// The handlers, by resource. Each takes a request that its endpoint matched.

#include <perdure/capnp_compat.h>

#include <kj/async.h>

#include "gateway/reply.h"
#include "gateway/request.h"

namespace perdure::gateway {

struct service;

// -- messages.cpp: what is sent to an entity -----------------------------------------------------

kj::Promise<reply> post_signal(service& s, const http_request& request);
kj::Promise<reply> post_update(service& s, const http_request& request);
kj::Promise<reply> get_update(service& s, const http_request& request);
kj::Promise<reply> get_query(service& s, const http_request& request);
kj::Promise<reply> post_query(service& s, const http_request& request);

// -- lifecycle.cpp: how the life of an entity goes ------------------------------------------------

kj::Promise<reply> post_start(service& s, const http_request& request);
kj::Promise<reply> get_result(service& s, const http_request& request);
kj::Promise<reply> post_cancel(service& s, const http_request& request);
kj::Promise<reply> post_pause(service& s, const http_request& request);
kj::Promise<reply> post_resume(service& s, const http_request& request);
kj::Promise<reply> post_reset(service& s, const http_request& request);
kj::Promise<reply> delete_entity(service& s, const http_request& request);

// -- entities.cpp: what is known of entities -----------------------------------------------------

kj::Promise<reply> get_entity(service& s, const http_request& request);
kj::Promise<reply> get_entities(service& s, const http_request& request);

// -- activities.cpp: workers outside
// ---------------------------------------------------------------

kj::Promise<reply> post_poll(service& s, const http_request& request);
kj::Promise<reply> post_complete(service& s, const http_request& request);
kj::Promise<reply> post_fail(service& s, const http_request& request);
kj::Promise<reply> post_heartbeat(service& s, const http_request& request);

// -- batch.cpp -----------------------------------------------------------------------------------

kj::Promise<reply> post_batch(service& s, const http_request& request);

// -- operations.cpp ------------------------------------------------------------------------------

kj::Promise<reply> post_backup(service& s, const http_request& request);

// -- history.cpp ---------------------------------------------------------------------------------

/// A page, or, when the client accepts text/event-stream, the events as they come.
kj::Promise<reply> get_history(service& s, const http_request& request);

// -- documents.cpp: what is known of the node ----------------------------------------------------

kj::Promise<reply> get_index(service& s, const http_request& request);
kj::Promise<reply> get_types(service& s, const http_request& request);
kj::Promise<reply> get_openapi(service& s, const http_request& request);
kj::Promise<reply> get_health(service& s, const http_request& request);
kj::Promise<reply> get_readiness(service& s, const http_request& request);
kj::Promise<reply> get_metrics(service& s, const http_request& request);

}  // namespace perdure::gateway
