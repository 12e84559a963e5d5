// FIFO: the oldest segment goes, with everything in it. The yardstick for the other policies, and
// the cheapest: nothing is ever copied.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include "store/eviction/policy.h"

namespace rat_memcache::store {

class FifoPolicy final : public EvictionPolicy {
 public:
  EvictionStrategy strategy() const override { return EvictionStrategy::kFifo; }
  SegmentId Pick(const SegmentLog& log) const override { return OldestCleanable(log); }
  Verdict Judge(uint64_t, ItemTraits*, int) override { return Verdict::kDrop; }
};

}  // namespace rat_memcache::store
