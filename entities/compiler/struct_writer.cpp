#include "entities/compiler/writers.h"

namespace perdure::compiler {

namespace {

constexpr std::size_t columns = 100;

void write_equality_declaration(bool recursive, const std::string& name, printer& to) {
  to.gap();
  auto arguments = "(const " + name + "&, const " + name + "&)";
  to.line("friend bool operator==", arguments, recursive ? ";" : " = default;");
}

void write_value(const value_field& field, printer& to) {
  auto& fallback = field.fallback;
  // What is incomplete cannot be initialized here; its own default is the same.
  auto initializer = field.incomplete ? "" : " = " + (fallback.empty() ? "{}" : fallback);
  to.line(field.member_type(), " ", field.cpp, initializer, ";");
}

void write_default_declaration(const value_field& field, printer& to) {
  if (field.fallback_words.empty()) return;
  to.line("static const ", field.type, "& ", field.fallback, ";");
}

void write_variant(const union_field& field, printer& to) {
  std::vector<std::string> types;
  std::string all;
  for (auto& member : field.cases) {
    types.push_back(field.alias + "::" + member.cpp);
    all += (all.empty() ? "" : ", ") + types.back();
  }
  auto end = "> " + field.cpp + " = {};";
  if (auto line = "std::variant<" + all + end; line.size() + 4 <= columns) {
    to.line(line);
    return;
  }
  to.line("std::variant<");
  to.indent();
  for (auto& type : types) to.line(type, &type == &types.back() ? end : ",");
  to.dedent();
}

struct alias_writer {
  printer& to;

  void operator()(const value_field&) const {}
  void operator()(const group_field& field) const {
    to.line("using ", field.alias, " = ", field.type, ";");
  }
  void operator()(const union_field& field) const {
    to.line("using ", field.alias, " = ", field.type, ";  // What `", field.cpp, "` can be.");
  }
};

struct member_writer {
  printer& to;

  void operator()(const value_field& field) const { write_value(field, to); }
  void operator()(const group_field& field) const {
    to.line(field.alias, " ", field.cpp, " = {};");
  }
  void operator()(const union_field& field) const { write_variant(field, to); }
};

void write_members(const body& content, bool recursive, const std::string& name, printer& to) {
  for (auto& member : content.members) std::visit(alias_writer{to}, member);
  for (auto& member : content.members) {
    if (auto* field = std::get_if<value_field>(&member)) write_default_declaration(*field, to);
  }
  to.gap();
  for (auto& member : content.members) std::visit(member_writer{to}, member);
  write_equality_declaration(recursive, name, to);
}

void write_case(const union_case& member, bool recursive, printer& to) {
  to.gap();
  to.open("struct ", member.cpp, " {");
  if (member.value) {
    write_default_declaration(*member.value, to);
    write_value(*member.value, to);
    write_equality_declaration(recursive, member.cpp, to);
  } else {
    body none;
    write_members(member.group ? *member.group : none, recursive, member.cpp, to);
  }
  to.close("};");
}

/// Writes the structs of groups and of unions' members, innermost first.
void write_parts(const body& content, bool recursive, printer& to) {
  for (auto& member : content.members) {
    if (auto* group = std::get_if<group_field>(&member)) {
      write_parts(*group->content, recursive, to);
      to.gap();
      to.open("struct ", group->type, " {");
      write_members(*group->content, recursive, group->type, to);
      to.close("};");
    } else if (auto* choice = std::get_if<union_field>(&member)) {
      for (auto& one : choice->cases) {
        if (one.group) write_parts(*one.group, recursive, to);
      }
      to.gap();
      to.open("struct ", choice->type, " {");
      for (auto& one : choice->cases) write_case(one, recursive, to);
      to.close("};");
    }
  }
}

// -- equality of structs that contain themselves --------------------------------------------------

void write_comparison(const std::vector<std::string>& members, const std::string& name,
                      printer& to) {
  to.gap();
  auto unused = members.empty();
  to.open("bool operator==(const ", name, unused ? "&" : "& a", ", const ", name,
          unused ? "&) {" : "& b) {");
  std::string all;
  for (auto& member : members) {
    if (!all.empty()) all += " && ";
    all += "a." + member + " == b." + member;
  }
  to.line("return ", all.empty() ? "true" : all, ";");
  to.close();
}

void compare_body(const body& content, const std::string& name, bool has_value, printer& to) {
  std::vector<std::string> members;
  if (has_value) members.push_back("value");
  for (auto& member : content.members) {
    std::visit([&](auto& field) { members.push_back(field.cpp); }, member);
    if (auto* group = std::get_if<group_field>(&member)) {
      compare_body(*group->content, group->type, false, to);
    }
    if (auto* choice = std::get_if<union_field>(&member)) {
      for (auto& one : choice->cases) {
        body none;
        compare_body(one.group ? *one.group : none, choice->type + "::" + one.cpp,
                     one.value.has_value(), to);
      }
    }
  }
  write_comparison(members, name, to);
}

}  // namespace

void write_struct(const struct_model& model, printer& to) {
  write_parts(model.content, model.recursive, to);
  to.gap();
  to.open("struct ", model.type->cpp_name, " {");
  write_members(model.content, model.recursive, model.type->cpp_name, to);
  to.close("};");
}

void write_equality(const struct_model& model, printer& to) {
  if (model.recursive) compare_body(model.content, model.type->cpp(), false, to);
}

}  // namespace perdure::compiler
