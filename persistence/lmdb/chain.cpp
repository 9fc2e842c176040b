#include "persistence/lmdb/chain.h"

#include <algorithm>
#include <utility>

#include "persistence/codec.h"

namespace perdure::persistence::lmdb {

chain_reader::chain_reader(const journal_file& log, const entity_id& entity,
                           const entity_state& state)
    : log_(log), entity_(entity), state_(state) {}

void chain_reader::offer(bytes_view encoded, const std::optional<stored_snapshot>& stored) {
  auto base = decode_snapshot(encoded);
  if (!base || base->entity != entity_ || base->run != state_.summary.run) return;
  if (base->event < state_.summary.run_began || base->event > state_.summary.last_event) return;
  offered_.emplace(offered{std::move(*base), std::nullopt, 0});
  if (!stored) return;
  offered_->taken_after = stored->taken_after;
  offered_->record_crc = stored->record_crc;
}

bool chain_reader::belongs(const log_entry& entry) const {
  if (offered_->taken_after &&
      (*offered_->taken_after != entry.number || offered_->record_crc != entry.crc)) {
    return false;
  }
  auto head = decode_header(entry.encoded);
  if (!head || head->entity != entity_ || head->after.last_event != offered_->base.event) {
    return false;
  }
  auto step = decode_record(entry.encoded);
  return step &&
         step->state_digest.value_or(offered_->base.state_digest) == offered_->base.state_digest;
}

result<loaded_entity> chain_reader::load(event_number at) {
  auto until = at == 0 ? state_.summary.last_event : at;
  if (until < state_.summary.run_began || until > state_.summary.last_event) return outside(at);
  if (offered_ && offered_->base.event > until) offered_.reset();
  read_transaction txn(log_.env());
  loaded_entity loaded;
  bool found = false;
  auto last_event = state_.summary.last_event;
  for (auto number = state_.last;;) {
    auto [how, entry] = log_.read(txn, number);
    if (how == journal_file::presence::absent) return missing(number);
    if (how == journal_file::presence::damaged) return damaged(number, last_event);
    if (!found) {
      auto head = decode_header(entry.encoded);
      if (!head || head->entity != entity_) return damaged(number, last_event);
      found = head->first_event <= until;
      if (found) loaded.summary = head->after;
    }
    if (offered_ && last_event == offered_->base.event) {
      if (belongs(entry)) {
        loaded.base = std::move(offered_->base);
        break;
      }
      offered_.reset();
    }
    auto step = decode_record(entry.encoded);
    if (!step || step->last_event() != last_event || step->run != state_.summary.run) {
      return damaged(number, last_event);
    }
    auto first_event = step->event;
    if (found) loaded.records.push_back(std::move(*step));
    if (entry.begins_run) break;
    last_event = first_event - 1;
    number = entry.back;
  }
  if (!found) return outside(at);
  std::ranges::reverse(loaded.records);
  return loaded;
}

result<std::vector<core::record>> chain_reader::history(event_number from, std::size_t limit,
                                                        std::optional<run_number> run) {
  read_transaction txn(log_.env());
  std::vector<bytes_view> wanted;
  auto last_event = state_.summary.last_event;
  bool in_current_run = true;
  for (auto number = state_.last; number != 0 && last_event >= from;) {
    auto [how, entry] = log_.read(txn, number);
    if (how == journal_file::presence::absent) {
      if (in_current_run && !has_ended(state_.summary.status)) {
        return missing(number);
      }
      break;
    }
    if (how == journal_file::presence::damaged) return damaged(number, last_event);
    auto head = decode_header(entry.encoded);
    if (!head || head->entity != entity_ || head->after.last_event != last_event) {
      return damaged(number, last_event);
    }
    if (run && head->after.run < *run) break;
    if (!run || head->after.run == *run) wanted.push_back(entry.encoded);
    if (entry.begins_run) in_current_run = false;
    last_event = head->first_event - 1;
    number = entry.back;
  }
  std::vector<core::record> records;
  for (auto at = wanted.rbegin(); at != wanted.rend() && records.size() < limit; ++at) {
    auto step = decode_record(*at);
    if (!step) return step.error();
    records.push_back(std::move(*step));
  }
  return records;
}

// -- errors --------------------------------------------------------------------------------------

error chain_reader::missing(lsn number) const {
  if (has_ended(state_.summary.status)) {
    return {errc::entity_not_found, to_string(entity_) + " ended, and its records are removed"};
  }
  return {errc::internal,
          to_string(entity_) + ": record " + std::to_string(number) + " is missing"};
}

error chain_reader::damaged(lsn number, event_number last_event) const {
  return {errc::internal, to_string(entity_) + ": record " + std::to_string(number) +
                              ", which ends with event " + std::to_string(last_event) +
                              ", is damaged: its checksum or its place differs"};
}

error chain_reader::outside(event_number at) const {
  return {errc::malformed,
          to_string(entity_) + ": event " + std::to_string(at) + " is not in its current run"};
}

}  // namespace perdure::persistence::lmdb
