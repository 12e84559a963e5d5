// memcached's size classes: which one an item would be in there, and what they take however small
// the limit is. Ours has none; they matter where memcached's behaviour does.
//
// Chunks grow by a factor of 1.25 from 96 bytes on, rounded up to 8, and end with half a page
// (slabs_init() with the options' defaults: 48 bytes of header, 48 of the smallest chunk).
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace rat_memcache::store {

class SizeClasses {
 public:
  static constexpr size_t kPageBytes = size_t{1} << 20;
  // 2^16 pointers, beside what the limit counts.
  static constexpr size_t kHashTableBytes = size_t{512} << 10;
  static constexpr int kClasses = 39;

  // 0 .. kClasses - 1, of an item that takes `bytes` in memcached (item_size.h).
  static constexpr int Of(size_t bytes) {
    const auto at = std::lower_bound(kChunks.begin(), kChunks.end() - 1, bytes);
    return static_cast<int>(at - kChunks.begin());
  }

  // Memory for items of so many classes, at least.
  static constexpr size_t MemoryFor(size_t classes) {
    return classes * kPageBytes + kHashTableBytes;
  }

 private:
  static constexpr std::array<uint32_t, kClasses> kChunks = [] {
    std::array<uint32_t, kClasses> chunks{};
    double size = 96;
    for (uint32_t& chunk : chunks) {
      chunk = (static_cast<uint32_t>(size) + 7) / 8 * 8;
      size = chunk * 1.25;
    }
    chunks.back() = kPageBytes / 2;
    return chunks;
  }();
  static_assert(kChunks[1] == 120 && kChunks[12] == 1480 && kChunks[37] == 394840);
};

}  // namespace rat_memcache::store
