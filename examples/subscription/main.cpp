#include <perdure/node.h>

#include <cstdio>

#include "examples/subscription/subscription.h"

namespace {

/// Stands in for a payment service: prints what it would charge.
class printed_billing final : public subscription::billing_activities {
public:
  void charge(const charge_params& what) override {
    std::printf("%s pays %lld cents (%s)\n", what.customer.c_str(),
                static_cast<long long>(what.cents), context().key().c_str());
    std::fflush(stdout);
  }
};

}  // namespace

int main(int argc, char** argv) {
  perdure::node node{perdure::node_options::parse(argc, argv)};
  node.host<subscription::plan>();
  node.provide<printed_billing>();
  return node.run();
}
