#pragma once

/// What every command has: where the node is, how to print, and how a failure ends the program.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/http_transport.h"
#include "gateway/json_text.h"

namespace perdure::cli {

/// Thrown to end a command: printed to stderr, and the exit status.
struct command_failure {
  error why;
  std::string hint = {};
  int status = 1;
};

/// Options of all commands.
struct globals {
  std::string node = "http://127.0.0.1:7070";
  bool json = false;
  std::string timeout = "60s";
};

/// Sends requests to the node of the options.
class session {
public:
  /// Throws command_failure when the node's URL is none.
  explicit session(const globals& chosen, std::size_t connections = 1);

  /// Sends and returns the successful answer; throws command_failure otherwise.
  gateway::http_response send(gateway::http_message what);

  /// As `send` of a GET, with the answer as JSON.
  gateway::json_document get(const std::string& path);

  gateway::http_transport& transport() { return *transport_; }
  duration timeout() const { return timeout_; }
  bool json() const { return chosen_.json; }
  const std::string& node() const { return chosen_.node; }

private:
  globals chosen_;
  duration timeout_{};
  std::unique_ptr<gateway::http_transport> transport_;
};

/// Turns an answer that is no success into what ends the command.
command_failure failure_of(const error& why);

/// Likewise, why there was no answer.
command_failure no_answer(const error& why, const std::string& node);

/// Prints a failure to stderr, as text or JSON.
void print_failure(const command_failure& failure, bool json);

// -- arguments -----------------------------------------------------------------------------------

/// Returns the entity that "type/id" names. Throws command_failure when it names none.
entity_id parse_entity(const std::string& entity);

/// Returns "/v1/entities/{type}/{id}" of "type/id". Throws command_failure when it is none.
std::string entity_path(const std::string& entity);

/// Returns the directory. Throws command_failure when a node's data is not there.
std::filesystem::path data_in(const std::string& directory);

/// Returns the body that an argument means: itself, the content of a file ("@path"), or of stdin
/// ("-"). Throws command_failure when it cannot be read.
std::string body_of(const std::string& argument);

}  // namespace perdure::cli
