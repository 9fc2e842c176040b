// Tokens of attempts, and the keys of activities.

#include "runtime/activities/tokens.h"

#include <doctest/doctest.h>

#include <set>

#include "tests/runtime/activities/fixture.h"

namespace perdure::runtime {

namespace {

const token_mint& mint() {
  static const token_mint made{bytes(32, std::byte{1})};
  return made;
}

const named_attempt one{{"order", "Zoë/1"}, midday, 42, 3};

}  // namespace

TEST_CASE("tokens: what was sealed is read again, and is fit for a URL") {
  const auto token = mint().seal(one);
  CHECK(mint().open(token) == one);
  CHECK(
      token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
      std::string::npos);
  const named_attempt longest{{std::string(240, 't'), std::string(255, 'i')}, midday, ~0ull, ~0u};
  CHECK(mint().open(mint().seal(longest)) == longest);
}

TEST_CASE("tokens: no token with one character changed is ours") {
  const auto token = mint().seal(one);
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto forged = token;
    forged[i] = forged[i] == 'Q' ? 'R' : 'Q';
    CHECK_FALSE(mint().open(forged));
    CHECK_FALSE(mint().open(token.substr(0, i)));
  }
  CHECK_FALSE(mint().open(token + '='));
  CHECK_FALSE(mint().open(token + '\n'));
  CHECK_FALSE(mint().open(std::string(100'000, 'A')));
}

TEST_CASE("tokens: another secret makes other tokens") {
  const token_mint other{bytes(32, std::byte{2})};
  CHECK_FALSE(other.open(mint().seal(one)));
  CHECK_THROWS_AS(token_mint{bytes(16)}, std::invalid_argument);
}

TEST_CASE("tokens: each activity has a key of its own, always the same") {
  const entity_id who{"order", "one"};
  std::set<std::string> keys{activity_key(who, midday, 1), activity_key(who, midday, 2),
                             activity_key(who, midday + 1ms, 1),
                             activity_key({"orde", "rone"}, midday, 1)};
  CHECK(keys.size() == 4);
  CHECK(keys.contains(activity_key(who, midday, 1)));
  // Services remember keys: they must not change from one version of Perdure to the next.
  CHECK(activity_key(who, midday, 1) == "70b0211ca9d442b8cec51c233ae20af7");
}

}  // namespace perdure::runtime
