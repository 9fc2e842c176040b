#include <perdure/activities.h>

namespace perdure {

activity_context*& activities_base::current() {
  static thread_local activity_context* attempt = nullptr;
  return attempt;
}

activity_context& activities_base::context() {
  auto* attempt = current();
  if (!attempt) throw std::logic_error("context() is for the thread that runs an attempt");
  return *attempt;
}

}  // namespace perdure
