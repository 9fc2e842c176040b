#include <algorithm>

#include "entities/compiler/names.h"
#include "entities/compiler/writers.h"

namespace perdure::compiler {

namespace {

/// Which of a codec's functions is being written.
enum class pass { measure, write, read };

bool has_pointers(const body& content);

bool has_pointers(const union_case& member) {
  return (member.value && member.value->is_pointer) ||
         (member.group && has_pointers(*member.group));
}

bool has_pointers(const body& content) {
  for (auto& member : content.members) {
    if (auto* field = std::get_if<value_field>(&member); field && field->is_pointer) return true;
    if (auto* group = std::get_if<group_field>(&member); group && has_pointers(*group->content)) {
      return true;
    }
    if (auto* choice = std::get_if<union_field>(&member)) {
      for (auto& one : choice->cases) {
        if (has_pointers(one)) return true;
      }
    }
  }
  return false;
}

/// Writes the statements of one pass over a struct's members.
class pass_writer {
public:
  pass_writer(pass which, printer& to) : pass_(which), to_(to) {}

  /// `path` is the expression of the value, `type` its type.
  void write(const body& content, const std::string& path, const std::string& type) {
    for (auto& member : content.members) {
      if (auto* field = std::get_if<value_field>(&member)) {
        write_value(*field, path + '.' + field->cpp, type);
      } else if (auto* group = std::get_if<group_field>(&member)) {
        write(*group->content, path + '.' + group->cpp, type + "::" + group->alias);
      } else {
        auto& choice = std::get<union_field>(member);
        write_union(choice, path + '.' + choice.cpp, type + "::" + choice.alias);
      }
    }
  }

private:
  void write_value(const value_field& field, const std::string& path, const std::string& type) {
    if (pass_ == pass::write && !field.is_pointer) return;
    auto arguments = std::to_string(field.offset) + ", " + path;
    // A null pointer leaves the default that is there already.
    if (field.has_fallback && !(pass_ == pass::read && field.is_pointer)) {
      arguments += ", " + fallback(field, type);
    }
    to_.line(function(field), "(", arguments, ");");
  }

  static std::string fallback(const value_field& field, const std::string& type) {
    return field.fallback_words.empty() ? field.global_fallback : type + "::" + field.fallback;
  }

  std::string function(const value_field& field) const {
    switch (pass_) {
      case pass::measure:
        return field.is_pointer ? "into.point" : "into.set";
      case pass::write:
        return "to.put";
      case pass::read:
        if (!field.is_pointer) return "from.number_at";
        return field.schema.getType().isStruct() && field.has_fallback ? "from.get_anew"
                                                                       : "from.get";
    }
    return "";
  }

  void write_union(const union_field& field, const std::string& path, const std::string& holder) {
    auto tag = std::to_string(field.tag_offset);
    if (pass_ == pass::write && !std::any_of(field.cases.begin(), field.cases.end(),
                                             [](auto& one) { return has_pointers(one); })) {
      return;
    }
    if (pass_ == pass::read)
      to_.open("switch (auto tag = from.tag_at(", tag, "); tag) {");
    else
      to_.open("switch (", path, ".index()) {");
    for (std::size_t i = 0; i < field.cases.size(); ++i) {
      write_case(field.cases[i], std::to_string(i), tag, path, holder);
    }
    if (pass_ == pass::read) {
      to_.line("default: perdure::wire::unknown_member(", quoted(field.path), ", tag);");
    }
    to_.close();
  }

  void write_case(const union_case& one, const std::string& number, const std::string& tag,
                  const std::string& path, const std::string& holder) {
    if (pass_ == pass::write && !has_pointers(one)) return;
    auto set_tag = "into.set(" + tag + ", std::uint16_t{" + number + "});";
    bool has_content = one.value || (one.group && !one.group->empty());
    if (!has_content) {
      auto statement = pass_ == pass::read ? path + ".emplace<" + number + ">();" : set_tag;
      to_.line("case ", number, ": ", statement, " break;");
      return;
    }
    auto name = "member" + std::to_string(++depth_);
    to_.open("case ", number, ": {");
    if (pass_ == pass::read)
      to_.line("auto& ", name, " = ", path, ".emplace<", number, ">();");
    else
      to_.line("auto& ", name, " = std::get<", number, ">(", path, ");");
    if (pass_ == pass::measure) to_.line(set_tag);
    auto type = holder + "::" + one.cpp;
    if (one.value)
      write_value(*one.value, name + ".value", type);
    else
      write(*one.group, name, type);
    to_.line("break;");
    to_.close();
    --depth_;
  }

  pass pass_;
  printer& to_;
  unsigned depth_ = 0;
};

class default_writer {
public:
  explicit default_writer(printer& to) : to_(to) {}

  void write(const body& content, const std::string& type) {
    for (auto& member : content.members) {
      if (auto* field = std::get_if<value_field>(&member)) {
        write_value(*field, type);
      } else if (auto* group = std::get_if<group_field>(&member)) {
        write(*group->content, type + "::" + group->alias);
      } else {
        auto& choice = std::get<union_field>(member);
        for (auto& one : choice.cases) {
          auto inner = type + "::" + choice.alias + "::" + one.cpp;
          if (one.value) write_value(*one.value, inner);
          if (one.group) write(*one.group, inner);
        }
      }
    }
  }

private:
  void write_value(const value_field& field, const std::string& type) {
    if (field.fallback_words.empty()) return;
    to_.gap();
    to_.open("const ", field.type, "& ", type, "::", field.fallback, " {");
    to_.open("static constexpr std::uint64_t words[] = {");
    write_words(field.fallback_words, to_);
    to_.close("};");
    to_.line("static const auto value = perdure::wire::default_of<", field.type, ">(words);");
    to_.line("return value;");
    to_.close();
  }

  printer& to_;
};

}  // namespace

void write_defaults(const struct_model& model, printer& to) {
  default_writer{to}.write(model.content, model.type->cpp());
}

void write_codec(const file_model& file, const struct_model& model, printer& to) {
  auto type = "::" + file.cpp_namespace + "::" + model.type->cpp();
  auto codec = "perdure::codec<" + type + ">";
  bool empty = model.content.empty();
  bool pointers = has_pointers(model.content);

  to.gap();
  to.open("perdure::bytes ", codec, "::encode(const type& value) {");
  to.line("return wire::encode(value);");
  to.close();
  to.gap();
  to.open("auto ", codec, "::decode(bytes_view payload) -> type {");
  to.line("return wire::decode<type>(payload);");
  to.close();
  to.gap();
  to.line("void ", codec, "::measure(");
  to.open("    const type&", empty ? "" : " value", ", wire::section&", empty ? ") {" : " into) {");
  pass_writer{pass::measure, to}.write(model.content, "value", type);
  to.close();
  to.gap();
  to.line("void ", codec, "::write(");
  to.open("    const type&", pointers ? " value" : "", ", wire::pointers&",
          pointers ? " to) {" : ") {");
  pass_writer{pass::write, to}.write(model.content, "value", type);
  to.close();
  to.gap();
  to.line("void ", codec, "::read(");
  to.open("    const wire::reader&", empty ? "" : " from", ", type&", empty ? ") {" : " into) {");
  pass_writer{pass::read, to}.write(model.content, "into", type);
  to.close();
}

}  // namespace perdure::compiler
