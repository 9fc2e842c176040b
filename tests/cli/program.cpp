#include "tests/cli/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace perdure::testing {

temporary_directory::temporary_directory() {
  auto name = (std::filesystem::temp_directory_path() / "perdure-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  path_ = name;
}

temporary_directory::~temporary_directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

namespace {

struct pipe_ends {
  pipe_ends() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    read = ends[0], write = ends[1];
  }
  int read;
  int write;
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

program::program(std::string path, std::vector<std::string> arguments,
                 std::vector<std::string> environment) {
  arguments.insert(arguments.begin(), path);
  for (char** each = environ; *each != nullptr; ++each) {
    if (std::string(*each).rfind("PERDURE_", 0) != 0) environment.emplace_back(*each);
  }
  auto argv = pointers_to(arguments);
  auto envp = pointers_to(environment);
  pipe_ends in, out, err;
  process_ = fork();
  if (process_ == 0) {
    ::dup2(in.read, STDIN_FILENO);
    ::dup2(out.write, STDOUT_FILENO);
    ::dup2(err.write, STDERR_FILENO);
    ::execve(path.c_str(), argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(in.read);
  ::close(out.write);
  ::close(err.write);
  in_ = in.write, out_ = out.read, err_ = err.read;
}

program::~program() {
  if (process_ != 0) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  for (int end : {in_, out_, err_}) {
    if (end >= 0) ::close(end);
  }
}

void program::write(const std::string& text) {
  if (::write(in_, text.data(), text.size()) < 0) throw std::runtime_error("its stdin is closed");
}

void program::close_input() { ::close(std::exchange(in_, -1)); }

void program::signal(int which) { ::kill(process_, which); }

std::string program::read_line() {
  std::string line;
  char c = 0;
  while (::read(out_, &c, 1) == 1 && c != '\n') line += c;
  seen_ += line + '\n';
  return line;
}

run_result program::wait() {
  if (in_ >= 0) close_input();
  run_result result;
  result.out = seen_;
  // Both at once: a program that fills one pipe must not wait for the other to be read.
  pollfd ends[2] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};
  std::string* texts[2] = {&result.out, &result.err};
  while (ends[0].fd >= 0 || ends[1].fd >= 0) {
    ::poll(ends, 2, -1);
    for (int i = 0; i < 2; ++i) {
      if (ends[i].fd < 0 || ends[i].revents == 0) continue;
      char buffer[4096];
      const auto count = ::read(ends[i].fd, buffer, sizeof buffer);
      if (count > 0) {
        texts[i]->append(buffer, static_cast<std::size_t>(count));
      } else {
        ends[i].fd = -1;
      }
    }
  }
  int status = 0;
  ::waitpid(process_, &status, 0);
  process_ = 0;
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

run_result run(const std::string& path, std::vector<std::string> arguments,
               const std::string& input, std::vector<std::string> environment) {
  program running(path, std::move(arguments), std::move(environment));
  if (!input.empty()) running.write(input);
  return running.wait();
}

}  // namespace perdure::testing
