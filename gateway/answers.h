#pragma once

/// Replies that several resources give: receipts, results, and those to whoever waited in vain.

#include <functional>
#include <string>

#include <perdure/capnp_compat.h>

#include <kj/async.h>

#include "gateway/reply.h"
#include "gateway/service.h"

namespace perdure::gateway {

/// How long a request waits that does not say so, and at most.
inline constexpr duration wait_default{30'000};
inline constexpr duration wait_max{600'000};
/// Of signals and starts.
inline constexpr duration delay_max = std::chrono::hours(24 * 365 * 10);

/// Adds `Idempotency-Replayed` where the answer is an earlier request's.
reply with_replay(reply plain, bool replayed);

/// Answers `{"event":"17","run":1}`.
reply answer_receipt(const answer& from, unsigned status);

/// Answers the results of a method, with its event and run as headers.
reply answer_results(const runtime::hosted_type& type, const method& method, const answer& from);

/// Answers what `work` returns on the reading thread.
kj::Promise<reply> read_reply(service& s, std::function<result<reply>()> work);

/// Answers `late` when `answered` has not come after `wait`.
kj::Promise<reply> within(service& s, kj::Promise<reply> answered, duration wait, problem late);

}  // namespace perdure::gateway
