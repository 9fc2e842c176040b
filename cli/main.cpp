// The `perdure` command: one subcommand for each thing that can be done with a node.

#include <cstdio>
#include <exception>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/session.h"
#include "node/version.h"

namespace {

using namespace perdure::cli;

void add_globals(CLI::App& app, globals& chosen) {
  app.add_option("--node", chosen.node, "Where the node is")
      ->envname("PERDURE_NODE")
      ->capture_default_str();
  app.add_flag("--json", chosen.json, "Print JSON, for programs");
  app.add_option("--timeout", chosen.timeout, "How long to wait for an answer")
      ->capture_default_str();
  app.set_version_flag("--version", "perdure " PERDURE_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer("perdure <command> --help says more, with an example.");
}

void add_commands(CLI::App& app, const globals& chosen) {
  add_signal(app, chosen);
  add_update(app, chosen);
  add_query(app, chosen);
  add_start(app, chosen);
  add_result(app, chosen);
  add_describe(app, chosen);
  add_history(app, chosen);
  add_list(app, chosen);
  add_cancel(app, chosen);
  add_terminate(app, chosen);
  add_pause(app, chosen);
  add_resume(app, chosen);
  add_reset(app, chosen);
  add_batch(app, chosen);
  add_complete(app, chosen);
  add_fail(app, chosen);
  add_types(app, chosen);
  add_metrics(app, chosen);
  add_load(app, chosen);
  add_verify(app, chosen);
  add_backup(app, chosen);
  add_export(app, chosen);
  add_replay(app, chosen);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Talks to the entities of a Perdure node.", "perdure");
  globals chosen;
  add_globals(app, chosen);
  add_commands(app, chosen);
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::Success& shown) {  // --help and --version
    return app.exit(shown);
  } catch (const CLI::Error& wrong) {
    const auto chosen_ones = app.get_subcommands();
    const auto others = app.remaining();
    std::string what = wrong.what();
    if (chosen_ones.empty() && !others.empty()) what = "there is no command \"" + others[0] + '"';
    std::fprintf(stderr, "perdure: %s\n", what.c_str());
    if (chosen_ones.empty())
      std::fprintf(stderr, "hint: perdure --help lists the commands\n");
    else
      std::fprintf(stderr, "hint: perdure %s --help says how\n",
                   chosen_ones[0]->get_name().c_str());
    return 2;
  } catch (const command_failure& failure) {
    print_failure(failure, chosen.json);
    return failure.status;
  } catch (const std::exception& thrown) {
    print_failure({{perdure::errc::internal, thrown.what()}}, chosen.json);
    return 1;
  }
}
