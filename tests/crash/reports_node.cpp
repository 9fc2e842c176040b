// A node whose orders are paid by workers outside.

#include <perdure/node.h>

#include "tests/gateway/order.h"

int main(int argc, char** argv) {
  perdure::node node{perdure::node_options::parse(argc, argv)};
  node.host<orders::order>();
  node.declare<orders::payments_contract>();
  return node.run();
}
