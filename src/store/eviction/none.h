// No eviction (memcached's -M): what lives stays, and a store that does not fit is refused. Dead
// items still make room.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include "store/eviction/policy.h"

namespace rat_memcache::store {

class NonePolicy final : public EvictionPolicy {
 public:
  EvictionStrategy strategy() const override { return EvictionStrategy::kNone; }
  SegmentId Pick(const SegmentLog&) const override { return kNoSegment; }
  Verdict Judge(uint64_t, ItemTraits*, int) override { return Verdict::kKeep; }
};

}  // namespace rat_memcache::store
