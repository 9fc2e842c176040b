#pragma once

/// What the tests of persistence share: directories that clean up after themselves, a story teller
/// that makes batches of steps, and one way to open either engine.

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "persistence/codec.h"
#include "persistence/journal.h"
#include "persistence/lmdb/lmdb_journal.h"
#include "persistence/memory_journal.h"

namespace perdure::persistence::testing {

using namespace std::chrono_literals;

/// A directory of the test's own, removed at its end.
class temporary_directory {
public:
  temporary_directory();
  ~temporary_directory();
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;

  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

/// Returns the time `ms` milliseconds after a fixed one.
timestamp at(std::int64_t ms);

bytes bytes_of(std::string_view text);

/// Returns the seed of this run: `--seed N` of the command line, or a fresh one. Printed by the
/// tests that use it.
std::uint64_t seed();

/// What a step has beside its input.
struct telling {
  std::vector<core::command> commands = {};
  std::optional<std::uint64_t> state_digest = {};
  std::optional<std::optional<timestamp>> due = {};  ///< Nothing: as before.
  std::optional<core::attributes> attributes = {};   ///< Likewise.
  std::optional<bool> pending = {};                  ///< Likewise; at an end: not.
  std::optional<bool> unsettled = {};                ///< Likewise.
  std::optional<entity_status> status = {};          ///< Likewise.
};

/// Remembers each entity's summary as the runtime would, and makes the next batch from it.
class storyteller {
public:
  explicit storyteller(std::uint32_t shard_count) : shard_count_(shard_count) {}

  sharding::epoch_number epoch = 1;
  std::int64_t now = 0;  ///< Of the next step; one millisecond more after each.

  /// A signal with a parameter of `size` bytes and `commands` cancelled timers.
  batch signal(const entity_id& entity, std::size_t size = 16, std::size_t commands = 0);

  /// A signal after which the entity is due at `due`, or not at all.
  batch due(const entity_id& entity, std::optional<timestamp> due);

  /// A signal in whose record the digest of the state stands.
  batch digested(const entity_id& entity, std::uint64_t state_digest);

  batch continued(const entity_id& entity);  ///< Begins the next run.
  batch terminated(const entity_id& entity);

  /// The entity's main is started: a new run begins when the entity has ended.
  batch started(const entity_id& entity);

  /// Its main ends, `how` it does.
  batch ended(const entity_id& entity, entity_status how = entity_status::completed);

  /// A signal after which these are all of the entity's attributes.
  batch attributed(const entity_id& entity, core::attributes attributes);

  /// A signal after which the entity waits for something, or does not.
  batch pending(const entity_id& entity, bool pending);

  /// Its main ends, and leaves something to be settled.
  batch ended_open(const entity_id& entity, bool pending, bool unsettled);

  /// Something is settled, and no more than this is left to be.
  batch settled(const entity_id& entity, bool pending = false, bool unsettled = false);

  /// Makes a batch of `what`, and goes on from it.
  batch tell(const entity_id& entity, core::input what, telling with = {});

  /// What it believes of an entity: the summary after the last batch it made.
  const entity_summary& summary(const entity_id& entity) const { return told_.at(entity).summary; }
  const std::vector<core::record>& records(const entity_id& entity) const {
    return told_.at(entity).records;
  }
  const core::attributes& attributes(const entity_id& entity) const {
    return told_.at(entity).attributes;
  }
  bool knows(const entity_id& entity) const { return told_.contains(entity); }
  void forget(const entity_id& entity) { told_.erase(entity); }

  /// A snapshot of the entity as it is now.
  snapshot take(const entity_id& entity) const;

private:
  struct told {
    entity_summary summary;
    std::uint64_t run_bytes = 0;
    std::vector<core::record> records;
    core::attributes attributes;
  };

  std::uint32_t shard_count_;
  std::map<entity_id, told> told_;
};

/// Appends and returns the outcomes.
std::vector<append_outcome> append(journal& to, const std::vector<batch>& batches);

/// The same batch under another epoch, as its sender would make it after a change of owner.
batch under(sharding::epoch_number epoch, batch told);

/// Appends and checks that all went well.
void must_append(journal& to, const std::vector<batch>& batches);

/// Options under which nothing happens by itself.
lmdb_options quiet(const std::filesystem::path& directory);

std::unique_ptr<journal> open(const lmdb_options& options);

std::vector<std::pair<entity_id, timestamp>> due_of(const journal& from, timestamp until);

/// Returns the entities that are pending, in order.
std::vector<entity_id> pending_of(const journal& from);

/// Returns the entities that are held back, as told few at a time.
std::vector<entity_id> held_of(const journal& from, timestamp now);

/// Collects until there is no more to do now.
void collect_all(journal& in, timestamp now);

/// Flips a bit of the journal's file where `marker` stands. Returns how many places there were.
std::size_t flip_bit(const std::filesystem::path& directory, std::string_view marker);

}  // namespace perdure::persistence::testing
