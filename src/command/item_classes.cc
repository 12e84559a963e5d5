// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/item_classes.h"

#include <algorithm>

namespace rat_memcache::command {
namespace {

constexpr uint32_t kItemHeader = 48;

constexpr uint32_t Aligned(uint32_t bytes) { return (bytes + 7) / 8 * 8; }

}  // namespace

ItemClasses::ItemClasses(const config::EngineHints& hints) {
  const auto largest = static_cast<uint32_t>(hints.slab_chunk_max);
  // The last place is for the largest.
  constexpr size_t kGrowingMax = kMax - 2;
  if (!hints.slab_sizes.empty()) {
    for (const uint32_t size : hints.slab_sizes) {
      if (chunks_.size() < kGrowingMax) chunks_.push_back(Aligned(size));
    }
  } else {
    uint32_t size = kItemHeader + hints.chunk_size;
    while (chunks_.size() < kGrowingMax && size < largest / hints.growth_factor) {
      chunks_.push_back(Aligned(size));
      size = static_cast<uint32_t>(chunks_.back() * hints.growth_factor);
    }
  }
  chunks_.push_back(largest);
}

int ItemClasses::Of(size_t bytes) const {
  const auto at = std::lower_bound(chunks_.begin(), chunks_.end() - 1, bytes);
  return static_cast<int>(at - chunks_.begin()) + 1;
}

}  // namespace rat_memcache::command
