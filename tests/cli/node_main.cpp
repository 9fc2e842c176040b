// The node that the tests of the command line talk to.

#include <perdure/node.h>

#include "tests/entities/ledger.h"

int main(int argc, char** argv) {
  perdure::node node{perdure::node_options::parse(argc, argv)};
  node.host<ledger::book>();
  return node.run();
}
