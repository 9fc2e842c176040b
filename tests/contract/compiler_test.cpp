#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

/// The plugin as a program: what it writes for good contracts, byte for byte, and what it says
/// about bad ones.
///
/// PERDURE_UPDATE_GOLDEN=1 ./test_contract -tc="compiler: golden*" writes the golden files anew;
/// look at what changed before committing it.

namespace {

namespace fs = std::filesystem;

struct run_result {
  int status = 0;
  std::string output;
};

run_result run(const std::string& command) {
  run_result result;
  auto* pipe = popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe);
  std::array<char, 4096> buffer;
  while (auto size = fread(buffer.data(), 1, buffer.size(), pipe)) {
    result.output.append(buffer.data(), size);
  }
  result.status = pclose(pipe);
  return result;
}

/// An empty folder for one test's output.
fs::path scratch(const std::string& name) {
  auto folder = fs::path(SCRATCH_PATH) / name;
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

/// Compiles contracts of one folder into another.
run_result compile(const fs::path& folder, const std::vector<std::string>& files,
                   const fs::path& output) {
  auto command = "cd " + folder.string() +
                 " && env -u PERDURE_CONTRACT_ROOT " CAPNP_PATH " compile -I" IMPORT_PATH
                 " -o" COMPILER_PATH ":" +
                 output.string();
  for (auto& file : files) command += ' ' + file;
  return run(command);
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_CASE("compiler: golden files are what contracts are turned into") {
  auto output = scratch("golden");
  auto compiled = compile(CONTRACTS_PATH, {"common.capnp", "kitchen.capnp"}, output);
  REQUIRE_MESSAGE(compiled.status == 0, compiled.output);
  for (auto* name :
       {"common.perdure.h", "common.perdure.cpp", "kitchen.perdure.h", "kitchen.perdure.cpp"}) {
    auto generated = read(output / name);
    auto golden = fs::path(GOLDEN_PATH) / name;
    if (std::getenv("PERDURE_UPDATE_GOLDEN")) std::ofstream(golden, std::ios::binary) << generated;
    const bool same = generated == read(golden);
    CHECK_MESSAGE(same, "diff ", golden.string(), " ", (output / name).string(),
                  " and, if that is meant, run with PERDURE_UPDATE_GOLDEN=1");
  }
}

TEST_CASE("compiler: generated headers know nothing of Cap'n Proto") {
  auto output = scratch("plain");
  REQUIRE(compile(CONTRACTS_PATH, {"kitchen.capnp"}, output).status == 0);
  auto header = read(output / "kitchen.perdure.h");
  CHECK(header.find("capnp/") == std::string::npos);
  CHECK(header.find("kj") == std::string::npos);
}

TEST_CASE("compiler: what is generated does not depend on where the contract lies") {
  auto here = scratch("here"), there = scratch("there/deep/inside");
  fs::copy(CONTRACTS_PATH, there / "copied");
  REQUIRE(compile(CONTRACTS_PATH, {"kitchen.capnp"}, here).status == 0);
  REQUIRE(compile(there, {"copied/kitchen.capnp"}, there).status == 0);
  CHECK(read(here / "kitchen.perdure.cpp") == read(there / "copied/kitchen.perdure.cpp"));
  CHECK(read(here / "kitchen.perdure.h") == read(there / "copied/kitchen.perdure.h"));
}

/// The lines of a bad contract that begin with "#! ": what is expected to be said about it.
std::string expected_errors(const fs::path& contract) {
  std::ifstream in(contract);
  std::string expected;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#! "))
      expected += contract.filename().string() + ":" + line.substr(3) + '\n';
  }
  return expected;
}

TEST_CASE("compiler: every bad contract is refused with all its errors and no output") {
  std::vector<fs::path> contracts;
  for (auto& entry : fs::directory_iterator(BAD_PATH)) contracts.push_back(entry.path());
  std::sort(contracts.begin(), contracts.end());
  CHECK(contracts.size() > 15);
  for (auto& contract : contracts) {
    CAPTURE(contract.string());
    auto output = scratch("bad");
    auto compiled = compile(BAD_PATH, {contract.filename().string()}, output);
    CHECK(compiled.status != 0);
    auto expected = expected_errors(contract);
    // The last line is capnp's own, about the plugin.
    CHECK(compiled.output.substr(0, compiled.output.find(COMPILER_PATH)) == expected);
    CHECK(fs::is_empty(output));
  }
}

TEST_CASE("compiler: one bad contract keeps the others from being written") {
  auto output = scratch("mixed"), contracts = scratch("mixed_contracts");
  fs::copy_file(fs::path(CONTRACTS_PATH) / "common.capnp", contracts / "common.capnp");
  fs::copy_file(fs::path(BAD_PATH) / "no_kind.capnp", contracts / "no_kind.capnp");
  CHECK(compile(contracts, {"common.capnp", "no_kind.capnp"}, output).status != 0);
  CHECK(fs::is_empty(output));
}

TEST_CASE("compiler: a contract without entities and structs is fine") {
  auto output = scratch("empty"), contracts = scratch("empty_contracts");
  std::ofstream(contracts / "empty.capnp") << "@0xabcdefabcdefabcd;\nconst answer :UInt32 = 42;\n";
  auto compiled = compile(contracts, {"empty.capnp"}, output);
  CHECK_MESSAGE(compiled.status == 0, compiled.output);
  CHECK(fs::exists(output / "empty.perdure.h"));
}

TEST_CASE("compiler: a contract whose text is not found has messages without lines") {
  auto output = scratch("lineless");
  auto command = "cd " + output.string() +
                 " && PERDURE_CONTRACT_ROOT=/nowhere " CAPNP_PATH " compile -I" IMPORT_PATH
                 " --src-prefix=" BAD_PATH "/ -o" COMPILER_PATH " " BAD_PATH "/no_kind.capnp";
  auto said = run(command).output;
  CHECK_MESSAGE(said.starts_with("no_kind.capnp: error: method \"add\" has no kind;"), said);
}

}  // namespace
