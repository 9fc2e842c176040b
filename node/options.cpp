#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <regex>

#include <CLI/CLI.hpp>

#include <perdure/node.h>

#include "gateway/time_text.h"
#include "node/version.h"

namespace perdure {

namespace {

/// The flags of a node, bound to a set of options. Each is also PERDURE_... in the environment, and
/// a key of the configuration file.
class flags {
public:
  explicit flags(node_options& into)
      : app_("Runs the entities of " + into.program + ".", into.program) {
    app_.set_version_flag("--version", into.program + " (perdure " PERDURE_VERSION ")");
    app_.set_config("--config", "", "TOML file with the same names, without the dashes before them")
        ->envname("PERDURE_CONFIG");
    app_.allow_config_extras(CLI::config_extras_mode::error);
    data(into);
    outside(into);
    limits(into);
    logging(into);
    app_.footer(
        "Each flag is also an environment variable: --http is PERDURE_HTTP.\n"
        "Sizes take units (512MiB), durations too (90s, 1h30m, 7d).");
  }

  CLI::App& app() { return app_; }

  void add(const program_flag& own) {
    std::visit(
        [&](auto* into) {
          if constexpr (std::is_same_v<decltype(into), duration*>) {
            time(own.name, *into, own.description);
          } else {
            plain(own.name, *into, own.description);
          }
        },
        own.into);
  }

private:
  void data(node_options& into) {
    plain("--data", into.data, "Directory of the data; made when it does not exist");
    plain("--journal", into.journal, "What keeps the journal")->check(CLI::IsMember({"lmdb"}));
    plain("--shards", into.shards, "Number of shards, fixed when the data is made (0: 256)")
        ->check(CLI::Range(0u, 65'536u));
    time("--history-retention", into.history_retention, "How long runs that ended are kept");
    time("--retention", into.retention, "How long entities that ended are kept");
    size("--storage-limit", into.storage_limit, "Most disk space of the data (0: the whole disk)");
    app_.add_option("--replay", into.replay,
                    "Replay these exported histories against this program, and end")
        ->type_name("FILE");
    time("--idempotency-window", into.idempotency_window, "How long an Idempotency-Key counts");
  }

  void outside(node_options& into) {
    plain("--http", into.http, "Address and port of HTTP; port 0 takes any free one");
    app_.add_flag("--insecure", into.insecure,
                  "Allow HTTP off loopback, where anyone who reaches it may call")
        ->envname("PERDURE_INSECURE");
  }

  void limits(node_options& into) {
    time("--passivate-after", into.passivate_after, "Idle entities leave memory after it");
    size("--memory", into.memory, "Memory for active entities, about");
    plain("--threads", into.threads, "Threads for entities (0: one per core)")
        ->check(CLI::Range(0, 1'024));
    plain("--continue-after-events", into.continue_after_events, "Events after which a run is cut")
        ->check(CLI::Range(16ull, 51'200ull));
    size("--continue-after-bytes", into.continue_after_bytes, "Bytes after which a run is cut");
  }

  void logging(node_options& into) {
    plain("--log-level", into.log_level, "Least severity that is logged")
        ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}));
    plain("--log-format", into.log_format, "For people or for machines")
        ->check(CLI::IsMember({"text", "json"}));
  }

  static std::string variable_of(const std::string& flag) {
    std::string name = "PERDURE_";
    for (char c : flag.substr(2)) {
      name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return name;
  }

  template <class T>
  CLI::Option* plain(const std::string& flag, T& into, const std::string& description) {
    return app_.add_option(flag, into, description)
        ->capture_default_str()
        ->envname(variable_of(flag));
  }

  template <class T>
  void size(const std::string& flag, T& into, const std::string& description) {
    const auto is_size = [](const std::string& text) -> std::string {
      static const std::regex size("[0-9]{1,15} ?([kmgt]i?)?b?", std::regex::icase);
      return std::regex_match(text, size) ? "" : "expected a size such as 512MiB, got " + text;
    };
    plain(flag, into, description)
        ->transform(CLI::AsSizeValue(true))
        ->transform(CLI::Validator(is_size, ""))
        ->type_name("SIZE");
  }

  void time(const std::string& flag, duration& into, const std::string& description) {
    auto read = [flag, &into](const std::string& text) {
      const auto time = gateway::parse_duration(text);
      if (!time) throw CLI::ValidationError(flag, "expected a duration such as 90s, got " + text);
      into = *time;
    };
    app_.add_option_function<std::string>(flag, read, description)
        ->default_str(gateway::format_duration(into))
        ->type_name("DURATION")
        ->envname(variable_of(flag));
  }

  CLI::App app_;
};

std::string base_name(const char* path) { return std::filesystem::path(path).filename().string(); }

}  // namespace

node_options node_options::parse(int argc, char** argv, const std::vector<program_flag>& own) {
  node_options options;
  if (argc > 0) options.program = base_name(argv[0]);
  flags known(options);
  for (auto& each : own) known.add(each);
  try {
    known.app().parse(argc, argv);
  } catch (const CLI::Success& shown) {  // --help and --version
    std::exit(known.app().exit(shown));
  } catch (const CLI::ConfigError& wrong) {
    std::fprintf(stderr, "%s: the configuration file: %s\n", options.program.c_str(), wrong.what());
    std::exit(2);
  } catch (const CLI::Error& wrong) {
    std::fprintf(stderr, "%s: %s (%s --help lists the flags)\n", options.program.c_str(),
                 wrong.what(), options.program.c_str());
    std::exit(2);
  }
  return options;
}

result<node_options> node_options::read(std::string program, std::vector<std::string> arguments) {
  node_options options;
  options.program = std::move(program);
  flags known(options);
  try {
    std::ranges::reverse(arguments);  // CLI11 takes them from the back.
    known.app().parse(std::move(arguments));
  } catch (const CLI::Error& wrong) {
    return error{errc::malformed, wrong.what()};
  }
  return options;
}

}  // namespace perdure
