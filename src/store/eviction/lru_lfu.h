// LRU and LFU in one order: recency with a bonus for frequency.
//
// Rule: an item ranks by its last use, moved forward by a quarter of a turnover (8 ticks) for every
// doubling of its count of hits: log2(1 + count). Counts age (aged_count.h). A special case of LRFU
// (Lee et al., "LRFU: a spectrum of policies that subsumes the least recently used and least
// frequently used policies", IEEE ToC 2001).
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <array>

#include "store/eviction/aged_count.h"
#include "store/eviction/ranked_policy.h"

namespace rat_memcache::store {

class LruLfuPolicy final : public RankedPolicy {
 public:
  EvictionStrategy strategy() const override { return EvictionStrategy::kLruLfu; }

 protected:
  uint32_t Rank(const ItemTraits& item) const override {
    return kAgeMax - AgeOf(item.meta) + kBonus[item.meta.freq];
  }
  void Age(SlotMeta* meta) const override { meta->freq = AgedCount(meta->freq); }

 private:
  // 8 * log2(1 + count), in ticks.
  static constexpr std::array<uint8_t, SlotMeta::kMaxFreq + 1> kBonus = {
      0, 8, 13, 16, 19, 21, 22, 24, 25, 27, 28, 29, 30, 30, 31, 32};
};

}  // namespace rat_memcache::store
