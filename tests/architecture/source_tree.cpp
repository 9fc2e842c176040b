#include "tests/architecture/source_tree.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

namespace perdure::architecture {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  while (begin < text.size()) {
    auto end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

/// Where a scan of C++ text stands.
enum class place { code, line_comment, block_comment, text, character, raw_text };

/// Blanks comments and literals, one output character for each input character.
std::string blank_prose(const std::string& text) {
  std::string code = text;
  place now = place::code;
  std::string raw_end;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto starts = [&](std::string_view what) { return text.compare(i, what.size(), what) == 0; };
    auto blank = [&](std::size_t count) {
      for (auto end = std::min(i + count, text.size()); i < end; ++i) {
        if (text[i] != '\n') code[i] = ' ';
      }
      --i;
    };
    switch (now) {
      case place::code:
        if (starts("//"))
          now = place::line_comment, blank(2);
        else if (starts("/*"))
          now = place::block_comment, blank(2);
        else if (starts("R\"")) {
          auto open = text.find('(', i);
          raw_end = ')' + text.substr(i + 2, open - i - 2) + '"';
          now = place::raw_text, blank(2);
        } else if (text[i] == '"')
          now = place::text;
        // An apostrophe between digits groups them: 10'000.
        else if (text[i] == '\'' &&
                 (i == 0 || !std::isxdigit(static_cast<unsigned char>(text[i - 1]))))
          now = place::character;
        break;
      case place::line_comment:
        if (text[i] == '\n')
          now = place::code;
        else
          blank(1);
        break;
      case place::block_comment:
        if (starts("*/"))
          now = place::code, blank(2);
        else
          blank(1);
        break;
      case place::text:
      case place::character:
        if (text[i] == '\\')
          blank(2);
        else if (text[i] == (now == place::text ? '"' : '\''))
          now = place::code;
        else
          blank(1);
        break;
      case place::raw_text:
        if (starts(raw_end))
          now = place::code, blank(raw_end.size());
        else
          blank(1);
        break;
    }
  }
  return code;
}

bool is_source(const fs::path& path) {
  static const std::set<std::string> endings{".h", ".cpp", ".capnp", ".cmake"};
  return endings.contains(path.extension().string()) || path.filename() == "CMakeLists.txt";
}

bool is_left_out(const fs::path& folder) {
  auto name = folder.filename().string();
  return name.starts_with('.') || name.starts_with("build") || name == "golden" ||
         name == "perdure-data";
}

}  // namespace

source_file make_file(std::string path, const std::string& text) {
  source_file file{std::move(path), split_lines(text), {}};
  if (file.is_cpp()) file.code = split_lines(blank_prose(text));
  return file;
}

source_tree read_tree(const fs::path& root) {
  source_tree tree;
  std::set<std::string> folders;
  for (auto at = fs::recursive_directory_iterator(root); at != fs::end(at); ++at) {
    if (at->is_directory() && is_left_out(at->path())) at.disable_recursion_pending();
    if (!at->is_regular_file()) continue;
    auto path = at->path().lexically_relative(root);
    bool readme = path.filename() == "README.md";
    if (!readme && !is_source(path)) continue;
    folders.insert(path.parent_path().string());
    std::ifstream in(at->path(), std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    tree.files.push_back(make_file(path.string(), text));
  }
  std::ranges::sort(tree.files, {}, &source_file::path);
  tree.folders.assign(folders.begin(), folders.end());
  return tree;
}

std::size_t columns(const std::string& line) {
  return static_cast<std::size_t>(std::ranges::count_if(
      line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace perdure::architecture
