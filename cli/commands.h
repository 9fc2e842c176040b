#pragma once

/// The commands. Each adds itself to the app with its options and example, and runs when the
/// command line names it. A command throws command_failure; what it prints is its own.

namespace CLI {
class App;
}

namespace perdure::cli {

struct globals;

// -- messages.cpp --
void add_signal(CLI::App& app, const globals& chosen);
void add_update(CLI::App& app, const globals& chosen);
void add_query(CLI::App& app, const globals& chosen);

// -- lifecycle.cpp --
void add_start(CLI::App& app, const globals& chosen);
void add_result(CLI::App& app, const globals& chosen);
void add_cancel(CLI::App& app, const globals& chosen);
void add_pause(CLI::App& app, const globals& chosen);
void add_resume(CLI::App& app, const globals& chosen);
void add_reset(CLI::App& app, const globals& chosen);
void add_terminate(CLI::App& app, const globals& chosen);

// -- entities.cpp --
void add_describe(CLI::App& app, const globals& chosen);
void add_list(CLI::App& app, const globals& chosen);

// -- batch.cpp --
void add_batch(CLI::App& app, const globals& chosen);

// -- activities.cpp --
void add_complete(CLI::App& app, const globals& chosen);
void add_fail(CLI::App& app, const globals& chosen);

// -- history.cpp --
void add_history(CLI::App& app, const globals& chosen);

// -- documents.cpp --
void add_types(CLI::App& app, const globals& chosen);
void add_metrics(CLI::App& app, const globals& chosen);

// -- load.cpp --
void add_load(CLI::App& app, const globals& chosen);

// -- files.cpp --
void add_verify(CLI::App& app, const globals& chosen);
void add_backup(CLI::App& app, const globals& chosen);

// -- histories.cpp --
void add_export(CLI::App& app, const globals& chosen);
void add_replay(CLI::App& app, const globals& chosen);

}  // namespace perdure::cli
