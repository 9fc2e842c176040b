// What users put into records is sealed, wherever in them it stands.

#include <perdure/payload_codec.h>

#include "persistence/sealing.h"
#include "tests/persistence/samples.h"
#include "tests/persistence/support.h"

namespace perdure::persistence {

namespace {

using namespace testing;

/// Turns every byte over, and says that it did.
class turning final : public payload_codec {
public:
  bytes encode(bytes_view payload) const override {
    bytes sealed{std::byte{'S'}};
    for (auto byte : payload) sealed.push_back(~byte);
    return sealed;
  }
  bytes decode(bytes_view stored) const override {
    if (stored.empty() || stored[0] != std::byte{'S'}) throw std::runtime_error("not sealed");
    bytes payload;
    for (auto byte : stored.subspan(1)) payload.push_back(~byte);
    return payload;
  }
};

std::string text_of(const sample_record& sample) {
  return std::string(as_text(encode_record(sample.entity, sample.step, sample.after)));
}

}  // namespace

TEST_CASE("sealing: every record and snapshot is unsealed to what it was") {
  for (auto& [name, sample] : sample_records()) {
    CAPTURE(name);
    auto step = sample.step;
    seal(step, turning());
    CHECK_FALSE(unseal(step, turning()));
    CHECK(step == sample.step);
  }
  auto carried = sample_snapshot().carried;
  seal(carried, turning());
  CHECK(carried != sample_snapshot().carried);
  CHECK_FALSE(unseal(carried, turning()));
  CHECK(carried == sample_snapshot().carried);
}

TEST_CASE("sealing: the history and the signals of a reset are sealed") {
  for (auto& [name, sample] : sample_records()) {
    if (name != "run_reset_full") continue;
    for (auto* payload : {"how", "words", "not yet"}) {
      CAPTURE(payload);
      CHECK(text_of(sample).find(payload) != std::string::npos);
    }
    auto sealed = sample;
    seal(sealed.step, turning());
    for (auto* payload : {"how", "words", "not yet"}) {
      CAPTURE(payload);
      CHECK(text_of(sealed).find(payload) == std::string::npos);
    }
  }
}

}  // namespace perdure::persistence
