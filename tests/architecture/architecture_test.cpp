// The architecture, checked on the sources themselves, and proof that the check can fail.

#include <doctest/doctest.h>

#include <string>

#include "tests/architecture/rules.h"

namespace perdure::architecture {

namespace {

const source_tree& this_tree() {
  static const source_tree tree = read_tree(PERDURE_SOURCE_DIR);
  return tree;
}

void report(const violations& found) {
  for (auto& line : found) FAIL_CHECK(line);
}

/// A tree of one file.
source_tree tree_of(const std::string& path, const std::string& text) {
  return {{make_file(path, text)}, {path.substr(0, path.rfind('/'))}};
}

}  // namespace

TEST_CASE("architecture: the tree is found") {
  CHECK(this_tree().files.size() > 20);
  CHECK(this_tree().folders.size() > 5);
}

TEST_CASE("architecture: includes point downwards") { report(check_direction(this_tree())); }

TEST_CASE("architecture: libraries stay in their folders, and the core is pure") {
  report(check_includes(this_tree()));
}

TEST_CASE("architecture: banned calls are not made") { report(check_calls(this_tree())); }

TEST_CASE("architecture: no line is wider than 100 columns") { report(check_columns(this_tree())); }

TEST_CASE("architecture: every folder says what it is") { report(check_readmes(this_tree())); }

TEST_CASE("architecture: canary: an include upwards is found") {
  source_tree tree = tree_of("persistence/journal.h", "#include \"runtime/engine.h\"\n");
  CHECK(check_direction(tree).size() == 1);
  tree.files.push_back(make_file("node/include/perdure/node.h", "#pragma once\n"));
  tree.files.push_back(make_file("entities/x.cpp", "#include <perdure/node.h>\n"));
  CHECK(check_direction(tree).size() == 2);
  CHECK(check_direction(tree_of("runtime/a.cpp", "#include \"entities/b.h\"\n")).empty());
  CHECK(check_direction(tree_of("cli/a.cpp", "#include \"examples/b.h\"\n")).size() == 1);
}

TEST_CASE("architecture: canary: a library outside its folder is found") {
  CHECK(check_includes(tree_of("gateway/a.cpp", "#include <caf/all.hpp>\n")).size() == 1);
  CHECK(check_includes(tree_of("runtime/a.cpp", "#include <caf/all.hpp>\n")).empty());
  CHECK(check_includes(tree_of("persistence/a.cpp", "  #  include <lmdb.h>\n")).size() == 1);
  CHECK(check_includes(tree_of("runtime/a.h", "#include <capnp/message.h>\n")).size() == 1);
  CHECK(check_includes(tree_of("entities/a.h", "#include <mutex>\n#include <map>\n")).size() == 1);
}

TEST_CASE("architecture: canary: a banned call is found, prose is not") {
  CHECK(check_calls(tree_of("runtime/a.cpp", "auto t = system_clock::now();\n")).size() == 1);
  CHECK(check_calls(tree_of("runtime/a.cpp", "// not system_clock::now();\n")).empty());
  CHECK(check_calls(tree_of("runtime/a.cpp", "f(\"rand()\"); /* rand() */ g();\n")).empty());
  CHECK(check_calls(tree_of("runtime/a.cpp", "int n = 10'000; rand();\n")).size() == 1);
  CHECK(check_calls(tree_of("runtime/a.cpp", "self->request(a).await(f);\n")).size() == 1);
  CHECK(check_calls(tree_of("entities/a.cpp", "steady_clock::now();\n")).size() == 1);
}

TEST_CASE("architecture: canary: a wide line and a missing README are found") {
  source_tree tree = tree_of("runtime/a.h", std::string(101, 'x') + "\n");
  CHECK(check_columns(tree).size() == 1);
  CHECK(check_readmes(tree).size() == 1);
  CHECK(columns("\u00e4\u00f6") == 2);
}

}  // namespace perdure::architecture
