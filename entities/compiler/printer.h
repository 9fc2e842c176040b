#pragma once

/// Text of C++ in the making: lines, indented by the scopes that are open.

#include <string>
#include <string_view>

namespace perdure::compiler {

class printer {
public:
  /// Adds a line made of `parts`.
  template <class... Parts>
  void line(const Parts&... parts) {
    std::string text;
    (text.append(parts), ...);
    add(text);
  }

  /// Adds an empty line; never two, and none at the beginning of a scope.
  void gap();

  /// Adds a line and indents what follows, until `close`.
  template <class... Parts>
  void open(const Parts&... parts) {
    line(parts...);
    ++depth_;
    fresh_ = true;
  }
  void close(std::string_view text = "}");

  /// Indents the lines between, which continue the one before.
  void indent() { depth_ += 2; }
  void dedent() { depth_ -= 2; }

  /// Adds a line one level further out, like "public:" in a class.
  void label(std::string_view text);

  const std::string& text() const { return text_; }

private:
  void add(const std::string& text);

  std::string text_;
  unsigned depth_ = 0;
  bool fresh_ = true;
};

}  // namespace perdure::compiler
