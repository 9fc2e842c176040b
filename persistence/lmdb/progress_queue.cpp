#include "persistence/lmdb/progress_queue.h"

#include <utility>

namespace perdure::persistence::lmdb {

namespace {

/// What an entry takes beside its texts, about.
constexpr std::size_t entry_bytes = 256;

}  // namespace

std::size_t progress_queue::bytes_of(std::string_view key, const entry& of) {
  auto texts = of.latest ? of.latest->last_failure.size() + of.latest->heartbeat.size() : 0;
  return entry_bytes + key.size() + texts;
}

void progress_queue::note(std::string_view key, const activity_progress& progress) {
  put(key, progress.activity, std::make_shared<const activity_progress>(progress));
}

void progress_queue::forget(std::string_view key, event_number activity) {
  put(key, activity, nullptr);
}

void progress_queue::put(std::string_view key, event_number activity,
                         std::shared_ptr<const activity_progress> latest) {
  std::lock_guard lock(mutex_);
  auto of = items_.find(key);
  if (of != items_.end()) {
    if (auto before = of->second.entries.find(activity); before != of->second.entries.end()) {
      bytes_held_ -= bytes_of(key, before->second);
      of->second.entries.erase(before);
    }
  }
  entry added{activity, std::move(latest), ++serials_};
  if (bytes_held_ + bytes_of(key, added) > bytes_max_) return;
  bytes_held_ += bytes_of(key, added);
  if (of == items_.end()) of = items_.emplace(std::string(key), waiting{}).first;
  of->second.entries.emplace(activity, std::move(added));
}

void progress_queue::clear(std::string_view key) {
  std::lock_guard lock(mutex_);
  auto& of = items_[std::string(key)];
  for (auto& [activity, dropped] : of.entries) bytes_held_ -= bytes_of(key, dropped);
  of.entries.clear();
  of.cleared = ++serials_;
}

progress_queue::item progress_queue::item_of(const std::string& key, const waiting& of) {
  item made{key, of.cleared, {}};
  for (auto& [activity, next] : of.entries) made.entries.push_back(next);
  return made;
}

progress_queue::item progress_queue::find(std::string_view key) const {
  std::lock_guard lock(mutex_);
  auto found = items_.find(key);
  return found == items_.end() ? item{} : item_of(found->first, found->second);
}

std::vector<progress_queue::item> progress_queue::all() const {
  std::lock_guard lock(mutex_);
  std::vector<item> items;
  items.reserve(items_.size());
  for (auto& [key, of] : items_) items.push_back(item_of(key, of));
  return items;
}

void progress_queue::done(const item& written) {
  std::lock_guard lock(mutex_);
  auto found = items_.find(written.key);
  if (found == items_.end()) return;
  auto& of = found->second;
  if (of.cleared == written.cleared) of.cleared = 0;
  for (auto& next : written.entries) {
    auto here = of.entries.find(next.activity);
    if (here == of.entries.end() || here->second.serial != next.serial) continue;
    bytes_held_ -= bytes_of(found->first, here->second);
    of.entries.erase(here);
  }
  if (of.cleared == 0 && of.entries.empty()) items_.erase(found);
}

bool progress_queue::empty() const {
  std::lock_guard lock(mutex_);
  return items_.empty();
}

std::size_t progress_queue::bytes_held() const {
  std::lock_guard lock(mutex_);
  return bytes_held_;
}

}  // namespace perdure::persistence::lmdb
