// The size classes that memcached would have: what reports call an item's class, and nothing else.
//
// Source: slabs_init() of memcached: chunks grow by a factor from the smallest on, rounded up to 8,
// and end with slab_chunk_max; an item that is larger counts for the last class.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "config/engine_hints.h"

namespace rat_memcache::command {

class ItemClasses {
 public:
  static constexpr size_t kPageBytes = size_t{1} << 20;
  // Classes are numbered from 1; memcached has at most so many, 0 included.
  static constexpr int kMax = 64;

  explicit ItemClasses(const config::EngineHints& hints);

  // The number of the last class.
  int last() const { return static_cast<int>(chunks_.size()); }
  // Of an item that takes `bytes` in memcached (store/item_size.h).
  int Of(size_t bytes) const;
  size_t chunk_size(int item_class) const { return chunks_[static_cast<size_t>(item_class) - 1]; }
  size_t chunks_per_page(int item_class) const { return kPageBytes / chunk_size(item_class); }

 private:
  std::vector<uint32_t> chunks_;
};

}  // namespace rat_memcache::command
