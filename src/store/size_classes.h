// The size classes that memcached would have. Ours has none; they matter where memcached's
// behaviour does: in what reports say of an item, and in how little memory a small limit may mean.
//
// Source: slabs_init() of memcached. Chunks grow by a factor from the smallest on, rounded up to 8,
// and end with half a page by default; what is larger is a chain of the last ones.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rat_memcache::store {

class SizeClasses {
 public:
  struct Options {
    double growth_factor = 1.25;
    uint32_t smallest_value = 48;  // key and value of the smallest chunk
    uint32_t largest_chunk = 512 << 10;
    std::vector<uint32_t> chunks;  // a list in place of the growth
  };

  static constexpr size_t kPageBytes = size_t{1} << 20;
  // 2^16 pointers, beside what memcached's limit counts.
  static constexpr size_t kHashTableBytes = size_t{512} << 10;
  // Classes are numbered from 1, and there are fewer than this.
  static constexpr int kEnd = 64;

  SizeClasses() : SizeClasses(Options{}) {}
  explicit SizeClasses(const Options& options);

  // The number of the last class.
  int last() const { return static_cast<int>(chunks_.size()); }
  // Of an item that takes `bytes` in memcached (item_size.h).
  int Of(size_t bytes) const {
    const size_t unit = (bytes + kUnit - 1) / kUnit;
    if (unit < of_small_.size()) [[likely]] {
      return of_small_[unit];
    }
    return Search(bytes);
  }
  size_t chunk_size(int size_class) const { return chunks_[static_cast<size_t>(size_class) - 1]; }
  // At least one: an option may make chunks larger than a page.
  size_t chunks_per_page(int size_class) const {
    return std::max<size_t>(kPageBytes / chunk_size(size_class), 1);
  }

  // Memory for items of so many classes, at least.
  static constexpr size_t MemoryFor(size_t classes) {
    return classes * kPageBytes + kHashTableBytes;
  }

 private:
  static constexpr size_t kUnit = 8;  // chunks are multiples of it

  int Search(size_t bytes) const {
    const auto at = std::lower_bound(chunks_.begin(), chunks_.end() - 1, bytes);
    return static_cast<int>(at - chunks_.begin()) + 1;
  }

  std::vector<uint32_t> chunks_;
  std::array<uint8_t, 256> of_small_;  // by size in units
};

}  // namespace rat_memcache::store
