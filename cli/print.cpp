#include "cli/print.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace perdure::cli {

namespace {

bool has_colours(stream to) {
  static const bool wanted = std::getenv("NO_COLOR") == nullptr;
  static const bool out = isatty(STDOUT_FILENO) != 0;
  static const bool err = isatty(STDERR_FILENO) != 0;
  return wanted && (to == stream::out ? out : err);
}

const char* code_of(style how) {
  switch (how) {
    case style::plain:
      return "";
    case style::bold:
      return "\033[1m";
    case style::dim:
      return "\033[2m";
    case style::good:
      return "\033[32m";
    case style::warning:
      return "\033[33m";
    case style::error:
      return "\033[31m";
  }
  return "";
}

/// Characters of a UTF-8 text; near enough to the columns it takes.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string padded(std::string text, std::size_t width) {
  const auto has = width_of(text);
  if (has < width) text.append(width - has, ' ');
  return text;
}

}  // namespace

std::string paint(style how, const std::string& text, stream to) {
  if (how == style::plain || !has_colours(to)) return text;
  return code_of(how) + text + "\033[0m";
}

std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

style style_of_status(std::string_view status) {
  if (status == "running") return style::good;
  if (status == "paused") return style::warning;
  if (status == "parked" || status == "failed") return style::error;
  return style::dim;
}

void table::print() const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == row.size();
      line += last ? printable(row[i]) : padded(printable(row[i]), widths[i]) + "  ";
    }
    print_line(paint(&row == &rows_.front() ? style::bold : style::plain, line));
  }
}

void print_fields(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::size_t width = 0;
  for (auto& [name, value] : fields) width = std::max(width, width_of(name));
  for (auto& [name, value] : fields) {
    print_line("  " + paint(style::dim, padded(name, width)) + "  " + printable(value));
  }
}

void print_line(const std::string& line) { std::printf("%s\n", line.c_str()); }

void print_json(const gateway::json_document& document, std::size_t indent) {
  std::string text(indent, ' ');
  for (char c : document.dump(true)) {
    text += c;
    if (c == '\n') text.append(indent, ' ');
  }
  print_line(text);
}

}  // namespace perdure::cli
