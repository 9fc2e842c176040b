#include "entities/json_value.h"

#include <algorithm>

namespace perdure::core {

namespace {

constexpr unsigned depth_max = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Returns the length of the number at the beginning of `text`, 0 where there is none.
std::size_t number_length(std::string_view text) {
  std::size_t at = 0;
  auto digits = [&] {
    auto start = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at > start;
  };
  auto skip = [&](std::string_view any_of) {
    bool here = at < text.size() && any_of.find(text[at]) != any_of.npos;
    at += here;
    return here;
  };
  skip("-");
  if (skip("0")) {
    // No digits follow a leading zero.
  } else if (!digits()) {
    return 0;
  }
  if (skip(".") && !digits()) return 0;
  if (skip("eE")) {
    skip("+-");
    if (!digits()) return 0;
  }
  return at;
}

void append_utf8(std::string& text, std::uint32_t code) {
  auto tail = [&](unsigned shift) { text += static_cast<char>(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xc0 | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    text += static_cast<char>(0xe0 | code >> 12);
    tail(6), tail(0);
  } else {
    text += static_cast<char>(0xf0 | code >> 18);
    tail(12), tail(6), tail(0);
  }
}

/// What is wrong at a place of the text; becomes an error at the edge.
struct syntax_error {
  std::size_t place;
  std::string what;
};

class parser {
public:
  explicit parser(std::string_view text) : text_(text) {}

  json_value read() {
    auto value = read_value(1);
    skip_space();
    if (at_ != text_.size()) fail("expected the end after the value");
    return value;
  }

private:
  [[noreturn]] void fail(std::string what) const { throw syntax_error{at_, std::move(what)}; }

  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  /// Returns the next character that is no space, 0 at the end.
  char peek() {
    skip_space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool take(char c) {
    if (peek() != c || at_ == text_.size()) return false;
    ++at_;
    return true;
  }

  json_value read_value(unsigned depth) {
    if (depth > depth_max) fail("nested more than 64 deep");
    json_value value;
    switch (char c = peek()) {
      case '{':
        read_object(value, depth);
        return value;
      case '[':
        read_array(value, depth);
        return value;
      case '"':
        value.what = json_value::kind::text;
        value.text = read_text();
        return value;
      case 't':
        read_word("true");
        return boolean(true);
      case 'f':
        read_word("false");
        return boolean(false);
      case 'n':
        read_word("null");
        return value;
      default:
        if (c != '-' && !is_digit(c)) fail("expected a value");
        read_number(value);
        return value;
    }
  }

  static json_value boolean(bool content) {
    json_value value;
    value.what = json_value::kind::boolean;
    value.boolean = content;
    return value;
  }

  void read_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) fail("expected a value");
    at_ += word.size();
  }

  void read_number(json_value& into) {
    auto length = number_length(text_.substr(at_));
    if (length == 0) fail("expected a number");
    into.what = json_value::kind::number;
    into.text = text_.substr(at_, length);
    at_ += length;
  }

  void read_array(json_value& into, unsigned depth) {
    into.what = json_value::kind::array;
    take('[');
    if (take(']')) return;
    do {
      into.elements.push_back(read_value(depth + 1));
    } while (take(','));
    if (!take(']')) fail("expected ',' or ']'");
  }

  void read_object(json_value& into, unsigned depth) {
    into.what = json_value::kind::object;
    take('{');
    if (take('}')) return;
    do {
      if (peek() != '"') fail("expected a field's name in quotes");
      into.names.push_back(read_text());
      if (!take(':')) fail("expected ':'");
      into.elements.push_back(read_value(depth + 1));
    } while (take(','));
    if (!take('}')) fail("expected ',' or '}'");
  }

  std::string read_text() {
    ++at_;
    std::string content;
    while (true) {
      if (at_ == text_.size()) fail("expected '\"' at the end of a text");
      char c = text_[at_];
      if (c == '"') break;
      if (c == '\\') {
        read_escape(content);
      } else if (static_cast<unsigned char>(c) < 0x20) {
        fail("expected a control character to be escaped");
      } else {
        auto length = utf8_length(text_.substr(at_));
        if (length == 0) fail("expected valid UTF-8");
        content += text_.substr(at_, length);
        at_ += length;
      }
    }
    ++at_;
    return content;
  }

  void read_escape(std::string& into) {
    constexpr std::string_view names = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (auto found = names.find(c); c != '\0' && found != names.npos) {
      into += meanings[found];
      at_ += 2;
    } else if (c == 'u') {
      append_utf8(into, read_code());
    } else {
      fail("expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u");
    }
  }

  /// Reads \uXXXX, or two of them that are a surrogate pair.
  std::uint32_t read_code() {
    auto code = read_unit();
    if (code >= 0xd800 && code < 0xdc00 && text_.substr(at_, 2) == "\\u") {
      auto low = read_unit();
      if (low < 0xdc00 || low > 0xdfff) fail("expected a low surrogate");
      return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (code >= 0xd800 && code <= 0xdfff) fail("expected a pair of surrogates");
    return code;
  }

  std::uint32_t read_unit() {
    std::uint32_t code = 0;
    for (std::size_t i = at_ + 2; i < at_ + 6; ++i) {
      char c = i < text_.size() ? text_[i] : '\0';
      if (is_digit(c))
        code = code * 16 + static_cast<unsigned>(c - '0');
      else if (c >= 'a' && c <= 'f')
        code = code * 16 + static_cast<unsigned>(c - 'a' + 10);
      else if (c >= 'A' && c <= 'F')
        code = code * 16 + static_cast<unsigned>(c - 'A' + 10);
      else
        fail("expected four hexadecimal digits after \\u");
    }
    at_ += 6;
    return code;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

error to_error(std::string_view text, const syntax_error& why) {
  auto before = text.substr(0, why.place);
  auto line = 1 + std::count(before.begin(), before.end(), '\n');
  auto start = before.rfind('\n');
  auto column = why.place - (start == before.npos ? 0 : start + 1) + 1;
  return {errc::malformed, "JSON, line " + std::to_string(line) + ", column " +
                               std::to_string(column) + ": " + why.what};
}

}  // namespace

std::string json_value::describe() const {
  constexpr std::size_t shown_max = 40;
  switch (what) {
    case kind::null:
      return "null";
    case kind::boolean:
      return boolean ? "true" : "false";
    case kind::array:
      return "a list";
    case kind::object:
      return "an object";
    case kind::number:
      return text.size() <= shown_max ? text : "a long number";
    case kind::text:
      break;
  }
  if (text.size() > shown_max) return "a long text";
  std::string quoted;
  append_json_text(quoted, text);
  return quoted;
}

result<json_value> parse_json(std::string_view text) {
  try {
    return parser{text}.read();
  } catch (const syntax_error& why) {
    return to_error(text, why);
  }
}

bool is_json_number(std::string_view text) {
  return !text.empty() && number_length(text) == text.size();
}

std::size_t utf8_length(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  auto tail = [&](std::size_t i, unsigned from = 0x80, unsigned to = 0xbf) {
    return i < text.size() && byte(i) >= from && byte(i) <= to;
  };
  auto first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    // Neither longer than need be, nor surrogates.
    unsigned from = first == 0xe0 ? 0xa0 : 0x80, to = first == 0xed ? 0x9f : 0xbf;
    return tail(1, from, to) && tail(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    unsigned from = first == 0xf0 ? 0x90 : 0x80, to = first == 0xf4 ? 0x8f : 0xbf;
    return tail(1, from, to) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

void append_json_text(std::string& json, std::string_view text) {
  constexpr std::string_view specials = "\"\\\b\f\n\r\t", names = "\"\\bfnrt";
  json += '"';
  while (!text.empty()) {
    auto length = utf8_length(text);
    auto c = text.front();
    if (auto found = specials.find(c); found != specials.npos) {
      json += '\\';
      json += names[found];
    } else if (length == 0) {
      json += "\xef\xbf\xbd";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr std::string_view digits = "0123456789abcdef";
      json += "\\u00";
      json += digits[static_cast<unsigned char>(c) >> 4];
      json += digits[c & 15];
    } else {
      json += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  json += '"';
}

}  // namespace perdure::core
