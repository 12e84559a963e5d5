// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/size_classes.h"

namespace rat_memcache::store {
namespace {

constexpr uint32_t kItemHeader = 48;
// The last place is for the largest.
constexpr size_t kGrowingMax = SizeClasses::kEnd - 2;

constexpr uint32_t Aligned(uint32_t bytes) { return (bytes + 7) / 8 * 8; }

}  // namespace

SizeClasses::SizeClasses(const Options& options) {
  if (!options.chunks.empty()) {
    for (const uint32_t size : options.chunks) {
      if (chunks_.size() < kGrowingMax) chunks_.push_back(Aligned(size));
    }
  } else {
    uint32_t size = kItemHeader + options.smallest_value;
    while (chunks_.size() < kGrowingMax && size < options.largest_chunk / options.growth_factor) {
      chunks_.push_back(Aligned(size));
      size = static_cast<uint32_t>(chunks_.back() * options.growth_factor);
    }
  }
  chunks_.push_back(options.largest_chunk);
  for (size_t unit = 0; unit < of_small_.size(); ++unit) {
    of_small_[unit] = static_cast<uint8_t>(Search(unit * kUnit));
  }
}

}  // namespace rat_memcache::store
