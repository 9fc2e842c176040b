#include "entities/compiler/source_lines.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace perdure::compiler {

namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Whether a word can be declared: not a number, not punctuation.
bool is_name(std::string_view word) {
  return is_word(word[0]) && !(word[0] >= '0' && word[0] <= '9');
}

struct token {
  std::string_view text;  ///< A word, or one character of punctuation; empty at the end.
  unsigned line = 0;
};

/// Splits a contract's text into words and punctuation; comments and strings are passed over.
class scanner {
public:
  explicit scanner(std::string_view text) : text_(text) {}

  token next() {
    skip();
    auto start = at_;
    if (at_ == text_.size()) return {{}, line_};
    ++at_;
    if (is_word(text_[start])) {
      while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    }
    return {text_.substr(start, at_ - start), line_};
  }

private:
  void skip() {
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (c == '#')
        at_ = std::min(text_.find('\n', at_), text_.size());
      else if (c == '"')
        skip_string();
      else if (c == '\n')
        ++line_, ++at_;
      else if (c == ' ' || c == '\t' || c == '\r')
        ++at_;
      else
        return;
    }
  }

  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
      if (at_ < text_.size() && text_[at_] == '\n') ++line_;
    }
    at_ = std::min(at_ + 1, text_.size());
  }

  std::string_view text_;
  std::size_t at_ = 0;
  unsigned line_ = 1;
};

/// Returns `name` inside `scope`.
std::string join(const std::string& scope, std::string_view name) {
  if (name.empty()) return scope;
  return scope.empty() ? std::string(name) : scope + '.' + std::string(name);
}

}  // namespace

source_lines::source_lines(std::string_view text) {
  scanner from{text};
  std::vector<std::string> scopes{""};
  std::string pending;   // The name that the next '{' opens.
  std::string declared;  // The last declaration with a number: owner of the parameters behind it.
  unsigned parentheses = 0;
  token word;  // The last word, where it may be a name.
  for (auto now = from.next(); !now.text.empty(); now = from.next()) {
    auto& scope = scopes.back();
    if (now.text == "(") {
      ++parentheses;
    } else if (now.text == ")") {
      parentheses -= parentheses > 0;
    } else if (parentheses > 0) {
      if (now.text == ":") lines_.emplace(join(declared, word.text), word.line);
    } else if (now.text == "{") {
      scopes.push_back(join(scope, std::exchange(pending, "")));
    } else if (now.text == "}") {
      if (scopes.size() > 1) scopes.pop_back();
    } else if (now.text == ";") {
      pending.clear();
    } else if ((now.text == "@" || now.text == ":") && !word.text.empty()) {
      declared = join(scope, word.text);
      lines_.emplace(declared, word.line);
      pending = word.text;
    } else if (now.text == "namespace" && scopes.size() == 1) {
      lines_.emplace("$namespace", now.line);
    } else if (word.text == "struct" || word.text == "interface" || word.text == "enum") {
      pending = now.text;
      lines_.emplace(join(scope, now.text), now.line);
    }
    word = is_name(now.text) ? now : token{};
  }
}

unsigned source_lines::find(std::string_view path) const {
  while (true) {
    if (auto found = lines_.find(path); found != lines_.end()) return found->second;
    auto dot = path.rfind('.');
    if (dot == path.npos) return 0;
    path = path.substr(0, dot);
  }
}

}  // namespace perdure::compiler
