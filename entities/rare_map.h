#pragma once

/// A map that most entities leave empty: one pointer until something is put in. Five std::maps that
/// hold nothing are 240 bytes of an entity, which shall take three thousand.
///
/// Interface, complexity and iterators are those of the map. One thread at a time.

#include <cstddef>
#include <memory>
#include <utility>

namespace perdure::core {

template <class Map>
class rare_map {
public:
  using iterator = typename Map::iterator;
  using const_iterator = typename Map::const_iterator;

  rare_map& operator=(const Map& from) {
    map_ = from.empty() ? nullptr : std::make_unique<Map>(from);
    return *this;
  }

  /// The map, to be read.
  const Map& get() const { return map_ ? *map_ : none(); }

  bool empty() const { return !map_ || map_->empty(); }
  std::size_t size() const { return map_ ? map_->size() : 0; }
  template <class Key>
  bool contains(const Key& key) const {
    return map_ && map_->contains(key);
  }

  iterator begin() { return map_ ? map_->begin() : none().end(); }
  iterator end() { return map_ ? map_->end() : none().end(); }
  const_iterator begin() const { return get().begin(); }
  const_iterator end() const { return get().end(); }
  template <class Key>
  iterator find(const Key& key) {
    return map_ ? map_->find(key) : none().end();
  }
  template <class Key>
  const_iterator find(const Key& key) const {
    return get().find(key);
  }

  template <class Key>
  auto& operator[](const Key& key) {
    return made()[key];
  }
  template <class... Args>
  auto emplace(Args&&... args) {
    return made().emplace(std::forward<Args>(args)...);
  }
  template <class Key, class Value>
  auto insert_or_assign(const Key& key, Value&& value) {
    return made().insert_or_assign(key, std::forward<Value>(value));
  }

  void erase(iterator which) { map_->erase(which); }
  std::size_t erase(const typename Map::key_type& key) { return map_ ? map_->erase(key) : 0; }
  template <class Condition>
  void erase_if(Condition condition) {
    if (map_) std::erase_if(*map_, std::move(condition));
  }
  void clear() { map_.reset(); }

private:
  /// Stands for all maps that are not there, and stays empty: nobody writes to it.
  static Map& none() {
    static Map nothing;
    return nothing;
  }

  Map& made() {
    if (!map_) map_ = std::make_unique<Map>();
    return *map_;
  }

  std::unique_ptr<Map> map_;
};

}  // namespace perdure::core
