#include <cstdio>

#include <perdure/node.h>

#include "examples/shop/account.h"
#include "examples/shop/cart.h"
#include "examples/shop/order.h"
#include "examples/shop/payments.h"
#include "examples/shop/stock.h"
#include "examples/shop/transfer.h"

int main(int argc, char** argv) {
  shop::simulated_payments::behaviour payments;
  perdure::node node{perdure::node_options::parse(
      argc, argv,
      {{"--payments-failure-rate", &payments.failure_rate, "Share of payment attempts that fail"},
       {"--payments-delay", &payments.delay, "How long a payment attempt takes"}})};
  if (!(payments.failure_rate >= 0 && payments.failure_rate <= 1)) {
    std::fputs("perdure-shop: --payments-failure-rate: expected 0 to 1\n", stderr);
    return 2;
  }
  node.host<shop::cart>();
  node.host<shop::account>();
  node.host<shop::stock>();
  node.host<shop::order>();
  node.host<shop::transfer>();
  node.provide<shop::simulated_payments>(payments);
  return node.run();
}
