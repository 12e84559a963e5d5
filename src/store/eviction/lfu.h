// LFU with ageing: what was used least often goes; among equals what was not used for longest.
//
// Counts saturate at 15 and age (aged_count.h).
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include "store/eviction/aged_count.h"
#include "store/eviction/ranked_policy.h"

namespace rat_memcache::store {

class LfuPolicy final : public RankedPolicy {
 public:
  EvictionStrategy strategy() const override { return EvictionStrategy::kLfu; }

 protected:
  uint32_t Rank(const ItemTraits& item) const override {
    return item.meta.freq * (kAgeMax + 1) + kAgeMax - AgeOf(item.meta);
  }
  void Age(SlotMeta* meta) const override { meta->freq = AgedCount(meta->freq); }
};

}  // namespace rat_memcache::store
