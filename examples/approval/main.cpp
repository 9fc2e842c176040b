#include <perdure/node.h>

#include <cstdio>

#include "examples/approval/approval.h"

namespace {

/// Stands in for a mail server: prints what it would send.
class printed_mail final : public approval::mail_activities {
public:
  void ask(const ask_params& letter) override {
    std::printf("to %s: expense %s over %lld cents waits for your decision\n",
                letter.person.c_str(), letter.expense.c_str(),
                static_cast<long long>(letter.cents));
    std::fflush(stdout);
  }
};

}  // namespace

int main(int argc, char** argv) {
  perdure::node node{perdure::node_options::parse(argc, argv)};
  node.host<approval::expense>();
  node.provide<printed_mail>();
  return node.run();
}
