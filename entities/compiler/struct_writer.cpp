#include "entities/compiler/writers.h"

namespace perdure::compiler {

namespace {

void write_members(const body& content, bool recursive, const std::string& name, printer& to);

void write_equality_declaration(bool recursive, const std::string& name, printer& to) {
  to.gap();
  auto arguments = "(const " + name + "&, const " + name + "&)";
  to.line("friend bool operator==", arguments, recursive ? ";" : " = default;");
}

void write_case(const union_case& member, bool recursive, printer& to) {
  to.gap();
  to.open("struct ", member.cpp, " {");
  body none;
  if (member.value) {
    if (!member.value->fallback_words.empty()) {
      to.line("static const ", member.value->type, "& default_value();");
    }
    auto& fallback = member.value->fallback;
    to.line(member.value->member_type(), " value = ", fallback.empty() ? "{}" : fallback, ";");
  }
  write_members(member.group ? *member.group : none, recursive, member.cpp, to);
  to.close("};");
}

/// Writes the structs that the members need, before those.
struct nested_writer {
  bool recursive;
  printer& to;

  void operator()(const value_field& field) const {
    if (field.fallback_words.empty()) return;
    to.line("static const ", field.type, "& default_", field.cpp, "();");
  }

  void operator()(const group_field& field) const {
    to.gap();
    to.open("struct ", field.type, " {");
    write_members(*field.content, recursive, field.type, to);
    to.close("};");
    to.gap();
  }

  void operator()(const union_field& field) const {
    to.gap();
    to.line("/// What `", field.cpp, "` can be.");
    to.open("struct ", field.holder, " {");
    for (auto& member : field.cases) write_case(member, recursive, to);
    to.close("};");
    to.gap();
  }
};

struct member_writer {
  printer& to;

  void operator()(const value_field& field) const {
    auto& fallback = field.fallback;
    to.line(field.member_type(), " ", field.cpp, " = ", fallback.empty() ? "{}" : fallback, ";");
  }
  void operator()(const group_field& field) const { to.line(field.type, " ", field.cpp, " = {};"); }
  void operator()(const union_field& field) const {
    to.line("std::variant<");
    to.indent();
    for (auto& member : field.cases) {
      bool last = &member == &field.cases.back();
      auto end = last ? "> " + field.cpp + " = {};" : std::string(",");
      to.line(field.holder, "::", member.cpp, end);
    }
    to.dedent();
  }
};

void write_members(const body& content, bool recursive, const std::string& name, printer& to) {
  for (auto& member : content.members) std::visit(nested_writer{recursive, to}, member);
  for (auto& member : content.members) std::visit(member_writer{to}, member);
  write_equality_declaration(recursive, name, to);
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
      compare_body(*group->content, name + "::" + group->type, false, to);
    }
    if (auto* choice = std::get_if<union_field>(&member)) {
      for (auto& one : choice->cases) {
        body none;
        compare_body(one.group ? *one.group : none, name + "::" + choice->holder + "::" + one.cpp,
                     one.value.has_value(), to);
      }
    }
  }
  write_comparison(members, name, to);
}

}  // namespace

void write_struct(const struct_model& model, printer& to) {
  to.gap();
  to.open("struct ", model.type->cpp_name, " {");
  write_members(model.content, model.recursive, model.type->cpp_name, to);
  to.close("};");
}

void write_equality(const struct_model& model, printer& to) {
  if (model.recursive) compare_body(model.content, model.type->cpp(), false, to);
}

}  // namespace perdure::compiler
