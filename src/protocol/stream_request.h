// What a request of the streaming protocol says beyond its key: numbers, as they were written. What
// is right and what is not depends on the item, the upload and the limits, so that is judged where
// they are known.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>

namespace rat_memcache::protocol {

struct StreamRequest {
  // Larger than anything that is right.
  static constexpr uint64_t kNoNumber = UINT64_MAX;

  // kStreamingGet, kStreamingGets. Nothing: left out. kNoNumber: another word than digits.
  std::optional<uint64_t> chunk_size;
  uint64_t first_chunk = 0;
  std::optional<uint64_t> cas;
  // kSetBegin.
  uint64_t total_size = 0;
  uint64_t chunk_count = 0;
  // kSetData.
  uint64_t chunk_number = 0;
  // kSetData: what is wrong is the line; its payload, if it has one, is not part of the request.
  bool bad_line = false;
};

}  // namespace rat_memcache::protocol
