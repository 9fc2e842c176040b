#pragma once

/// The call into a process that is at hand. Internal to process/.

#include "process/entity_process.h"

namespace perdure::process {

/// Calls nest: what a delivery has brought about may be refused within it.
class entity_process::visit {
public:
  visit(entity_process& of, timestamp when, actions& to)
      : now(when), out(to), of_(of), outer_(std::exchange(of.visit_, this)) {}
  visit(const visit&) = delete;
  visit& operator=(const visit&) = delete;
  ~visit() { of_.visit_ = outer_; }

  const timestamp now;
  actions& out;

private:
  entity_process& of_;
  visit* const outer_;
};

}  // namespace perdure::process
