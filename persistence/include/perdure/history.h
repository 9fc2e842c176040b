#pragma once

/// The history of one entity as a thing of its own: taken from a journal, kept in a file, replayed
/// against the class that runs today. A history from production is the test that no later change
/// of the class breaks what has begun:
///
///     auto kept = perdure::load_history("order-o1.history").value();
///     CHECK(!perdure::replay<shop::order>(kept));
///
/// Guarantees:
/// - Replay changes nothing and calls nothing outside.
/// - A file gives back exactly what was saved, or an error; damage does not pass for history.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <perdure/entity.h>
#include <perdure/errors.h>
#include <perdure/types.h>

namespace perdure {

namespace core {
struct record;
}

/// The steps of one entity, oldest first. Cheap to copy.
class history {
public:
  /// No steps of nobody.
  history();
  /// `schema`: how the type's states were laid out when they were taken; empty: unknown.
  history(entity_id entity, std::vector<core::record> steps, bytes schema = {});

  const entity_id& entity() const;
  const std::vector<core::record>& steps() const;
  const bytes& schema() const;
  std::size_t size() const;

  /// Returns a line for each step, for people: its event, its input, what it caused.
  std::vector<std::string> lines() const;

  /// As a file holds it.
  bytes encode() const;
  /// Reads files of earlier versions too, which have no schema. Errors: malformed, with what is
  /// damaged.
  static result<history> decode(bytes_view encoded);

private:
  struct content;
  std::shared_ptr<const content> content_;
};

/// Writes a file. Errors: internal, with what the system said.
result<nothing> save_history(const std::filesystem::path& file, const history& what);
/// Errors: internal (cannot be read), malformed (is no history, or damaged).
result<history> load_history(const std::filesystem::path& file);

/// Takes every step again with `type` and compares. Nothing: it does what the history says.
/// Otherwise (nondeterministic) event number, what was expected, and what the code did; or, before
/// any step is taken, which field of the states of then the type's contract would misread.
std::optional<error> replay(const entity_type& type, const history& what);

template <class Entity>
std::optional<error> replay(const history& what) {
  return replay(type_of<Entity>(), what);
}

}  // namespace perdure
