#include "gateway/json_text.h"

#include "gateway/url.h"

namespace perdure::gateway {

namespace {

constexpr char hex_digits[] = "0123456789abcdef";

bool needs_escape(char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += hex_digits[static_cast<unsigned char>(c) >> 4];
      out += hex_digits[static_cast<unsigned char>(c) & 15];
  }
}

/// What is no UTF-8, such as an exception's text may be, with U+FFFD for what is not ASCII.
std::string without_bytes_of_no_text(std::string_view value) {
  std::string readable;
  for (const char c : value) {
    if (static_cast<unsigned char>(c) < 0x80)
      readable += c;
    else
      readable += "\xef\xbf\xbd";
  }
  return readable;
}

}  // namespace

void append_json_text(std::string& out, std::string_view value) {
  if (!is_utf8(value)) return append_json_text(out, without_bytes_of_no_text(value));
  out += '"';
  std::size_t begin = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!needs_escape(value[i])) continue;
    out.append(value, begin, i - begin);
    append_escaped(out, value[i]);
    begin = i + 1;
  }
  out.append(value, begin);
  out += '"';
}

void json_writer::separate() {
  if (out_.empty()) return;
  const char last = out_.back();
  if (last != '{' && last != '[' && last != ':') out_ += ',';
}

json_writer& json_writer::open(char bracket) {
  separate();
  out_ += bracket;
  return *this;
}

json_writer& json_writer::close(char bracket) {
  out_ += bracket;
  return *this;
}

json_writer& json_writer::key(std::string_view name) {
  separate();
  append_json_text(out_, name);
  out_ += ':';
  return *this;
}

json_writer& json_writer::text(std::string_view value) {
  separate();
  append_json_text(out_, value);
  return *this;
}

json_writer& json_writer::number(std::int64_t value) { return raw(std::to_string(value)); }
json_writer& json_writer::boolean(bool value) { return raw(value ? "true" : "false"); }

json_writer& json_writer::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

}  // namespace perdure::gateway
