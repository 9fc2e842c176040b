#pragma once

/// An attempt on a thread of this process, as the activity sees it. Lives on that thread's stack.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include <perdure/activities.h>

#include "runtime/activities/job.h"

namespace perdure::runtime {

class activity_desk;

class local_attempt final : public activity_context {
public:
  /// `details`: of the attempt before. REQUIRES: the desk outlives it.
  local_attempt(activity_desk& desk, std::shared_ptr<job> of, std::uint32_t number, bytes details)
      : desk_(desk), job_(std::move(of)), number_(number), details_(std::move(details)) {}

  const entity_id& entity() const override { return job_->entity; }
  std::uint32_t attempt() const override { return number_; }
  std::string key() const override;
  timestamp deadline() const override { return deadline_; }
  std::string traceparent() const override { return job_->what.traceparent; }
  void heartbeat(bytes_view details) override;
  bytes heartbeat_details() const override { return details_; }
  bool is_cancelled() const override { return cancelled.load(std::memory_order_relaxed); }
  std::string complete_later() override;

  const std::shared_ptr<job>& of() const { return job_; }
  void set_deadline(timestamp deadline) { deadline_ = deadline; }

  std::atomic<bool> cancelled{false};
  // Under the desk's lock.
  bool is_current = true;  ///< What it returns still counts.
  bool completed_later = false;

private:
  activity_desk& desk_;
  std::shared_ptr<job> job_;
  std::uint32_t number_;
  bytes details_;
  timestamp deadline_ = never;
};

}  // namespace perdure::runtime
