#include <algorithm>
#include <unordered_map>
#include <utility>

#include "persistence/codec.h"
#include "persistence/lmdb/directory.h"
#include "persistence/lmdb/index_file.h"
#include "persistence/lmdb/journal_file.h"
#include "persistence/lmdb/lmdb_journal.h"

namespace perdure::persistence {

namespace lmdb {

namespace {

/// Records read in one transaction: on a directory in use, a longer one keeps its file growing.
constexpr lsn records_per_transaction = 50'000;

/// Reads the log in order, and holds each record against what came before it.
class verifier {
public:
  verifier(journal_file& log, verify_report& report) : log_(log), report_(report) {}

  void read_log() {
    lsn from = 1;
    for (bool more = true; more;) {
      read_transaction txn(log_.env());
      cursor at(txn.raw(), log_.log());
      auto end = from + records_per_transaction;
      more = at.seek(big_endian(from).view());
      for (; more; more = at.next()) {
        from = big_endian::read(at.key());
        if (from >= end) break;
        check_record(from, at.value());
      }
    }
    for (auto& [key, seen] : entities_) check_gap(key, seen);
    read_transaction txn(log_.env());
    for (auto& type : log_.damaged_schemas(txn)) {
      add({0, {}, 0, "the schema that is kept of type " + type + " is damaged"});
    }
    report_.entities = entities_.size();
  }

  /// Holds the rows against the last records of their entities that the index has followed.
  void read_index(const index_file& index) {
    auto applied = index.applied().last;
    read_transaction txn(index.env());
    index_file::attributes_reader attributes(index, txn);
    index.rows_from(txn, {}, [&](std::string_view key, const index_row& row) {
      ++report_.index_rows;
      check_row(key, row, applied);
      check_attributes(key, attributes.find(key), applied);
      return true;
    });
    for (auto& [key, seen] : entities_) {
      if (!seen.in_index && seen.last <= applied) {
        add({0, entity_of(key), seen.summary.last_event, "the index does not know the entity"});
      }
    }
    report_.index_checked = true;
  }

private:
  struct seen_entity {
    lsn last = 0;
    entity_summary summary;
    std::optional<core::attributes> attributes;  ///< Nothing: set by a record that is gone.
    bool in_index = false;
    run_number gap_run = 0;  ///< Of a record whose predecessor is not there; 0: none.
    event_number gap_event = 0;
    lsn gap_record = 0;
    bool damaged = false;  ///< A record of its was unreadable: what follows it is no news.
  };

  void add(verify_report::finding found) {
    ++report_.findings_count;
    if (report_.findings.size() < verify_report::findings_max) {
      report_.findings.push_back(std::move(found));
    }
  }

  void check_record(lsn number, bytes_view value) {
    ++report_.records;
    report_.bytes += value.size();
    auto entry = read_log_entry(number, value);
    if (!entry) return note_damage(number, value);
    auto head = decode_header(entry->encoded);
    auto step = decode_record(entry->encoded);
    if (!head || !step) {
      add({number, {}, 0, head ? step.error().detail : head.error().detail});
      return;
    }
    follow(*entry, *head);
  }

  void note_damage(lsn number, bytes_view value) {
    verify_report::finding found{number, {}, 0, "its checksum differs"};
    auto entry = read_damaged_log_entry(number, value);
    auto head = entry ? decode_header(entry->encoded) : error{};
    if (head) {
      found.entity = head->entity;
      found.event = head->first_event;
      follow(*entry, *head);
      entities_[key_of(head->entity)].damaged = true;
    }
    add(std::move(found));
  }

  static std::string key_of(const entity_id& entity) { return entity.type + '\0' + entity.id; }

