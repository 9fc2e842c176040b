#include "entities/compiler/printer.h"

namespace perdure::compiler {

void printer::add(const std::string& text) {
  if (!text.empty()) text_.append(2 * depth_, ' ').append(text);
  text_ += '\n';
  fresh_ = false;
}

void printer::gap() {
  if (!fresh_) text_ += '\n';
  fresh_ = true;
}

void printer::close(std::string_view text) {
  --depth_;
  add(std::string(text));
}

void printer::label(std::string_view text) {
  --depth_;
  add(std::string(text));
  ++depth_;
  fresh_ = true;
}

}  // namespace perdure::compiler
