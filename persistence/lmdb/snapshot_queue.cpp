#include "persistence/lmdb/snapshot_queue.h"

#include <utility>

#include "persistence/codec.h"

namespace perdure::persistence::lmdb {

void snapshot_queue::put(std::string_view key, const snapshot& taken) {
  auto encoded = std::make_shared<const bytes>(encode_snapshot(taken));
  std::lock_guard lock(mutex_);
  auto found = items_.find(key);
  if (found != items_.end()) {
    if (found->second.event > taken.event) return;
    bytes_held_ -= found->second.encoded->size();
    items_.erase(found);
  }
  if (bytes_held_ + encoded->size() > bytes_max_) return;
  bytes_held_ += encoded->size();
  item added{std::string(key), taken.event, taken.state_digest, ++serials_, std::move(encoded)};
  items_.emplace(added.key, added);
}

std::shared_ptr<const bytes> snapshot_queue::find(std::string_view key) const {
  std::lock_guard lock(mutex_);
  auto found = items_.find(key);
  return found == items_.end() ? nullptr : found->second.encoded;
}

std::vector<snapshot_queue::item> snapshot_queue::all() const {
  std::lock_guard lock(mutex_);
  std::vector<item> items;
  items.reserve(items_.size());
  for (auto& [key, item] : items_) items.push_back(item);
  return items;
}

void snapshot_queue::done(const item& written) {
  std::lock_guard lock(mutex_);
  auto found = items_.find(written.key);
  if (found == items_.end() || found->second.serial != written.serial) return;
  bytes_held_ -= found->second.encoded->size();
  items_.erase(found);
}

void snapshot_queue::clear() {
  std::lock_guard lock(mutex_);
  items_.clear();
  bytes_held_ = 0;
}

void snapshot_queue::forget(std::string_view key) {
  std::lock_guard lock(mutex_);
  auto found = items_.find(key);
  if (found == items_.end()) return;
  bytes_held_ -= found->second.encoded->size();
  items_.erase(found);
}

std::size_t snapshot_queue::bytes_held() const {
  std::lock_guard lock(mutex_);
  return bytes_held_;
}

}  // namespace perdure::persistence::lmdb
