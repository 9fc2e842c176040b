#include "entities/compiler/names.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace perdure::compiler {

namespace {

// Sorted. Keywords and alternative tokens of C++20.
constexpr std::array<std::string_view, 97> keywords{
    "alignas",       "alignof",      "and",       "and_eq",    "asm",          "assert",
    "auto",          "bitand",       "bitor",     "bool",      "break",        "case",
    "catch",         "char",         "char16_t",  "char32_t",  "char8_t",      "class",
    "co_await",      "co_return",    "co_yield",  "compl",     "concept",      "const",
    "const_cast",    "consteval",    "constexpr", "constinit", "continue",     "decltype",
    "default",       "delete",       "do",        "double",    "dynamic_cast", "else",
    "enum",          "errno",        "explicit",  "export",    "extern",       "false",
    "float",         "for",          "friend",    "goto",      "if",           "inline",
    "int",           "long",         "mutable",   "namespace", "new",          "noexcept",
    "not",           "not_eq",       "nullptr",   "operator",  "or",           "or_eq",
    "perdure",       "private",      "protected", "public",    "register",     "reinterpret_cast",
    "requires",      "return",       "short",     "signed",    "sizeof",       "static",
    "static_assert", "static_cast",  "std",       "struct",    "switch",       "template",
    "this",          "thread_local", "throw",     "true",      "try",          "typedef",
    "typeid",        "typename",     "union",     "unsigned",  "using",        "virtual",
    "void",          "volatile",     "wchar_t",   "while",     "xor",          "xor_eq"};

bool is_keyword(std::string_view name) {
  return std::find(keywords.begin(), keywords.end(), name) != keywords.end();
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

char to_lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

/// Whether a new word begins at `i`: "unitCents", "orderID", "HTTPServer", "sha256Sum".
bool begins_word(std::string_view name, std::size_t i) {
  if (i == 0 || !is_upper(name[i])) return false;
  if (is_lower(name[i - 1]) || is_digit(name[i - 1])) return true;
  return is_upper(name[i - 1]) && i + 1 < name.size() && is_lower(name[i + 1]);
}

}  // namespace

std::string snake_case(std::string_view name) {
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (begins_word(name, i)) text += '_';
    text += to_lower(name[i]);
  }
  if (is_keyword(text)) text += '_';
  return text;
}

bool is_namespace(std::string_view name) {
  while (true) {
    auto dot = name.find('.');
    auto part = name.substr(0, dot);
    if (part.empty() || is_digit(part[0]) || is_keyword(part)) return false;
    for (char c : part) {
      if (!is_lower(c) && !is_upper(c) && !is_digit(c) && c != '_') return false;
    }
    if (dot == name.npos) return true;
    name.remove_prefix(dot + 1);
  }
}

std::string to_cpp_namespace(std::string_view name) {
  std::string text;
  for (char c : name) {
    if (c == '.')
      text += "::";
    else
      text += c;
  }
  return text;
}

bool is_entity_name(std::string_view name) {
  if (name.empty() || name.size() > 63 || !is_lower(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_lower(c) || is_digit(c) || c == '-' || c == '_'; });
}

std::string file_name(std::string_view path) {
  auto slash = path.rfind('/');
  return std::string(slash == path.npos ? path : path.substr(slash + 1));
}

std::string file_stem(std::string_view path) {
  auto name = file_name(path);
  return name.substr(0, name.rfind('.'));
}

std::string quoted(std::string_view text) {
  std::string literal = "\"";
  for (char c : text) {
    auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      literal += '\\';
      literal += c;
    } else if (code >= 0x20 && code < 0x7f) {
      literal += c;
    } else {
      // Octal escapes end after three digits, whatever follows.
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\%03o", code);
      literal += escape;
    }
  }
  return literal + '"';
}

}  // namespace perdure::compiler
