#include <perdure/client.h>

#include "runtime/engine.h"

namespace perdure {

namespace {

class engine_lifecycle final : public lifecycle {
public:
  explicit engine_lifecycle(runtime::engine& of) : engine_(of) {}

  void await_result(const entity_id& entity, const contract&, duration patience,
                    completion done) override {
    engine_.await_result(entity, patience, std::move(done));
  }
  void cancel(const entity_id& entity, std::string reason, completion done) override {
    engine_.cancel(entity, std::move(reason), std::move(done));
  }

private:
  runtime::engine& engine_;
};

}  // namespace

client::client(runtime::engine& inside)
    : caller_(std::shared_ptr<caller>{}, &inside),
      lifecycle_(std::make_shared<engine_lifecycle>(inside)) {}

}  // namespace perdure
