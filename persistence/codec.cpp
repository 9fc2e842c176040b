#include "persistence/codec.h"

#include <array>
#include <cstring>
#include <memory>
#include <utility>

#include "persistence/check.h"
#include "persistence/codec_read.h"
#include "persistence/codec_sizes.h"
#include "persistence/codec_wire.h"
#include "persistence/codec_write.h"

namespace perdure::persistence {

namespace {

constexpr std::size_t segment_table_bytes = 8;

/// How deep structs and lists stand in each other at most: a reset run holds records, the first of
/// which may be that of a reset run itself; each is two deeper.
constexpr int nesting_max = 1024;

/// Builds one message of at most `words` words with `fill`, in the bytes it returns.
template <class Root, class Fill>
bytes build(std::size_t words, Fill fill) {
  bytes encoded(segment_table_bytes + words * sizeof(capnp::word));
  auto* first = reinterpret_cast<capnp::word*>(encoded.data() + segment_table_bytes);
  capnp::FlatMessageBuilder message(kj::arrayPtr(first, words));
  fill(message.initRoot<Root>());
  auto used = static_cast<std::uint32_t>(message.getSegmentsForOutput()[0].size());
  std::memcpy(encoded.data() + sizeof used, &used,
              sizeof used);  // After the count of segments - 1.
  encoded.resize(segment_table_bytes + used * sizeof(capnp::word));
  return encoded;
}

/// Words on an eight-byte boundary: the caller's bytes when they stand on one, a copy otherwise.
class aligned_words {
public:
  explicit aligned_words(bytes_view encoded) : count_(encoded.size() / sizeof(capnp::word)) {
    if (reinterpret_cast<std::uintptr_t>(encoded.data()) % alignof(std::uint64_t) == 0) {
      first_ = reinterpret_cast<const capnp::word*>(encoded.data());
      return;
    }
    std::uint64_t* to = near_.data();
    if (count_ > near_.size()) {
      far_ = std::make_unique_for_overwrite<std::uint64_t[]>(count_);
      to = far_.get();
    }
    std::memcpy(to, encoded.data(), count_ * sizeof(capnp::word));
    first_ = reinterpret_cast<const capnp::word*>(to);
  }

  kj::ArrayPtr<const capnp::word> get() const { return {first_, count_}; }

private:
  std::size_t count_;
  const capnp::word* first_ = nullptr;
  std::array<std::uint64_t, 256> near_;  // Left as it is: only what is copied is read.
  std::unique_ptr<std::uint64_t[]> far_;
};

/// Reads `encoded` as one message with root `Root`, by `read`.
template <class Root, class Read>
auto parse(bytes_view encoded, const char* noun, Read read)
    -> result<decltype(read(std::declval<typename Root::Reader>()))> {
  auto broken = [&](const std::string& what) {
    return error{errc::internal, std::string(noun) + " is damaged: " + what};
  };
  std::array<std::uint32_t, 2> table{};
  if (encoded.size() < segment_table_bytes) return broken("it has no segment table");
  std::memcpy(table.data(), encoded.data(), segment_table_bytes);
  if (table[0] != 0) return broken("it is not one segment");
  if (encoded.size() != segment_table_bytes + std::size_t{table[1]} * sizeof(capnp::word)) {
    return broken("it has not the size it says");
  }
  try {
    aligned_words words(encoded.subspan(segment_table_bytes));
    kj::ArrayPtr<const capnp::word> segments[] = {words.get()};
    capnp::ReaderOptions limits{.traversalLimitInWords = 4 * words.get().size() + 64,
                                .nestingLimit = nesting_max};
    capnp::SegmentArrayMessageReader message(kj::arrayPtr(segments, 1), limits);
    return read(message.getRoot<Root>());
  } catch (const codec::damaged& found) {
    return broken(found.what);
  } catch (const kj::Exception& found) {
    return broken(found.getDescription().cStr());
  }
}

}  // namespace

bytes encode_record(const entity_id& entity, const core::record& step, const entity_summary& after,
                    const std::optional<core::attributes>& attributes) {
  check(step.event > 0 && after.last_event == step.last_event() && after.run == step.run,
        "the summary is not that of the step");
  return build<wire::Record>(
      codec::words_of_record(entity, step, attributes),
      [&](wire::Record::Builder to) { codec::write_record(to, entity, step, after, attributes); });
}

std::size_t size_of_record(const entity_id& entity, const core::record& step,
                           const std::optional<core::attributes>& attributes) {
  return sizeof(capnp::word) * codec::words_of_record(entity, step, attributes);
}

result<record_header> decode_header(bytes_view encoded) {
  return parse<wire::Record>(encoded, "a record", codec::read_header);
}

result<core::record> decode_record(bytes_view encoded) {
  return parse<wire::Record>(encoded, "a record", codec::read_record);
}

bytes encode_snapshot(const snapshot& taken) {
  return build<wire::Snapshot>(codec::words_of_snapshot(taken), [&](wire::Snapshot::Builder to) {
    codec::write_snapshot(to, taken);
  });
}

result<snapshot> decode_snapshot(bytes_view encoded) {
  return parse<wire::Snapshot>(encoded, "a snapshot", codec::read_snapshot);
}

bytes encode_attributes(const core::attributes& values) {
  return build<wire::Attributes>(
      codec::words_of_attributes(values),
      [&](wire::Attributes::Builder to) { codec::write_attributes(to, values); });
}

result<core::attributes> decode_attributes(bytes_view encoded) {
  return parse<wire::Attributes>(encoded, "a set of attributes", codec::read_attributes);
}

bytes encode_progress(const activity_progress& progress) {
  return build<wire::Progress>(codec::words_of_progress(progress), [&](wire::Progress::Builder to) {
    codec::write_progress(to, progress);
  });
}

result<activity_progress> decode_progress(bytes_view encoded) {
  return parse<wire::Progress>(encoded, "progress", codec::read_progress);
}

}  // namespace perdure::persistence
