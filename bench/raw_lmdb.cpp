// LMDB alone, used as the journal uses it (default flags, growing keys, MDB_APPEND): the ceiling
// that the other figures stand beside.

#include <lmdb.h>

#include <cstring>
#include <stdexcept>

#include "bench/harness.h"

namespace perdure::bench {

namespace {

void check(int code) {
  if (code != 0) throw std::runtime_error(std::string("raw LMDB: ") + mdb_strerror(code));
}

class environment {
public:
  explicit environment(const std::filesystem::path& folder) {
    check(mdb_env_create(&env_));
    check(mdb_env_set_mapsize(env_, std::size_t{64} << 30));
    check(mdb_env_open(env_, folder.c_str(), 0, 0644));
  }
  environment(const environment&) = delete;
  environment& operator=(const environment&) = delete;
  ~environment() { mdb_env_close(env_); }

  /// Appends `count` records of `size` bytes in one durable commit.
  void append(std::size_t count, std::size_t size) {
    value_.resize(size);
    MDB_txn* txn = nullptr;
    MDB_dbi dbi = 0;
    check(mdb_txn_begin(env_, nullptr, 0, &txn));
    check(mdb_dbi_open(txn, nullptr, 0, &dbi));
    for (std::size_t i = 0; i < count; ++i) {
      auto key = __builtin_bswap64(++last_);
      std::memcpy(value_.data(), &last_, sizeof last_);
      MDB_val k{sizeof key, &key};
      MDB_val v{value_.size(), value_.data()};
      check(mdb_put(txn, dbi, &k, &v, MDB_APPEND));
    }
    check(mdb_txn_commit(txn));
  }

private:
  MDB_env* env_ = nullptr;
  std::uint64_t last_ = 0;
  std::vector<char> value_;
};

}  // namespace

void raw_lmdb(run& r) {
  auto size = record_bytes();
  r.report("record of a small signal", static_cast<double>(size), "bytes");

  environment single(r.folder("raw-single"));
  latencies commits;
  for (std::size_t i = 0; i < r.size(8'000, 50); ++i) {
    stopwatch one;
    single.append(1, size);
    commits.add(one.elapsed());
  }
  r.report("raw LMDB, commit of one record, p50", commits.micros(0.5), "us");
  r.report("raw LMDB, commit of one record, p99", commits.micros(0.99), "us");

  environment batched(r.folder("raw-batched"));
  constexpr std::size_t batch = 1'024;
  auto batches = r.size(3'000, 2);
  stopwatch all;
  for (std::size_t i = 0; i < batches; ++i) batched.append(batch, size);
  r.report("raw LMDB, append in batches of 1,024",
           static_cast<double>(batch * batches) / all.seconds(), "1/s");
}

}  // namespace perdure::bench
