// LRU: what was not used for longest goes, up to one tick (1/32 of a turnover).
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include "store/eviction/ranked_policy.h"

namespace rat_memcache::store {

class LruPolicy final : public RankedPolicy {
 public:
  EvictionStrategy strategy() const override { return EvictionStrategy::kLru; }

 protected:
  uint32_t Rank(const ItemTraits& item) const override { return kAgeMax - AgeOf(item.meta); }
};

}  // namespace rat_memcache::store