  void follow(const log_entry& entry, const record_header& head) {
    auto& seen = entities_[key_of(head.entity)];
    auto before = std::exchange(seen.last, entry.number);
    auto summary = std::exchange(seen.summary, head.after);
    if (head.first_event == 1) seen.attributes.emplace();
    if (head.attributes) seen.attributes = head.attributes;
    auto wrong = [&](const char* what) {
      if (!seen.damaged) add({entry.number, head.entity, head.first_event, what});
    };
    bool first = head.first_event == 1;
    if (first && entry.back == 0) {
      // A new life of an id begins after its last one has ended.
      if (before != 0 && !has_ended(summary.status)) wrong("it begins twice");
      seen.gap_run = 0;
      return;
    }
    if (before == 0) {
      if (entry.back == 0) return wrong("it has no predecessor");
      if (entry.begins_run) return;
      seen.gap_run = head.after.run;
      seen.gap_event = head.first_event;
      seen.gap_record = entry.number;
      return;
    }
    if (entry.back != before) return wrong("it does not follow the record before it");
    if (head.first_event != summary.last_event + 1) return wrong("its event does not follow");
    if (head.after.run != summary.run + (entry.begins_run ? 1 : 0)) return wrong("its run differs");
    if (has_ended(summary.status) && !entry.begins_run &&
        (head.after.status != summary.status || head.after.run != summary.run)) {
      wrong("it follows the end of its entity");
    }
  }

  /// What is being removed loses its oldest records first; in the current run of a living entity
  /// nothing may be missing.
  void check_gap(const std::string& key, const seen_entity& seen) {
    if (seen.gap_run == 0 || has_ended(seen.summary.status)) return;
    if (seen.gap_run < seen.summary.run || seen.damaged) return;
    add({seen.gap_record, entity_of(key), seen.gap_event, "the record before it is missing"});
  }

  void check_row(std::string_view key, const index_row& row, lsn applied) {
    auto found = entities_.find(std::string(key));
    if (found == entities_.end()) {
      // Removed since, and the index has not been told yet.
      if (has_ended(row.state.summary.status)) return;
      add({row.state.last, entity_of(key), row.state.summary.last_event,
           "the index knows an entity without records"});
      return;
    }
    auto& seen = found->second;
    seen.in_index = true;
    if (seen.last > applied) return;
    if (row.state.last != seen.last || row.state.summary != seen.summary) {
      add({seen.last, entity_of(key), seen.summary.last_event, "the index differs"});
    }
  }

  void check_attributes(std::string_view key, const core::attributes& kept, lsn applied) {
    auto found = entities_.find(std::string(key));
    if (found == entities_.end()) return;
    auto& seen = found->second;
    if (seen.last > applied || seen.damaged || !seen.attributes || *seen.attributes == kept) return;
    add({seen.last, entity_of(key), seen.summary.last_event, "its attributes in the index differ"});
  }

  journal_file& log_;
  verify_report& report_;
  std::unordered_map<std::string, seen_entity> entities_;
};

result<verify_report> verify(const std::filesystem::path& directory) {
  constexpr bool read_only = true;
  // Asked first: a node that starts meanwhile changes the index, not what was true of it.
  bool running = directory_lock::is_taken(directory);
  auto log = journal_file::open(directory, lmdb_options::default_map_bytes, read_only);
  if (!log) return log.error();
  verify_report report;
  report.shard_count = (*log)->shard_count();
  verifier reading(**log, report);
  reading.read_log();
  std::error_code failed;
  auto path = directory / index_name;
  if (running || !std::filesystem::exists(path, failed)) return report;
  auto index = index_file::open(path, lmdb_options::default_map_bytes, (*log)->id(), read_only);
  if (index) {
    reading.read_index(**index);
  } else if (index.error().code != errc::malformed) {  // Another version's says nothing.
    ++report.findings_count;
    report.findings.push_back(
        {0, {}, 0, index.error().detail + "; it is built again at the start"});
  }
  return report;
}

}  // namespace

}  // namespace lmdb

result<verify_report> verify_lmdb_journal(const std::filesystem::path& directory) {
  try {
    return lmdb::verify(directory);
  } catch (const failure& failed) {
    return failed.why();
  }
}

}  // namespace perdure::persistence
