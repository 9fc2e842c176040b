#pragma once

/// Every engine, for the tests of what persistence/journal.h promises. The LMDB engine is asked
/// twice: as it is, with everything still in memory, and with a flush before every question.

#include <memory>

#include "tests/persistence/support.h"

namespace perdure::persistence::testing {

/// An engine with one shard owner.
class fixture {
public:
  virtual ~fixture() = default;
  virtual journal& engine() = 0;

  /// Called between telling and asking.
  virtual void settle() {}

  /// The process dies, and another opens what it left, perhaps without the index.
  virtual void reopen(bool without_index) {}

  static constexpr std::uint32_t shards = 16;

  void open_all() { story.epoch = engine().acquire_all().front(); }

  storyteller story{shards};
};

class in_memory : public fixture {
public:
  in_memory() { open_all(); }
  journal& engine() override { return journal_; }

private:
  memory_journal journal_{{.shard_count = shards}};
};

class on_lmdb : public fixture {
public:
  on_lmdb() : journal_(open(quiet(directory_.path()))) { open_all(); }
  journal& engine() override { return *journal_; }
  void reopen(bool without_index) override {
    journal_.reset();
    if (without_index) std::filesystem::remove_all(directory_.path() / "index");
    journal_ = open(quiet(directory_.path()));
    open_all();
  }

private:
  temporary_directory directory_;
  std::unique_ptr<journal> journal_;
};

class on_lmdb_flushed : public on_lmdb {
public:
  void settle() override { engine().flush(); }
};

}  // namespace perdure::persistence::testing

#define EVERY_ENGINE in_memory, on_lmdb, on_lmdb_flushed
