#include <algorithm>
#include <set>

#include "persistence/limits.h"
#include "persistence/lmdb/engine.h"

namespace perdure::persistence::lmdb {

namespace {

/// Entries read in one transaction: during a longer one the index's file keeps growing.
constexpr std::size_t rows_page = 10'000;
constexpr std::size_t names_page = 1000;

/// More entries than this are not noted for mending at a time.
constexpr std::size_t mending_max = 100'000;

/// The keys that a filter asks for: from `first` on, before `end` (empty: no end).
struct key_range {
  std::string first;
  std::string end;
};

key_range range_of(const list_filter& filter) {
  key_range range;
  if (!filter.type.empty()) {
    range.first = filter.type + '\0';
    range.end = filter.type + '\1';
  }
  if (filter.after) {
    // The least key that sorts after it.
    auto after = filter.after->type + '\0' + filter.after->id + '\0';
    range.first = std::max(range.first, after);
  }
  return range;
}

bool matches(const list_filter& filter, const entity_summary& summary) {
  return !filter.status || *filter.status == summary.status;
}

}  // namespace

void engine::scan(const list_filter& filter, bool with_attributes, const visitor& each) const {
  auto range = range_of(filter);
  std::vector<std::pair<std::string, overlay::lookup>> changed;
  overlay_.changed_between(range.first, range.end, changed);
  std::ranges::sort(changed, {}, [](auto& item) -> auto& { return item.first; });
  auto next = changed.begin();
  bool going = true;
  auto offer = [&](std::string_view key, const entity_summary& summary, const attributes_ptr& known,
                   index_file::attributes_reader& stored) {
    if (!matches(filter, summary)) return;
    core::attributes attributes;
    if (with_attributes || filter.where) attributes = known ? *known : stored.find(key);
    if (filter.where && !filter.where(attributes)) return;
    going = each(key, summary, std::move(attributes));
  };
  auto offer_changed = [&](index_file::attributes_reader& stored) {
    auto& [key, here] = *next++;
    if (here.exists) offer(key, here.state.summary, here.attributes, stored);
  };
  auto from = range.first;
  for (bool more = true; more && going;) {
    read_transaction txn(index_->env());
    index_file::attributes_reader stored(*index_, txn);
    std::size_t seen = 0;
    more = false;
    index_->rows_from(txn, from, [&](std::string_view key, const index_row& row) {
      if (!range.end.empty() && key >= range.end) return false;
      if (seen++ == rows_page) {
        from = key;
        more = true;
        return false;
      }
      while (going && next != changed.end() && next->first < key) offer_changed(stored);
      if (!going) return false;
      if (next != changed.end() && next->first == key) {
        offer_changed(stored);
      } else {
        offer(key, row.state.summary, nullptr, stored);
      }
      return going;
    });
    while (!more && going && next != changed.end()) offer_changed(stored);
  }
}

std::vector<listed_entity> engine::list(const list_filter& filter) const {
  if (filter.limit == 0) return {};
  return from_index([&] {
    std::vector<listed_entity> page;
    scan(filter, true,
         [&](std::string_view key, const entity_summary& summary, core::attributes&& attributes) {
           page.push_back({entity_of(key), summary, std::move(attributes)});
           return page.size() < filter.limit;
         });
    return page;
  });
}

std::uint64_t engine::count(const list_filter& filter) const {
  auto all = filter;
  all.after.reset();
  return from_index([&] {
    std::uint64_t found = 0;
    scan(all, false, [&](std::string_view, const entity_summary&, core::attributes&&) {
      ++found;
      return true;
    });
    return found;
  });
}

void engine::pending(const std::function<void(const entity_id&)>& each) const {
  std::vector<std::string> found;
  overlay_.pending(found);
  std::set<std::string, std::less<>> told(found.begin(), found.end());
  for (auto& key : found) each(entity_of(key));
  std::string from;
  for (bool more = true; more;) {
    found.clear();
    more = from_index([&] {
      read_transaction txn(index_->env());
      std::size_t seen = 0;
      bool cut = false;
      index_->pending_from(txn, from, [&](std::string_view key) {
        if (seen++ == names_page) {
          from = key;
          cut = true;
          return false;
        }
        auto here = overlay_.find(hash_of(key), key);
        bool is = !here.known || (here.exists && here.state.summary.pending);
        if (is && !told.contains(key)) found.emplace_back(key);
        return true;
      });
      return cut;
    });
    for (auto& key : found) each(entity_of(key));
  }
}

// -- due times -----------------------------------------------------------------------------------

/// Tells what the overlay has, then the index, page by page.
class engine::due_reading {
public:
  due_reading(const engine& of, timestamp until) : of_(of), until_(until) {}

  bool operator()(const std::function<void(const entity_id&, timestamp)>& each) {
    found_.clear();
    if (!std::exchange(begun_, true)) {
      of_.overlay_.due(until_, found_);
      for (auto& [key, next] : found_) {
        each(entity_of(key), next);
        told_.insert(key);
      }
      return true;
    }
    const bool more = of_.from_index([&] { return read_page(); });
    for (auto& [key, next] : found_) {
      if (!told_.contains(key)) each(entity_of(key), next);
    }
    return more;
  }

private:
  bool read_page() {
    read_transaction txn(of_.index_->env());
    std::size_t seen = 0;
    bool cut = false;
    of_.index_->due_from(txn, from_, after_, [&](timestamp entry, std::string_view key) {
      if (entry >= until_) return false;
      if (seen++ == names_page) {
        from_ = entry;
        after_ = key;
        cut = true;
        return false;
      }
      of_.note_due(txn, entry, key, until_, found_);
      return true;
    });
    return cut;
  }

  const engine& of_;
  const timestamp until_;
  bool begun_ = false;
  std::set<std::string, std::less<>> told_;
  std::vector<std::pair<std::string, timestamp>> found_;
  timestamp from_ = timestamp::min();  ///< Where the next page begins, with after_.
  std::string after_;
};

due_reader engine::due(timestamp until) const { return due_reading(*this, until); }

void engine::note_due(const read_transaction& in, timestamp entry, std::string_view key,
                      timestamp until,
                      std::vector<std::pair<std::string, timestamp>>& found) const {
  auto here = overlay_.find(hash_of(key), key);
  if (here.known && here.changed) return;  // The overlay's order of due times has it.
  std::optional<entity_state> state;
  if (here.known && here.exists) state = here.state;
  if (!here.known) {
    if (auto row = index_->row(in, key)) state = row->state;
  }
  auto next = state ? state->summary.next_due : std::nullopt;
  if (next && *next < until) found.emplace_back(key, *next);
  if (next == entry) return;
  std::lock_guard lock(lists_mutex_);
  if (due_to_mend_.size() < mending_max) due_to_mend_.emplace_back(entry, key);
}

}  // namespace perdure::persistence::lmdb
