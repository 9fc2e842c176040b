#include "entities/compiler/model.h"
// The compatibility header, first in there, comes before Cap'n Proto's.
#include <capnp/message.h>

#include <map>

#include "entities/compiler/names.h"
#include "entities/compiler/types.h"

namespace perdure::compiler {

using capnp::schema::CodeGeneratorRequest;
using capnp::schema::Node;

namespace {

/// Collects an interface's nodes by their ids.
class collector {
public:
  explicit collector(const schemas& from) : from_(from) {}

  void add(std::uint64_t id) {
    auto node = from_.node(id);
    if (!node || !nodes.emplace(id, *node).second) return;
    if (node->isInterface()) add_interface(*node);
    if (node->isStruct()) {
      for (auto field : node->getStruct().getFields()) add_field(field);
    }
  }

  std::map<std::uint64_t, Node::Reader> nodes;

private:
  void add_interface(Node::Reader node) {
    for (auto method : node.getInterface().getMethods()) {
      add(method.getParamStructType());
      add(method.getResultStructType());
    }
    auto& type = *from_.find(node.getId());
    auto state = text_annotation(node.getAnnotations(), annotation::state);
    for (auto* candidate : from_.declared_in(type.where.file)) {
      if (state && !candidate->anonymous && candidate->where.path == *state) add(candidate->id);
    }
  }

  void add_field(capnp::schema::Field::Reader field) {
    if (field.isGroup())
      add(field.getGroup().getTypeId());
    else
      add_type(field.getSlot().getType());
  }

  void add_type(capnp::schema::Type::Reader type) {
    if (type.isList()) add_type(type.getList().getElementType());
    if (type.isStruct()) add(type.getStruct().getTypeId());
    if (type.isEnum()) add(type.getEnum().getTypeId());
  }

  const schemas& from_;
};

/// Copies a node without what depends on where the contract lies and what else its file holds.
void copy_node(Node::Reader from, Node::Builder to) {
  auto name = to_string(from.getDisplayName());
  auto path = name.substr(0, name.find(':'));
  auto cut = path.size() - file_name(path).size();
  to.setDisplayName(name.substr(cut).c_str());
  to.setDisplayNamePrefixLength(from.getDisplayNamePrefixLength() - static_cast<unsigned>(cut));
  to.disownNestedNodes();
}

}  // namespace

std::vector<std::uint64_t> embedded_schema(const schemas& from, std::uint64_t interface) {
  collector reached{from};
  reached.add(interface);
  capnp::MallocMessageBuilder message;
  auto request = message.initRoot<CodeGeneratorRequest>();
  auto nodes = request.initNodes(static_cast<unsigned>(reached.nodes.size()));
  unsigned index = 0;
  for (auto& [id, node] : reached.nodes) {
    nodes.setWithCaveats(index, node);
    copy_node(node, nodes[index]);
    ++index;
  }
  // The canonical form leaves out what became garbage above.
  auto words = capnp::canonicalize(request.asReader());
  auto flat = to_words(words);
  flat.insert(flat.begin(), static_cast<std::uint64_t>(flat.size()) << 32);
  return flat;
}

}  // namespace perdure::compiler
