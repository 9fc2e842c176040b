// The guide quotes code that is compiled: a fence behind a line
//
//     <!-- from examples/shop/order.h -->
//
// is an excerpt of that file, but for white space at the ends of lines.

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;
using lines = std::vector<std::string>;

const fs::path root = PERDURE_SOURCE_DIR;
constexpr std::string_view source_mark = "<!-- from ";

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string trimmed(const std::string& line) {
  const auto begin = line.find_first_not_of(" \t");
  if (begin == std::string::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
}

lines lines_of(const std::string& text) {
  lines all;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto end = std::min(text.find('\n', begin), text.size());
    all.push_back(trimmed(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return all;
}

struct excerpt {
  std::string source;  ///< Empty: the page names none.
  bool is_cpp = false;
  lines code;
};

std::vector<excerpt> excerpts_of(const lines& page) {
  std::vector<excerpt> found;
  for (std::size_t i = 0; i < page.size(); ++i) {
    if (!page[i].starts_with("```")) continue;
    excerpt one;
    one.is_cpp = page[i] == "```cpp";
    if (i > 0 && page[i - 1].starts_with(source_mark)) {
      one.source = page[i - 1].substr(source_mark.size());
      one.source = one.source.substr(0, one.source.find(' '));
    }
    for (++i; i < page.size() && page[i] != "```"; ++i) one.code.push_back(page[i]);
    found.push_back(std::move(one));
  }
  return found;
}

bool holds(const lines& all, const lines& part) {
  return !part.empty() && !std::ranges::search(all, part).empty();
}

/// Whether the build compiles the file: a target names it, or sources that are compiled include it.
bool is_built(const fs::path& source) {
  const auto name = source.filename().string();
  const auto targets = text_of(root / source.parent_path() / "CMakeLists.txt");
  if (source.extension() != ".h") {
    const auto every = "*" + source.extension().string();
    return targets.find(' ' + name) != std::string::npos ||
           targets.find(every) != std::string::npos;
  }
  for (auto top : {"examples", "tests", "testing", "bench"}) {
    for (auto& each : fs::recursive_directory_iterator(root / top)) {
      const auto text = each.path().extension() == ".cpp" ? text_of(each.path()) : std::string();
      if (text.find("#include \"" + source.generic_string() + '"') != std::string::npos)
        return true;
      if (each.path().parent_path() == (root / source).parent_path() &&
          text.find("#include \"" + name + '"') != std::string::npos) {
        return true;
      }
    }
  }
  return false;
}

bool is_ours(const std::string& source) {
  return source.starts_with("examples/") || source.starts_with("tests/") ||
         source.starts_with("testing/");
}

/// Pages of tables, about what stands outside C++.
const std::set<std::string> without_code{"cli", "http", "operations"};
/// Pages that leave out what does not matter there.
const std::set<std::string> with_sketches{"schedules", "testing"};

}  // namespace

TEST_CASE("guide: what a page quotes is in the source that it names, and compiled") {
  std::vector<fs::path> pages{root / "README.md"};
  for (auto& each : fs::directory_iterator(root / "docs/guide")) {
    if (each.path().extension() == ".md") pages.push_back(each.path());
  }
  CHECK(pages.size() > 10);
  for (auto& page : pages) {
    INFO(page.filename().string());
    bool has_one = without_code.contains(page.stem().string());
    for (auto& one : excerpts_of(lines_of(text_of(page)))) {
      if (one.source.empty()) {
        INFO((one.code.empty() ? "" : one.code.front()));
        const bool may_sketch = !one.is_cpp || with_sketches.contains(page.stem().string());
        CHECK_MESSAGE(may_sketch, "does not say where this is from");
        continue;
      }
      INFO(one.source, ": ", one.code.empty() ? "" : one.code.front());
      has_one = true;
      CHECK(is_ours(one.source));
      CHECK(is_built(one.source));
      CHECK(holds(lines_of(text_of(root / one.source)), one.code));
    }
    CHECK_MESSAGE(has_one, "quotes nothing that is compiled");
  }
}

TEST_CASE("guide: canary: what was changed, or is not whole, is found") {
  const auto page =
      lines_of("<!-- from a.h -->\n```cpp\nint a;\n  int b;\n```\n\n```\nint c;\n```\n");
  const auto found = excerpts_of(page);
  REQUIRE(found.size() == 2);
  CHECK(found[0].source == "a.h");
  CHECK(found[1].source.empty());
  CHECK(holds(lines_of("int z;\n    int a;\nint b;\n"), found[0].code));
  CHECK_FALSE(holds(lines_of("int a;\n\nint b;\n"), found[0].code));
  CHECK_FALSE(holds(lines_of("int a;\n"), found[0].code));
  CHECK(is_built("examples/shop/order.h"));
  CHECK(is_built("examples/shop/order.capnp"));
  CHECK_FALSE(is_built("examples/shop/nowhere.h"));
  CHECK_FALSE(is_built("tests/guide/nowhere.cpp"));
}
