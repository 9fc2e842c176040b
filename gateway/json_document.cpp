#include "gateway/json_text.h"

#include <charconv>

namespace perdure::gateway {

class json_parser {
public:
  explicit json_parser(std::string_view json) : json_(json) {}

  result<json_document> whole() {
    json_document document;
    if (!value(document, 0)) return why();
    skip_space();
    if (at_ != json_.size()) return expected("the end"), why();
    return document;
  }

private:
  static constexpr std::size_t depth_max = 64;

  bool value(json_document& into, std::size_t depth) {
    if (depth > depth_max) return expected("at most 64 levels of nesting");
    skip_space();
    switch (peek()) {
      case '{':
        return object(into, depth);
      case '[':
        return array(into, depth);
      case '"':
        return string(into.value_.emplace<std::string>());
      case 't':
        into.value_ = true;
        return word("true");
      case 'f':
        into.value_ = false;
        return word("false");
      case 'n':
        return word("null");
      default:
        return number(into);
    }
  }

  bool object(json_document& into, std::size_t depth) {
    auto& members = into.value_.emplace<json_document::object>();
    ++at_;
    if (skip_space(), take('}')) return true;
    do {
      skip_space();
      auto& [name, member] = members.emplace_back();
      if (peek() != '"') return expected("a member's name");
      if (!string(name)) return false;
      if (skip_space(), !take(':')) return expected("':'");
      if (!value(member, depth + 1)) return false;
      skip_space();
    } while (take(','));
    return take('}') || expected("',' or '}'");
  }

  bool array(json_document& into, std::size_t depth) {
    auto& elements = into.value_.emplace<json_document::array>();
    ++at_;
    if (skip_space(), take(']')) return true;
    do {
      if (!value(elements.emplace_back(), depth + 1)) return false;
      skip_space();
    } while (take(','));
    return take(']') || expected("',' or ']'");
  }

  bool string(std::string& into) {
    ++at_;
    while (at_ < json_.size()) {
      const char c = json_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return expected("no control character in a string");
      if (c != '\\') {
        into += c;
      } else if (!escape(into)) {
        return false;
      }
    }
    return expected("a closing quote");
  }

  bool escape(std::string& into) {
    const char c = at_ < json_.size() ? json_[at_++] : '\0';
    switch (c) {
      case 'n':
        into += '\n';
        return true;
      case 't':
        into += '\t';
        return true;
      case 'r':
        into += '\r';
        return true;
      case 'b':
        into += '\b';
        return true;
      case 'f':
        into += '\f';
        return true;
      case '"':
      case '\\':
      case '/':
        into += c;
        return true;
      case 'u':
        return unicode(into);
      default:
        return expected("an escape");
    }
  }

  bool unicode(std::string& into) {
    std::uint32_t point = 0;
    if (!four_digits(point)) return false;
    if (point >= 0xd800 && point < 0xdc00) {
      std::uint32_t low = 0;
      if (!take('\\') || !take('u') || !four_digits(low) || low < 0xdc00 || low > 0xdfff) {
        return expected("the second half of a surrogate pair");
      }
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    } else if (point >= 0xdc00 && point < 0xe000) {
      return expected("the first half of a surrogate pair");
    }
    append_utf8(into, point);
    return true;
  }

  bool four_digits(std::uint32_t& into) {
    if (json_.size() - at_ < 4) return expected("four hexadecimal digits");
    const char* first = json_.data() + at_;
    auto [end, problem] = std::from_chars(first, first + 4, into, 16);
    if (problem != std::errc{} || end != first + 4) return expected("four hexadecimal digits");
    at_ += 4;
    return true;
  }

  static void append_utf8(std::string& out, std::uint32_t point) {
    if (point < 0x80) {
      out += static_cast<char>(point);
      return;
    }
    if (point < 0x800) {
      out += static_cast<char>(0xc0 | (point >> 6));
    } else {
      if (point < 0x10000) {
        out += static_cast<char>(0xe0 | (point >> 12));
      } else {
        out += static_cast<char>(0xf0 | (point >> 18));
        out += static_cast<char>(0x80 | ((point >> 12) & 0x3f));
      }
      out += static_cast<char>(0x80 | ((point >> 6) & 0x3f));
    }
    out += static_cast<char>(0x80 | (point & 0x3f));
  }

  bool number(json_document& into) {
    const auto begin = at_;
    take('-');
    if (!take('0') && !digits()) return expected("a value");
    if (take('.') && !digits()) return expected("a digit");
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (!digits()) return expected("a digit");
    }
    into.value_ = json_document::number_text{std::string(json_.substr(begin, at_ - begin))};
    return true;
  }

  bool digits() {
    const auto begin = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ > begin;
  }

  bool word(std::string_view expectation) {
    if (json_.substr(at_, expectation.size()) != expectation) return expected("a value");
    at_ += expectation.size();
    return true;
  }

  void skip_space() {
    while (at_ < json_.size() && is_space(json_[at_])) ++at_;
  }
  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
  char peek() const { return at_ < json_.size() ? json_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c || at_ == json_.size()) return false;
    ++at_;
    return true;
  }

  bool expected(std::string_view what) {
    if (expected_.empty()) expected_ = what;
    return false;
  }
  error why() const {
    return {errc::malformed, "JSON: expected " + expected_ + " at offset " + std::to_string(at_)};
  }

  std::string_view json_;
  std::size_t at_ = 0;
  std::string expected_;
};

result<json_document> json_document::parse(std::string_view json) {
  return json_parser(json).whole();
}

const json_document* json_document::find(std::string_view name) const {
  if (auto* fields = members()) {
    for (auto& [field, member] : *fields) {
      if (field == name) return &member;
    }
  }
  return nullptr;
}

std::string json_document::shown(std::string_view member) const {
  auto* found = find(member);
  return found ? found->shown() : std::string{};
}

std::string json_document::shown() const {
  if (auto* string = text()) return *string;
  return is_null() ? std::string{} : dump();
}

std::optional<std::uint64_t> json_document::unsigned_at(std::string_view member) const {
  const auto digits = shown(member);
  std::uint64_t value = 0;
  auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || problem != std::errc{} || end != digits.data() + digits.size()) return {};
  return value;
}

std::string json_document::dump(bool indent) const {
  std::string out;
  dump(out, indent, 0);
  return out;
}

void json_document::dump(std::string& out, bool indent, std::size_t level) const {
  auto line = [&](std::size_t depth) {
    if (indent) out.append(1, '\n').append(2 * depth, ' ');
  };
  if (auto* fields = members()) {
    out += '{';
    for (auto& [name, member] : *fields) {
      if (&name != &fields->front().first) out += ',';
      line(level + 1);
      append_json_text(out, name);
      out += indent ? ": " : ":";
      member.dump(out, indent, level + 1);
    }
    if (!fields->empty()) line(level);
    out += '}';
  } else if (auto* list = elements()) {
    out += '[';
    for (auto& element : *list) {
      if (&element != &list->front()) out += ',';
      line(level + 1);
      element.dump(out, indent, level + 1);
    }
    if (!list->empty()) line(level);
    out += ']';
  } else if (auto* string = text()) {
    append_json_text(out, *string);
  } else if (auto* number = std::get_if<number_text>(&value_)) {
    out += number->digits;
  } else if (auto* truth = std::get_if<bool>(&value_)) {
    out += *truth ? "true" : "false";
  } else {
    out += "null";
  }
}

}  // namespace perdure::gateway
