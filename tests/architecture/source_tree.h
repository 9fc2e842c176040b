#pragma once

/// The source tree as the rules see it: every file with its lines, C++ code with comments and
/// literals blanked, so that a rule about calls does not trip over prose.

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace perdure::architecture {

struct source_file {
  std::string path;                ///< From the top of the tree, e.g. "runtime/engine.h".
  std::vector<std::string> lines;  ///< As written.
  std::vector<std::string> code;   ///< C++ only: comments, texts and characters replaced by blanks.

  bool is_cpp() const { return path.ends_with(".h") || path.ends_with(".cpp"); }
};

struct source_tree {
  std::vector<source_file> files;    ///< In order of their paths.
  std::vector<std::string> folders;  ///< Those that hold a source or a README.md themselves.
};

/// Returns a file made of `text`; line endings are '\n'.
source_file make_file(std::string path, const std::string& text);

/// Reads what is under `root`, leaving out builds, hidden folders and golden files.
source_tree read_tree(const std::filesystem::path& root);

/// Columns that a line takes, counting one for each code point.
std::size_t columns(const std::string& line);

}  // namespace perdure::architecture
