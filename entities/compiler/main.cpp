/// capnpc-perdure: a plugin of the `capnp` compiler. Reads a CodeGeneratorRequest from its standard
/// input and writes FILE.perdure.h and FILE.perdure.cpp for each FILE.capnp into the current
/// folder. Writes nothing when anything is wrong with any of them.

#include <perdure/capnp_compat.h>
// The compatibility header comes first.
#include <capnp/serialize.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include "entities/compiler/checks.h"
#include "entities/compiler/model.h"
#include "entities/compiler/writers.h"

namespace perdure::compiler {

namespace {

/// Writes one file; throws where that fails.
void save(const std::filesystem::path& path, const std::string& text) {
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out) throw std::runtime_error("cannot write " + path.string());
}

int run() {
  capnp::ReaderOptions limits;
  limits.traversalLimitInWords = UINT64_C(1) << 30;
  capnp::StreamFdMessageReader message(STDIN_FILENO, limits);
  auto request = message.getRoot<capnp::schema::CodeGeneratorRequest>();
  schemas nodes{request};
  diagnostics errors{nodes};
  for (auto file : request.getRequestedFiles()) check(nodes, file.getId(), errors);
  if (!errors.empty()) {
    std::cerr << errors.text();
    return 1;
  }
  std::map<std::string, std::string> outputs;
  for (auto file : request.getRequestedFiles()) {
    auto model = read_model(nodes, file);
    outputs[model.path + ".perdure.h"] = write_header(model);
    outputs[model.path + ".perdure.cpp"] = write_source(model);
  }
  for (auto& [path, text] : outputs) save(path, text);
  return 0;
}

}  // namespace

}  // namespace perdure::compiler

int main() {
  try {
    return perdure::compiler::run();
  } catch (const kj::Exception& why) {
    std::cerr << "capnpc-perdure: " << why.getDescription().cStr() << '\n';
  } catch (const std::exception& why) {
    std::cerr << "capnpc-perdure: " << why.what() << '\n';
  }
  return 1;
}
