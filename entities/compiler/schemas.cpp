#include "entities/compiler/schemas.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "entities/compiler/names.h"

namespace perdure::compiler {

using capnp::schema::CodeGeneratorRequest;
using capnp::schema::Node;

bool has_annotation(annotations of, std::uint64_t id) {
  for (auto candidate : of) {
    if (candidate.getId() == id) return true;
  }
  return false;
}

std::optional<std::string> text_annotation(annotations of, std::uint64_t id) {
  for (auto candidate : of) {
    if (candidate.getId() == id) return to_string(candidate.getValue().getText());
  }
  return std::nullopt;
}

std::string to_string(kj::StringPtr text) { return std::string(text.begin(), text.size()); }

place place::inside(std::string_view name) const {
  return {file, path.empty() ? std::string(name) : path + '.' + std::string(name)};
}

schemas::schemas(request from) {
  for (auto node : from.getNodes()) {
    nodes_.emplace(node.getId(), node);
    loader_.loadOnce(node);
  }
  for (auto& [id, node] : nodes_) {
    if (node.isFile()) name_nested(node, id, {id, ""}, "");
  }
  for (auto file : from.getRequestedFiles()) read_source(file);
}

std::optional<Node::Reader> schemas::node(std::uint64_t id) const {
  auto found = nodes_.find(id);
  if (found == nodes_.end()) return std::nullopt;
  return found->second;
}

const declaration* schemas::find(std::uint64_t id) const {
  auto found = declarations_.find(id);
  return found == declarations_.end() ? nullptr : &found->second;
}

std::vector<const declaration*> schemas::declared_in(std::uint64_t file) const {
  std::vector<const declaration*> found;
  for (auto id : order_) {
    if (auto* candidate = find(id); candidate->where.file == file) found.push_back(candidate);
  }
  return found;
}

void schemas::name_nested(Node::Reader parent, std::uint64_t file, const place& where,
                          const std::string& cpp_prefix) {
  for (auto nested : parent.getNestedNodes()) {
    auto found = nodes_.find(nested.getId());
    if (found == nodes_.end()) continue;
    auto name = to_string(nested.getName());
    declaration type{nested.getId(), where.inside(name), "", snake_case(cpp_prefix + name), false};
    auto node = found->second;
    if (node.isStruct() || node.isEnum() || node.isInterface()) {
      declarations_.emplace(type.id, type);
      order_.push_back(type.id);
    }
    name_nested(node, file, type.where, cpp_prefix + name);
    if (node.isInterface()) name_methods(node, type);
  }
}

void schemas::name_methods(Node::Reader interface, const declaration& owner) {
  for (auto method : interface.getInterface().getMethods()) {
    auto name = to_string(method.getName());
    name_anonymous(method.getParamStructType(), owner, name, "Params");
    name_anonymous(method.getResultStructType(), owner, name, "Results");
  }
}

void schemas::name_anonymous(std::uint64_t id, const declaration& owner, std::string_view method,
                             const char* suffix) {
  auto found = nodes_.find(id);
  // Only structs written as a parameter list have no scope.
  if (found == nodes_.end() || found->second.getScopeId() != 0) return;
  auto text = std::string(method);
  declarations_.emplace(id, declaration{id, owner.where.inside(text), owner.cpp_name + "_contract",
                                        snake_case(text + suffix), true});
  order_.push_back(id);
}

void schemas::read_source(CodeGeneratorRequest::RequestedFile::Reader file) {
  auto name = to_string(file.getFilename());
  sources_[file.getId()] = {name, source_lines{}};
  // Files are named by the prefix that was cut off, or else by where `capnp` was called; it calls
  // its plugins in the folder for their output.
  auto* prefix = std::getenv("PERDURE_CONTRACT_ROOT");
  std::error_code unknown;
  auto caller = "/proc/" + std::to_string(getppid()) + "/cwd";
  auto root =
      prefix ? std::filesystem::path(prefix) : std::filesystem::read_symlink(caller, unknown);
  std::ifstream in(root / name, std::ios::binary);
  if (!in) return;
  std::string text{std::istreambuf_iterator<char>(in), {}};
  sources_[file.getId()] = {prefix ? (root / name).string() : name, source_lines{text}};
}

std::string schemas::namespace_of(std::uint64_t file) const {
  auto found = node(file);
  if (!found) return "";
  if (auto given = text_annotation(found->getAnnotations(), annotation::in_namespace)) {
    return to_cpp_namespace(*given);
  }
  return snake_case(file_stem(to_string(found->getDisplayName())));
}

std::string schemas::cpp_name(const declaration& type, std::string_view home) const {
  auto its_namespace = namespace_of(type.where.file);
  return its_namespace == home ? type.cpp() : "::" + its_namespace + "::" + type.cpp();
}

std::string schemas::path_of(std::uint64_t file) const {
  if (auto found = sources_.find(file); found != sources_.end()) return found->second.path;
  auto found = node(file);
  return found ? to_string(found->getDisplayName()) : std::string();
}

std::string schemas::source_of(const place& where) const {
  auto line = line_of(where);
  auto name = file_name(path_of(where.file));
  return line == 0 ? name : name + ':' + std::to_string(line);
}

unsigned schemas::line_of(const place& where) const {
  auto found = sources_.find(where.file);
  return found == sources_.end() ? 0 : found->second.lines.find(where.path);
}

}  // namespace perdure::compiler
