#pragma once

/// An entity's records, read from its last one backwards: each names the one before it.
///
/// What is missing tells something: an entity that ended loses its records oldest first, and so
/// does a run that ended; in the current run of a living entity nothing may be missing.

#include <optional>
#include <vector>

#include "persistence/journal.h"
#include "persistence/lmdb/journal_file.h"
#include "persistence/lmdb/layout.h"

namespace perdure::persistence::lmdb {

class chain_reader {
public:
  /// `state`: the entity's, as of now.
  chain_reader(const journal_file& log, const entity_id& entity, const entity_state& state);

  /// Offers a snapshot to begin with. It is used when it belongs to the entity's current run and to
  /// the record it was taken after: the one `stored` names, or, without it, by its event.
  void offer(bytes_view encoded, const std::optional<stored_snapshot>& stored);

  result<loaded_entity> load(event_number at);
  result<std::vector<core::record>> history(event_number from, std::size_t limit,
                                            std::optional<run_number> run);

private:
  struct offered {
    snapshot base;
    std::optional<lsn> taken_after;
    std::uint32_t record_crc = 0;
  };

  bool belongs(const log_entry& entry) const;
  error missing(lsn number) const;
  error damaged(lsn number, event_number last_event) const;
  error outside(event_number at) const;

  const journal_file& log_;
  const entity_id& entity_;
  const entity_state& state_;
  std::optional<offered> offered_;
};

}  // namespace perdure::persistence::lmdb
