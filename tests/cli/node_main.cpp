// The node that the tests of the command line talk to; of a build that cannot have the data of the
// others where the environment has CHANGED_LEDGER.

#include <cstdlib>
#include <string>

#include <perdure/node.h>

#include "changed.perdure.h"
#include "tests/entities/ledger.h"

namespace {

class changed_book final : public changed::ledger_entity {
public:
  void add(const add_params& what) override { state.total += std::to_string(what.amount); }
};

}  // namespace

int main(int argc, char** argv) {
  perdure::node node{perdure::node_options::parse(argc, argv)};
  if (std::getenv("CHANGED_LEDGER") != nullptr) {
    node.host<changed_book>();
  } else {
    node.host<ledger::book>();
  }
  return node.run();
}
