#pragma once

/// Events in people's words: methods and activities by their names, parameters and results as JSON,
/// times as dates. For messages about a replay, lines of a history, and logs; nobody parses them.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <perdure/activities.h>
#include <perdure/contract.h>
#include <perdure/options.h>
#include <perdure/types.h>

#include "entities/record.h"

namespace perdure::core {

class json_schemas;

/// Interfaces of others that are known by more than their names: those that handlers were seen to
/// call, or all that a program knows. What they point to lives as long as the program.
struct known_interfaces {
  std::vector<const activities_description*> activities;
  std::vector<const contract*> contracts;

  /// Each adds what is not there yet.
  void add(const activities_description& what);
  void add(const contract& what);

  /// Each returns null where nothing has this name.
  const activities_description* find_activities(std::string_view name) const;
  const contract* find_contract(std::string_view type) const;
};

/// Says events of one entity. What is not known is said by its number: "method 3", "payments @0",
/// "16 bytes". Schemas are prepared when the first payload is said, which is expensive: keep one
/// for many events. One thread at a time.
class event_words {
public:
  /// `of`: the entity's contract; null where it is not known. REQUIRES: `known` outlives it.
  explicit event_words(const contract* of = nullptr, const known_interfaces* known = nullptr);
  event_words(const event_words&) = delete;
  event_words& operator=(const event_words&) = delete;
  ~event_words();

  /// Remembers what the numbers of this step's events stand for: what is said of their ends later
  /// has names and results.
  void note(const record& step);

  std::string describe(const input& what);
  std::string describe(const command& what);
  /// Returns e.g. `7: update take {"amount":"5"}; update take of event 7 completed`, having noted
  /// the step.
  std::string line(const record& step);

  /// Returns a payload as JSON, complete; nothing where it is none of that struct.
  std::optional<std::string> json(std::span<const std::uint64_t> embedded, std::uint64_t schema,
                                  bytes_view payload);
  /// Returns the schemas that a description embeds, prepared once.
  const json_schemas& schemas(std::span<const std::uint64_t> embedded);

  const contract* of() const { return of_; }
  /// Returns the contract of another type, or of this one; null where it is not known.
  const contract* contract_of(std::string_view type) const;
  const activities_description* activities_of(std::string_view name) const;

private:
  struct sayer;
  /// A call whose end is another event.
  struct begun {
    std::string name;
    std::span<const std::uint64_t> embedded;
    std::uint64_t results = 0;
  };

  const contract* of_;
  const known_interfaces* known_;
  std::map<event_number, begun> begun_;
  std::map<const std::uint64_t*, std::unique_ptr<const json_schemas>> schemas_;
};

/// Returns a line that names an input or command and its arguments, for people. For one event; a
/// history is said by `event_words`.
std::string describe(const input& what);
std::string describe(const command& what);
std::string describe(const input& what, const contract* of, const known_interfaces& known = {});
std::string describe(const command& what, const contract* of, const known_interfaces& known = {});

// -- words of values ------------------------------------------------------------------------------

/// A named value, for lists of options.
struct named_value {
  std::string_view name;
  std::string value;
};

std::vector<named_value> values_of(const activity_options& options);
std::vector<named_value> values_of(const start_options& options);

/// Returns e.g. "signal".
std::string_view kind_name(message_kind kind);
std::string_view status_name(life_status status);

/// Returns "1970-01-01T12:00:00Z", with milliseconds where there are any.
std::string time_text(timestamp time);
/// Returns "10000 ms".
std::string time_text(duration time);
/// Of what a side effect returned: a text as it is, a struct as its size.
std::string recorded_text(bytes_view value);
std::string value_text(const attribute_value& value);
std::string error_text(const error& why);
/// Returns "16 bytes, digest 123".
std::string bytes_text(bytes_view data);

/// Returns the text, or its first `most` bytes (fewer, where a character of UTF-8 would be cut) and
/// "...".
std::string shortened(std::string text, std::size_t most = 200);

}  // namespace perdure::core
