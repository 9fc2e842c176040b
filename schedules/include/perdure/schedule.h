#pragma once

/// Schedules: an entity type of its own that starts or calls other entities again and again. A
/// program hosts it like any other, `node.host<perdure::schedule>()`; schedule.capnp says what it
/// is told, and docs/guide/schedules.md how it is used.
///
/// Guarantees:
/// - A run that is due is begun once, however often the node crashes.
/// - When it was due is recorded with the step: a later time zone database changes nothing that has
///   happened.
/// - Between two runs it is a reminder: no memory, no coroutine. While it watches a run it is a
///   suspended handler; its history is cut all the same.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <perdure/entity.h>

#include "schedule.perdure.h"

namespace perdure {

using perdure_schedules::schedule_action;
using perdure_schedules::schedule_backfill;
using perdure_schedules::schedule_call;
using perdure_schedules::schedule_client;
using perdure_schedules::schedule_contract;
using perdure_schedules::schedule_due;
using perdure_schedules::schedule_entity;
using perdure_schedules::schedule_fate;
using perdure_schedules::schedule_interval;
using perdure_schedules::schedule_moment;
using perdure_schedules::schedule_outcome;
using perdure_schedules::schedule_overlap;
using perdure_schedules::schedule_policy;
using perdure_schedules::schedule_run;
using perdure_schedules::schedule_spec;
using perdure_schedules::schedule_start;
using perdure_schedules::schedule_state;
using perdure_schedules::schedule_stub;
using perdure_schedules::schedule_time;
using perdure_schedules::schedule_under_way;
using perdure_schedules::schedule_waiting;

class schedule final : public schedule_entity {
public:
  task<create_results> create(create_params what) override;
  task<change_results> change(change_params what) override;
  task<> remove() override;
  task<> pause(pause_params what) override;
  task<unpause_results> unpause(unpause_params what) override;
  task<trigger_results> trigger(trigger_params what) override;
  task<backfill_results> backfill(backfill_params what) override;

  about_results about() const override;
  upcoming_results upcoming(const upcoming_params& what) const override;

  void fire() override;
  void go_on() override;

private:
  // -- when --
  void require_existing() const;
  void define(const schedule_spec& spec, const schedule_action& action,
              const schedule_policy& policy);
  void look_ahead();
  bool exhausted() const;
  void set_timer();
  std::string next_text() const;
  std::vector<schedule_moment> moments(std::size_t count, std::string& problem) const;

  // -- which of those due are run --
  schedule_fate offer(timestamp nominal, schedule_overlap overlap, bool manual);
  bool may_begin(const schedule_waiting& waiting) const;
  void stop_others(schedule_overlap overlap);
  void begin_waiting();
  void go_on_with_backfills();

  // -- runs --
  void begin(timestamp nominal, bool manual);
  task<> start_and_watch(std::uint32_t number, entity_id target, std::string params,
                         start_options options);
  task<> call_and_wait(std::uint32_t number, entity_id target, std::string method,
                       std::string params);
  task<> watch(std::uint32_t number);
  schedule_under_way* find(std::uint32_t number);
  void end(std::uint32_t number, schedule_outcome outcome, const std::string& detail = {},
           std::string results = {});
  void fail(std::uint32_t number, const error& why, bool refused);
  void note_effort(std::uint32_t events);
};

}  // namespace perdure
