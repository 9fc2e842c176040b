#pragma once

/// Output for people: colours on a terminal only, tables whose columns are as wide as they must be.

#include <string>
#include <string_view>
#include <vector>

#include "gateway/json_text.h"

namespace perdure::cli {

enum class style { plain, bold, dim, good, warning, error };
enum class stream { out, err };

/// Returns `text` in a style, if `to` is a terminal and NO_COLOR is not set.
std::string paint(style how, const std::string& text, stream to = stream::out);

/// Returns `text` without what would move a terminal's cursor or change its colours.
std::string printable(std::string text);

/// Returns the style of an entity's status.
style style_of_status(std::string_view status);

class table {
public:
  explicit table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.size() == 1; }
  /// Prints header and rows to stdout. The last column is not padded.
  void print() const;

private:
  std::vector<std::vector<std::string>> rows_;
};

/// Prints "  name   value", the names in one column.
void print_fields(const std::vector<std::pair<std::string, std::string>>& fields);

/// Prints a line to stdout.
void print_line(const std::string& line);

/// Prints JSON over several lines, each `indent` further right.
void print_json(const gateway::json_document& document, std::size_t indent = 0);

}  // namespace perdure::cli
