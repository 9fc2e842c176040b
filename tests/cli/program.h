#pragma once

/// Programs under test, run as their users run them.

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace perdure::testing {

/// What a program left behind.
struct run_result {
  int status = 0;  ///< 128 + signal when one ended it.
  std::string out;
  std::string err;
};

/// A directory that goes with its object.
class temporary_directory {
public:
  temporary_directory();
  temporary_directory(const temporary_directory&) = delete;
  ~temporary_directory();
  std::filesystem::path path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ / name; }

private:
  std::filesystem::path path_;
};

/// A program that runs beside the test. Killed at the end if it still runs.
class program {
public:
  /// Starts it, with `environment` ("NAME=value") added to the test's own.
  program(std::string path, std::vector<std::string> arguments,
          std::vector<std::string> environment = {});
  program(const program&) = delete;
  ~program();

  void write(const std::string& text);
  /// Closes its stdin.
  void close_input();
  void signal(int which);
  /// Returns the next line of its stdout; "" at its end.
  std::string read_line();
  /// Waits for its end.
  run_result wait();

private:
  pid_t process_ = 0;
  int in_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::string seen_;  ///< Of stdout, by read_line.
};

/// Runs a program to its end.
run_result run(const std::string& path, std::vector<std::string> arguments,
               const std::string& input = {}, std::vector<std::string> environment = {});

}  // namespace perdure::testing
