#include "examples/shop/demo/shop_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace shop::demo {

namespace fs = std::filesystem;

namespace {

/// Asks the system for a port that nobody uses.
std::uint16_t free_port() {
  auto probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  bool found = bind(probe, raw, size) == 0 && getsockname(probe, raw, &size) == 0;
  close(probe);
  if (!found) throw std::runtime_error("there is no free port on 127.0.0.1");
  return ntohs(address.sin_port);
}

}  // namespace

shop_process::shop_process(fs::path program, fs::path data, std::vector<std::string> flags)
    : program_(std::move(program)),
      data_(std::move(data)),
      flags_(std::move(flags)),
      port_(free_port()) {}

shop_process::~shop_process() {
  if (process_ != 0) kill();
}

fs::path shop_process::log() const { return data_.string() + ".log"; }

void shop_process::start() {
  if (process_ != 0) throw std::logic_error("the shop runs already");
  std::vector<std::string> words{program_.string(), "--data", data_.string(), "--http", address()};
  words.insert(words.end(), flags_.begin(), flags_.end());
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  auto output = log();
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  auto failed =
      posix_spawn(&process_, program_.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    process_ = 0;
    throw std::system_error(failed, std::generic_category(), "cannot run " + program_.string());
  }
}

void shop_process::kill() {
  ::kill(process_, SIGKILL);
  wait();
}

int shop_process::stop() {
  ::kill(process_, SIGTERM);
  return wait();
}

bool shop_process::is_running() {
  if (process_ == 0) return false;
  siginfo_t ended{};
  waitid(P_PID, static_cast<id_t>(process_), &ended, WEXITED | WNOHANG | WNOWAIT);
  return ended.si_pid == 0;
}

int shop_process::wait() {
  int status = 0;
  while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  process_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void print_end_of(const fs::path& file) {
  constexpr std::size_t lines_max = 30;
  std::deque<std::string> last;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    last.push_back(std::move(line));
    if (last.size() > lines_max) last.pop_front();
  }
  for (auto& line : last) std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

temporary_folder::temporary_folder(const fs::path& parent) {
  auto name = (parent / "perdure-XXXXXX").string();
  if (!mkdtemp(name.data())) {
    throw std::system_error(errno, std::generic_category(),
                            "cannot make a folder in " + parent.string());
  }
  path_ = name;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace shop::demo
