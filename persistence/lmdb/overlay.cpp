#include "persistence/lmdb/overlay.h"

#include <utility>

#include "persistence/check.h"

namespace perdure::persistence::lmdb {

attributes_ptr no_attributes() {
  static const auto none = std::make_shared<const core::attributes>();
  return none;
}

// -- row_table -----------------------------------------------------------------------------------

overlay_row* row_table::find(std::uint64_t hash, std::string_view key) const {
  if (slots_.empty()) return nullptr;
  auto mask = slots_.size() - 1;
  for (auto place = hash & mask; slots_[place].row; place = (place + 1) & mask) {
    if (slots_[place].hash == hash && slots_[place].row->key == key) return slots_[place].row.get();
  }
  return nullptr;
}

overlay_row* row_table::add(std::uint64_t hash, std::string_view key) {
  if (size_ * 4 >= slots_.size() * 3) grow();
  auto mask = slots_.size() - 1;
  auto place = hash & mask;
  while (slots_[place].row) place = (place + 1) & mask;
  slots_[place] = {hash, std::make_unique<overlay_row>()};
  slots_[place].row->hash = hash;
  slots_[place].row->key = key;
  ++size_;
  return slots_[place].row.get();
}

void row_table::grow() {
  std::vector<slot> before(slots_.empty() ? 16 : slots_.size() * 2);
  before.swap(slots_);
  auto mask = slots_.size() - 1;
  for (auto& moved : before) {
    if (!moved.row) continue;
    auto place = moved.hash & mask;
    while (slots_[place].row) place = (place + 1) & mask;
    slots_[place] = std::move(moved);
  }
}

void row_table::remove_at(std::size_t place) {
  auto mask = slots_.size() - 1;
  slots_[place].row.reset();
  --size_;
  // Those after it that would not be found across the gap move into it.
  for (auto next = (place + 1) & mask; slots_[next].row; next = (next + 1) & mask) {
    auto home = slots_[next].hash & mask;
    if (((next - home) & mask) < ((next - place) & mask)) continue;
    slots_[place] = std::move(slots_[next]);
    place = next;
  }
}

void row_table::sweep(std::size_t steps, const std::function<bool(overlay_row&)>& may_go) {
  if (slots_.empty()) return;
  for (; steps > 0; --steps) {
    hand_ = (hand_ + 1) & (slots_.size() - 1);
    if (slots_[hand_].row && may_go(*slots_[hand_].row)) remove_at(hand_);
  }
}

// -- rows ----------------------------------------------------------------------------------------

overlay::lookup overlay::find(std::uint64_t hash, std::string_view key) const {
  auto& in = stripe_of(hash);
  std::lock_guard lock(in.mutex);
  auto* row = in.rows.find(hash, key);
  if (row == nullptr) return {};
  row->used = true;
  return {true, row->exists, row->changed || row->flushing, row->state, row->attributes};
}

overlay_row* overlay::add(stripe& in, std::uint64_t hash, std::string_view key,
                          const std::optional<entity_state>& state) {
  std::lock_guard lock(in.mutex);
  auto* row = in.rows.add(hash, key);
  row->exists = state.has_value();
  if (state) row->state = *state;
  return row;
}

void overlay::set(overlay_row& row, const std::optional<entity_state>& state,
                  attributes_ptr attributes) {
  auto& in = stripe_of(row.hash);
  std::lock_guard lock(in.mutex);
  row.exists = state.has_value();
  row.state = state.value_or(entity_state{});
  if (!state) {
    row.attributes.reset();
  } else if (attributes) {
    row.attributes = std::move(attributes);
  }
  row.used = true;
  if (!row.changed) {
    row.changed = true;
    in.changed.push_back(&row);
  }
  enter_due(in, row);
}

void overlay::enter_due(const stripe& in, overlay_row& row) {
  auto& next = row.state.summary.next_due;
  if (!next || (row.due_entry && *row.due_entry <= *next)) return;
  leave_due(in, row);
  in.due.emplace(*next, &row);
  row.due_entry = next;
}

void overlay::leave_due(const stripe& in, overlay_row& row) {
  if (!row.due_entry) return;
  in.due.erase({*row.due_entry, &row});
  row.due_entry.reset();
}

void overlay::trim() {
  for (auto& in : stripes_) {
    std::lock_guard lock(in.mutex);
    // What is not in the index yet has to stay: looking for others among it is in vain.
    auto kept = rows_kept_ / stripe_count + in.changed.size() + in.flushing.size();
    if (in.rows.size() <= kept) continue;
    in.rows.sweep(4 * (in.rows.size() - kept), [&](overlay_row& row) {
      if (row.changed || row.flushing) return false;
      return !std::exchange(row.used, false);
    });
  }
}

std::size_t overlay::rows() const {
  std::size_t rows = 0;
  for (auto& in : stripes_) {
    std::lock_guard lock(in.mutex);
    rows += in.rows.size();
  }
  return rows;
}

// -- readers -------------------------------------------------------------------------------------

template <class Each>
void overlay::each_changed(const stripe& in, Each each) {
  for (auto* row : in.changed) each(*row);
  for (auto* row : in.flushing) {
    if (!row->changed) each(*row);
  }
}

void overlay::changed_between(std::string_view from, std::string_view to,
                              std::vector<std::pair<std::string, lookup>>& found) const {
  for (auto& in : stripes_) {
    std::lock_guard lock(in.mutex);
    each_changed(in, [&](const overlay_row& row) {
      if (row.key < from || (!to.empty() && row.key >= to)) return;
      found.emplace_back(row.key, lookup{true, row.exists, true, row.state, row.attributes});
    });
  }
}

void overlay::pending(std::vector<std::string>& found) const {
  for (auto& in : stripes_) {
    std::lock_guard lock(in.mutex);
    each_changed(in, [&](const overlay_row& row) {
      if (row.exists && row.state.summary.pending) found.push_back(row.key);
    });
  }
}

void overlay::due(timestamp until, std::vector<std::pair<std::string, timestamp>>& found) const {
  for (auto& in : stripes_) {
    std::lock_guard lock(in.mutex);
    std::vector<overlay_row*> early;
    for (auto at = in.due.begin(); at != in.due.end() && at->first < until; ++at) {
      auto& row = *at->second;
      auto& next = row.state.summary.next_due;
      if (next && *next < until) found.emplace_back(row.key, *next);
      if (next != at->first) early.push_back(&row);
    }
    for (auto* row : early) {
      leave_due(in, *row);
      enter_due(in, *row);
    }
  }
}

// -- the flush -----------------------------------------------------------------------------------

std::vector<overlay::taken_row> overlay::changed_rows() {
  std::vector<taken_row> taken;
  for (auto& in : stripes_) {
    std::lock_guard lock(in.mutex);
    check(in.flushing.empty(), "one flush at a time");
    for (auto* row : in.changed) {
      row->changed = false;
      row->flushing = true;
      taken.push_back({row, row->exists, row->state, row->attributes});
    }
    in.flushing.swap(in.changed);
  }
  return taken;
}

void overlay::written(std::span<const taken_row> taken, std::size_t count) {
  for (std::size_t i = 0; i < taken.size(); ++i) {
    auto& [row, exists, state, attributes] = taken[i];
    row->written = i < count;
    if (!attributes || !row->written) continue;
    std::lock_guard lock(stripe_of(row->hash).mutex);
    if (row->attributes == attributes) row->attributes.reset();  // The index has them now.
  }
  for (auto& in : stripes_) {
    std::lock_guard lock(in.mutex);
    for (auto* row : in.flushing) {
      row->flushing = false;
      if (row->changed) continue;
      if (row->written) {
        leave_due(in, *row);
      } else {
        row->changed = true;
        in.changed.push_back(row);
      }
    }
    in.flushing.clear();
  }
}

}  // namespace perdure::persistence::lmdb
