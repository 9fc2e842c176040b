#pragma once

/// A shop's day: messages to carts, accounts and stock items, one JSON object a line:
///
///     {"key":"42-17","to":"account/customer-003","call":"withdraw","with":{"cents":1200}}
///
/// Some of them must be refused: an empty cart checked out, a withdrawal without cover, a
/// reservation of more than there is. What each does depends only on the messages to the same
/// entity before it, so messages to different entities may be sent in any order.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <perdure/types.h>

namespace shop::demo {

/// One message. Parameters are flat: a text, or a whole number.
struct message {
  std::string key = {};  ///< Idempotency key, different for each message of a day.
  perdure::entity_id to = {};
  std::string call = {};  ///< Name of the method in the contract.
  std::string text = {};  ///< The parameter that is a name: sku, account or reservation.
  std::int64_t quantity = 0;
  std::int64_t cents = 0;

  friend bool operator==(const message&, const message&) = default;
};

struct day_plan {
  std::uint64_t seed = 42;
  std::size_t messages = 40'000;
  std::size_t carts = 1'000;
  std::size_t accounts = 200;
  std::size_t items = 50;
};

/// Makes a day; the same plan makes the same day.
std::vector<message> make_day(const day_plan& plan);

/// Returns the message as a line of the file, without its end.
std::string to_line(const message& what);

/// Reads a line of the file. Throws std::invalid_argument, naming what is wrong with it.
message from_line(std::string_view line);

/// Write and read a whole day. Throw std::runtime_error with the path.
void write_day(const std::filesystem::path& path, const std::vector<message>& day);
std::vector<message> read_day(const std::filesystem::path& path);

}  // namespace shop::demo
