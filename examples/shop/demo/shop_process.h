#pragma once

/// A perdure-shop in a process of its own, on one data folder and one port of the loopback device,
/// to be killed and started again.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace shop::demo {

class shop_process {
public:
  /// Chooses a free port. What the shop prints goes to a file beside `data`.
  shop_process(std::filesystem::path program, std::filesystem::path data,
               std::vector<std::string> flags = {});
  shop_process(const shop_process&) = delete;
  shop_process& operator=(const shop_process&) = delete;
  /// Kills what still runs.
  ~shop_process();

  /// Starts the program and returns at once. REQUIRES: it does not run.
  void start();

  /// Ends it as a power cut would: SIGKILL. Returns when it is gone.
  void kill();

  /// Asks it to drain and end (SIGTERM), and returns its exit status; 128 + signal if that ended
  /// it.
  int stop();

  /// Whether it runs.
  bool is_running();

  /// E.g. "http://127.0.0.1:41234".
  std::string url() const { return "http://" + address(); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::uint16_t port() const { return port_; }
  pid_t process() const { return process_; }
  /// Where its output is.
  std::filesystem::path log() const;

private:
  int wait();

  std::filesystem::path program_;
  std::filesystem::path data_;
  std::vector<std::string> flags_;
  std::uint16_t port_;
  pid_t process_ = 0;
};

/// Prints the last lines of a file.
void print_end_of(const std::filesystem::path& file);

/// A folder that is removed with everything in it at the end.
class temporary_folder {
public:
  /// REQUIRES: `parent` exists.
  explicit temporary_folder(const std::filesystem::path& parent);
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder();

  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

}  // namespace shop::demo
