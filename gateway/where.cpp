#include "gateway/where.h"

#include <charconv>
#include <compare>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace perdure::gateway {

namespace {

constexpr std::size_t bytes_max = 10'000;
constexpr std::size_t depth_max = 64;

enum class comparison : std::uint8_t { equal, unequal, less, at_most, greater, at_least };

// Longer signs before those that they begin with.
constexpr std::pair<std::string_view, comparison> signs[] = {
    {"!=", comparison::unequal}, {"<=", comparison::at_most}, {">=", comparison::at_least},
    {"=", comparison::equal},    {"<", comparison::less},     {">", comparison::greater}};

/// An attribute's name or a literal.
struct operand {
  std::optional<std::string> name;
  attribute_value literal;

  /// Returns what it stands for, or null.
  const attribute_value* of(const core::attributes& all) const {
    if (!name) return &literal;
    auto found = all.find(*name);
    return found == all.end() ? nullptr : &found->second;
  }
};

/// Wide enough for every value of either kind.
std::optional<long double> number_of(const attribute_value& value) {
  if (auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<long double>(*whole);
  if (auto* other = std::get_if<double>(&value)) return *other;
  return std::nullopt;
}

bool holds(std::partial_ordering order, comparison how) {
  switch (how) {
    case comparison::equal:
      return order == 0;
    case comparison::unequal:
      return order != 0;
    case comparison::less:
      return order < 0;
    case comparison::at_most:
      return order <= 0;
    case comparison::greater:
      return order > 0;
    case comparison::at_least:
      return order >= 0;
  }
  return false;
}

bool holds(const attribute_value* left, comparison how, const attribute_value* right) {
  if (left == nullptr || right == nullptr) return false;
  const auto a = number_of(*left), b = number_of(*right);
  if (a && b) return holds(*a <=> *b, how);
  if (left->index() != right->index()) return false;
  if (auto* text = std::get_if<std::string>(left)) {
    return holds(*text <=> std::get<std::string>(*right), how);
  }
  const bool same = std::get<bool>(*left) == std::get<bool>(*right);
  return how == (same ? comparison::equal : comparison::unequal);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_of_name(char c) { return begins_name(c) || is_digit(c) || c == '-' || c == '.'; }

/// One function for each rule of the grammar; each returns nothing once `expected_` is set.
class parser {
public:
  explicit parser(std::string_view text) : text_(text) {}

  result<attribute_condition> whole() {
    auto read = either();
    if (read && (skip_space(), at_ != text_.size())) expect("and, or or the end"), read = {};
    if (read) return read;
    return error{errc::malformed,
                 "expected " + expected_ + " at position " + std::to_string(at_ + 1)};
  }

private:
  attribute_condition either() {
    auto left = both();
    while (left && take_word("or")) {
      auto right = both();
      if (!right) return {};
      left = [left = std::move(left), right = std::move(right)](const core::attributes& all) {
        return left(all) || right(all);
      };
    }
    return left;
  }

  attribute_condition both() {
    auto left = single();
    while (left && take_word("and")) {
      auto right = single();
      if (!right) return {};
      left = [left = std::move(left), right = std::move(right)](const core::attributes& all) {
        return left(all) && right(all);
      };
    }
    return left;
  }

  attribute_condition single() {
    if (++depth_ > depth_max) return expect("at most 64 levels of nesting"), nullptr;
    auto read = take_word("not") ? negated() : take('(') ? enclosed() : compared();
    --depth_;
    return read;
  }

  attribute_condition negated() {
    auto inner = single();
    if (!inner) return {};
    return [inner = std::move(inner)](const core::attributes& all) { return !inner(all); };
  }

  attribute_condition enclosed() {
    auto inner = either();
    if (inner && !take(')')) return expect("and, or or ')'"), nullptr;
    return inner;
  }

  attribute_condition compared() {
    auto left = value("a name or a literal");
    if (!left) return {};
    const auto how = sign();
    if (!how) return expect("one of = != < <= > >="), nullptr;
    auto right = value("a name or a literal (texts stand in double quotes)");
    if (!right) return {};
    return [left = std::move(*left), how = *how, right = std::move(*right)](
               const core::attributes& all) { return holds(left.of(all), how, right.of(all)); };
  }

  std::optional<operand> value(const char* what) {
    skip_space();
    const char c = peek();
    if (c == '"') return quoted();
    if (is_digit(c) || c == '-') return number();
    if (!begins_name(c)) return expect(what), std::nullopt;
    const auto begin = at_;
    auto name = std::string(word());
    if (name == "true" || name == "false") return operand{{}, name == "true"};
    if (name == "and" || name == "or" || name == "not") {
      at_ = begin;
      return expect(what), std::nullopt;
    }
    return operand{std::move(name), {}};
  }

  std::optional<operand> quoted() {
    std::string text;
    for (++at_; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '"') return ++at_, operand{{}, std::move(text)};
      if (c == '\\') {
        c = at_ + 1 < text_.size() ? text_[++at_] : '\0';
        if (c != '"' && c != '\\') return expect("\\\" or \\\\ for a backslash"), std::nullopt;
      }
      text += c;
    }
    return expect("a closing quote"), std::nullopt;
  }

  std::optional<operand> number() {
    auto rest = text_.substr(at_);
    const auto* last = rest.data() + rest.size();
    double value = 0;
    std::int64_t whole = 0;
    const auto [end, problem] = std::from_chars(rest.data(), last, value);
    if (problem != std::errc{} || (end != last && is_of_name(*end))) {
      return expect("a number"), std::nullopt;
    }
    const auto [whole_end, too_wide] = std::from_chars(rest.data(), end, whole);
    at_ += static_cast<std::size_t>(end - rest.data());
    if (too_wide == std::errc{} && whole_end == end) return operand{{}, whole};
    return operand{{}, value};
  }

  std::optional<comparison> sign() {
    skip_space();
    for (auto& [text, how] : signs) {
      if (!text_.substr(at_).starts_with(text)) continue;
      at_ += text.size();
      return how;
    }
    return std::nullopt;
  }

  std::string_view word() {
    const auto begin = at_;
    while (at_ < text_.size() && is_of_name(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  bool take_word(std::string_view expected) {
    skip_space();
    const auto begin = at_;
    if (word() == expected) return true;
    at_ = begin;
    return false;
  }

  bool take(char c) {
    skip_space();
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  void skip_space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void expect(std::string what) {
    if (expected_.empty()) expected_ = std::move(what);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::string expected_;
};

}  // namespace

result<attribute_condition> parse_where(std::string_view text) {
  if (text.size() > bytes_max) {
    return error{errc::malformed, "expected at most " + std::to_string(bytes_max) + " bytes"};
  }
  return parser(text).whole();
}

}  // namespace perdure::gateway
