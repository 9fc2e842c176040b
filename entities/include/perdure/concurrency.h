#pragma once

/// Several things at once within one handler, without threads: tasks run beside each other from
/// await to await, and none outlives whoever waits for it.
///
/// Guarantees:
/// - `all`, `any`, `race`, `within`, `for_each` and `finally` return when everything they started
/// has ended.
///   What is not wanted any more is cancelled first.
/// - The order in which tasks are resumed follows from the entity's history alone.
///
/// What is run can be a task, a call, a wait, or a lambda that returns one of these.

#include <perdure/cancellation.h>
#include <perdure/combine.h>
#include <perdure/group.h>
#include <perdure/saga.h>
