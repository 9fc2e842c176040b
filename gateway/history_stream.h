#pragma once

/// A history that is followed live, as server-sent events: what there is, then each event as it
/// becomes durable. The events' ids are their numbers, so a client that comes back with
/// Last-Event-ID goes on where it was. A comment is sent when nothing happens for a while; the
/// stream ends when the entity has ended or the server drains.

#include "gateway/service.h"
#include "gateway/target.h"

namespace perdure::gateway {

/// Returns the stream from event `from` on. It is 404 when there is no such entity, and 204 (which
/// stops an EventSource from coming back) when the entity has ended and nothing is left to tell.
kj::Promise<reply> stream_history(service& s, target_entity target, event_number from);

}  // namespace perdure::gateway
