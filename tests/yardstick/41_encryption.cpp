// Parameters, results and states that are stored encrypted. Neither the entity nor its activities
// know of it.

#include <doctest/doctest.h>

#include <perdure/aead_codec.h>
#include <perdure/testing.h>

#include "41_encryption.perdure.h"

namespace yardstick::encryption {

using namespace std::chrono_literals;

class letter final : public letter_entity {
public:
  perdure::task<write_results> write(write_params what) override {
    auto composed = co_await activities<writer_contract>().compose({.name = what.name});
    state.text = composed.text;
    co_await sleep(24h);
    co_return {.text = state.text};
  }

  text_results text() const override { return {.text = state.text}; }
};

namespace {

using keys = std::vector<perdure::aead_codec::key>;

const auto old_key = perdure::aead_codec::key_of(1, std::string(64, 'a'));
const auto new_key = perdure::aead_codec::key_of(2, std::string(64, 'b'));

std::shared_ptr<perdure::aead_codec> codec_of(keys all) {
  return std::make_shared<perdure::aead_codec>(std::move(all));
}

/// Whether a text can be read from what is stored of the letter.
bool is_stored(perdure::test_environment& env, std::string_view text) {
  for (auto& each : env.stored("encrypted-letter/l")) {
    if (perdure::as_text(each).find(text) != std::string_view::npos) return true;
  }
  return false;
}

void write_letter(perdure::test_environment& env, bool readable) {
  env.host<letter>();
  env.script<writer_contract>("compose")
      .answers([](const writer_contract::compose_params& what) {
        return writer_contract::compose_results{.text = "Dear " + what.name};
      })
      .times(1);
  letter_client client{env, "l"};
  auto written = env.send(client.write({.name = "Elisabeth"}));
  env.run_for(1h);
  CHECK(client.text().get().value().text == "Dear Elisabeth");
  CHECK(written.get().value().text == "Dear Elisabeth");
  CHECK(is_stored(env, "Elisabeth") == readable);
  CHECK(is_stored(env, "letter-writer"));
}

TEST_CASE("encryption: what is stored tells no names, and every crash is survived") {
  perdure::crash_everywhere([](perdure::test_environment& env) { write_letter(env, false); },
                            {.snapshot_every_events = 1, .codec = codec_of({new_key})});
  perdure::crash_everywhere([](perdure::test_environment& env) { write_letter(env, true); });
}

TEST_CASE("encryption: after a change of keys what was stored before is still read") {
  const perdure::bytes plain(1'000, std::byte{7});
  const auto before = codec_of({old_key})->encode(plain);
  const auto after = codec_of({new_key, old_key});
  CHECK(after->decode(before) == plain);
  CHECK(after->decode(after->encode(plain)) == plain);
  CHECK(codec_of({new_key})->decode(after->encode(plain)) == plain);
}

TEST_CASE("encryption: without its key, or damaged, nothing is read; twice the same is not alike") {
  const perdure::bytes plain(1'000, std::byte{7});
  const auto codec = codec_of({new_key});
  auto stored = codec->encode(plain);
  CHECK(stored != codec->encode(plain));
  CHECK_THROWS(codec_of({old_key})->decode(stored));
  stored.back() ^= std::byte{1};
  CHECK_THROWS(codec->decode(stored));
}

}  // namespace

}  // namespace yardstick::encryption
