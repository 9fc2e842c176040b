#include <spdlog/spdlog.h>

#include <algorithm>

#include "persistence/lmdb/engine.h"

namespace perdure::persistence::lmdb {

namespace {

constexpr lsn records_per_transaction = 50'000;

}  // namespace

result<nothing> engine::catch_up() {
  auto last = next_ - 1;
  std::set<lsn> in_doubt;
  lsn number = applied_ + 1;
  try {
    while (number <= last) {
      {
        read_transaction txn(log_->env());
        cursor at(txn.raw(), log_->log());
        auto end = number + records_per_transaction;
        bool more = at.seek(big_endian(number).view());
        for (number = end; more; more = at.next()) {
          auto here = big_endian::read(at.key());
          if (here >= end) break;
          if (auto applied = apply(txn, at, in_doubt); !applied) return applied;
        }
      }
      published_ = std::min(number - 1, last);
      if (flush_wanted() && !flush_once()) {
        return error{errc::storage_full, "no room to build the index"};
      }
      overlay_.trim();
    }
  } catch (const failure& failed) {
    return failed.why();
  }
  published_ = last;
  if (in_doubt.empty()) return nothing{};
  return error{errc::internal, "record " + std::to_string(*in_doubt.begin()) +
                                   " is damaged, and its entity cannot be told; restore a backup"};
}

/// Brings one record into the overlay. A damaged one is believed about whose it is when the record
/// before it agrees: its entity then shows the damage when it is loaded, and only it. One that a
/// later record names as the one before is that record's entity's. The others stay `in_doubt`.
result<nothing> engine::apply(const read_transaction& in, const cursor& at,
                              std::set<lsn>& in_doubt) {
  auto number = big_endian::read(at.key());
  if (auto entry = read_log_entry(number, at.value())) {
    in_doubt.erase(entry->back);
    auto head = decode_header(entry->encoded);
    if (!head) return head.error();
    apply_intact(in, *entry, *head);
    return nothing{};
  }
  spdlog::error("journal {}: record {} is damaged", options_.directory.string(), number);
  auto entry = read_damaged_log_entry(number, at.value());
  auto head = entry ? decode_header(entry->encoded) : error{errc::internal, "too short"};
  if (head && entry->back != 0) {
    auto [how, before] = log_->read(in, entry->back);
    if (how == journal_file::presence::intact) {
      auto head_before = decode_header(before.encoded);
      if (head_before && head_before->entity == head->entity &&
          head_before->after.last_event + 1 == head->first_event) {
        apply_intact(in, *entry, *head);
        return nothing{};
      }
    }
  }
  in_doubt.insert(number);
  return nothing{};
}

void engine::apply_intact(const read_transaction& in, const log_entry& entry,
                          const record_header& head) {
  entity_key key(head.entity);
  auto* row = overlay_.row(key.hash(), key.text(), [] { return std::optional<entity_state>{}; });
  auto attributes =
      head.attributes ? std::make_shared<const core::attributes>(*head.attributes) : nullptr;
  if (!attributes && head.first_event == 1) attributes = no_attributes();
  std::optional<entity_state> ended;  // The end that it follows.
  if (entry.back != 0 && (entry.begins_run || has_ended(head.after.status))) {
    ended = end_of_life(in, entry.back);
  }
  bool ended_run = entry.begins_run && entry.back != 0 && !ended;
  if (ended) replace_garbage(row->key, *ended, entry.begins_run);
  overlay_.set(*row, entity_state{head.after, entry.number}, std::move(attributes));
  note_garbage(head.after, entry.number, ended_run ? entry.back : 0, row->key);
  unindexed_bytes_ += log_head_bytes + entry.encoded.size();
}

/// What the entity had come to with this record, if that was its end.
std::optional<entity_state> engine::end_of_life(const read_transaction& in, lsn number) const {
  auto [how, entry] = log_->read(in, number);
  if (how != journal_file::presence::intact) return std::nullopt;
  auto head = decode_header(entry.encoded);
  if (!head || !has_ended(head->after.status)) return std::nullopt;
  return entity_state{head->after, number};
}

}  // namespace perdure::persistence::lmdb
