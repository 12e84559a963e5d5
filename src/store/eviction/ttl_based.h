// Nearest expiry first: what has the shortest life left goes; items without an expiry after all
// others, among them what was not used for longest.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <algorithm>

#include "store/eviction/ranked_policy.h"

namespace rat_memcache::store {

class TtlBasedPolicy final : public RankedPolicy {
 public:
  EvictionStrategy strategy() const override { return EvictionStrategy::kTtlBased; }
  bool judges_by_exptime() const override { return true; }

 protected:
  uint32_t Rank(const ItemTraits& item) const override {
    if (item.exptime == 0) return kForever + kAgeMax - AgeOf(item.meta);
    return item.exptime > now() ? std::min(item.exptime - now(), kForever - 1) : 0;
  }

 private:
  static constexpr uint32_t kForever = uint32_t{1} << 31;
};

}  // namespace rat_memcache::store
