#include <perdure/node.h>

#include "examples/shop/account.h"
#include "examples/shop/cart.h"
#include "examples/shop/stock.h"

int main(int argc, char** argv) {
  perdure::node node{perdure::node_options::parse(argc, argv)};
  node.host<shop::cart>();
  node.host<shop::account>();
  node.host<shop::stock>();
  return node.run();
}
