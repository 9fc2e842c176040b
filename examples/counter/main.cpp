#include <perdure/node.h>

#include "examples/counter/counter.h"

int main(int argc, char** argv) {
  perdure::node node{perdure::node_options::parse(argc, argv)};
  node.host<counting::counter>();
  return node.run();
}
