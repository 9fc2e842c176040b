#pragma once

/// A node: entities of the hosted types, over a data directory, behind HTTP.
///
///     int main(int argc, char** argv) {
///       perdure::node node{perdure::node_options::parse(argc, argv)};
///       node.host<cart>();
///       node.provide<my_payments>("https://bank.example");
///       return node.run();
///     }
///
/// A node also lives inside another program, with or without HTTP: `start`, `client`, `stop`.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <perdure/activities.h>
#include <perdure/client.h>
#include <perdure/entity.h>
#include <perdure/interceptor.h>
#include <perdure/payload_codec.h>
#include <perdure/value.h>

namespace perdure {

/// A flag of the program itself, beside those of every node: "--payments-delay". It is read into a
/// variable, whose value then is the default.
struct program_flag {
  std::string name;
  std::variant<bool*, std::uint64_t*, double*, duration*, std::string*> into;
  std::string description;
};

/// Everything that can be set about a node. The defaults are those of the command line.
struct node_options {
  std::string program = "perdure";  ///< What messages call it.
  std::filesystem::path data = "./perdure-data";
  std::string journal = "lmdb";
  std::string http = "127.0.0.1:7070";  ///< Empty: no HTTP. Port 0: any free one.
  bool insecure = false;                ///< HTTP off loopback, where anyone may call.
  std::uint32_t shards = 0;             ///< 0: what the data has; 256 for new data.

  duration history_retention{0};               ///< Of runs that ended.
  duration retention{std::chrono::hours{72}};  ///< Of entities that ended.
  std::uint64_t storage_limit = 0;             ///< Bytes; 0: the whole disk.
  duration idempotency_window{std::chrono::hours{24}};

  duration passivate_after{std::chrono::minutes{2}};
  std::size_t memory = 1024ull * 1024 * 1024;  ///< Bytes for active entities, about.
  std::size_t threads = 0;                     ///< For entities; 0: one per core.
  std::uint64_t continue_after_events = 4'096;
  std::uint64_t continue_after_bytes = 4ull * 1024 * 1024;

  /// Histories to be replayed against the hosted classes instead of serving (`perdure export`).
  std::vector<std::filesystem::path> replay;

  std::string log_level = "info";
  std::string log_format = "text";

  /// Reads the command line, the environment (PERDURE_...) and the file of --config. For --help and
  /// --version it prints and ends the program with 0; for what is wrong with them, with 2.
  static node_options parse(int argc, char** argv, const std::vector<program_flag>& own = {});

  /// As `parse`, of the arguments behind the program's name, without ending anything. Errors:
  /// malformed, with one line that says what is wrong.
  static result<node_options> read(std::string program, std::vector<std::string> arguments);
};

/// How much of a class of activities may run in this process.
struct provide_limits {
  std::size_t at_once = 64;  ///< Attempts at the same time.
  double per_second = 0;     ///< Attempts begun per second; 0: as many as come.
};

class node {
public:
  explicit node(node_options options = {});
  /// As `stop`.
  ~node();

  /// Adds an entity type. REQUIRES: before `run` and `start`.
  template <class Entity>
  void host() {
    host(type_of<Entity>());
  }
  void host(entity_type type);

  /// Runs these activities in this process: several threads use the one object at once. REQUIRES:
  /// before `run` and `start`.
  template <class Activities, class... Args>
  void provide(Args&&... args) {
    provide(std::make_shared<Activities>(std::forward<Args>(args)...));
  }
  void provide(std::shared_ptr<activities_base> what, provide_limits limits = {});

  /// Makes activities known that workers outside run, so that these can talk JSON to this node.
  /// What is provided is known without it. REQUIRES: before `run` and `start`.
  template <class Contract>
  void declare() {
    declare(Contract::description());
  }
  void declare(const activities_description& what);

  /// Has an interceptor see every request, after those added before it. REQUIRES: before `run` and
  /// `start`.
  template <class Interceptor, class... Args>
  void intercept(Args&&... args) {
    intercept(std::make_shared<Interceptor>(std::forward<Args>(args)...));
  }
  void intercept(std::shared_ptr<interceptor> what);

  /// Has payloads stored as `codec` makes them, e.g. encrypted (<perdure/aead_codec.h>). REQUIRES:
  /// as for `host`, and a codec that can read what the data was written with.
  void encode_with(std::shared_ptr<const payload_codec> codec);

  /// Serves until SIGTERM or SIGINT, then drains. Logs to stderr and prints one line when it is
  /// ready. Returns the exit status: 0; 1 when it could not start, with the reason as one line on
  /// stderr. A second signal ends the process at once. For the thread of main, before other
  /// threads.
  int run();

  /// Opens the data, acquires the shards and listens. Blocks until ready. Errors: malformed
  /// options, unavailable when the directory or the port is taken, what opening the data may
  /// answer.
  result<nothing> start();

  /// Answers what is in flight, makes everything durable and closes the data. Blocks. A node that
  /// does not run: nothing happens.
  void stop();

  /// The port of HTTP. REQUIRES: started with HTTP.
  std::uint16_t port() const;

  /// Returns a client that calls this node directly. REQUIRES: started; the node outlives it.
  perdure::client client();

  // -- activities that are ended from elsewhere in this process (`complete_later`) ---------------

  /// Ends the activity that `token` is of. Errors: malformed, when it is no token of ours, or of an
  /// activity with other results; completed, when the activity has ended, or the attempt was
  /// followed by another; unavailable, draining: try again. Blocks until the end is durable.
  /// REQUIRES: started; its contract is known here; not on a thread of the engine.
  template <class Results>
  result<nothing> complete(const std::string& token, const Results& results) {
    return complete_with(token, codec<Results>::schema, encode(results));
  }
  /// As above, of an activity without results.
  result<nothing> complete(const std::string& token) {
    return complete_with(token, 0, empty_payload());
  }

  /// The attempt failed: another follows, unless this is for good or there were enough. Errors as
  /// `complete`.
  result<nothing> fail(const std::string& token, const activity_failure& why);

private:
  /// `schema`: of the results' struct; 0: there are none.
  result<nothing> complete_with(const std::string& token, std::uint64_t schema, bytes results);
  int replay_histories();

  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace perdure
