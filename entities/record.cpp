#include "entities/record.h"

namespace perdure::core {

// Not defaulted in the class: records hold themselves here.
bool operator==(const run_reset& a, const run_reset& b) {
  return a.to == b.to && a.reason == b.reason && a.history == b.history;
}

}  // namespace perdure::core
