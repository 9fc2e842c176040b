#pragma once

/// CRC32C (Castagnoli), the checksum of everything the LMDB engine writes.

#include <isa-l/crc.h>

#include <cstdint>

#include <perdure/types.h>

namespace perdure::persistence::lmdb {

/// Returns the checksum of `data`, continuing from that of what stands before it.
inline std::uint32_t crc32c(bytes_view data, std::uint32_t before = 0) {
  // ISA-L takes its input as mutable and only reads it.
  auto* first = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(data.data()));
  return ~crc32_iscsi(first, static_cast<int>(data.size()), ~before);
}

}  // namespace perdure::persistence::lmdb
