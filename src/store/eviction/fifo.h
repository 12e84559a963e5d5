// FIFO: the oldest segment goes, with everything in it. The yardstick for the other policies, and
// the cheapest: nothing is ever copied.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include "store/eviction/policy.h"

namespace rat_memcache::store {

class FifoPolicy final : public EvictionPolicy {
 public:
  std::string_view name() const override { return "fifo"; }
  int Place(uint64_t) override { return 0; }
  SegmentId Pick(const SegmentLog& log) const override { return OldestCleanable(log); }
  void BeginSegment(const Survey&) override {}
  Verdict Judge(SlotMeta*, int) const override { return Verdict::kDrop; }
  void OnDrop(uint64_t, SlotMeta) override {}
  void EndSegment(size_t, size_t) override {}
  size_t bytes() const override { return 0; }
};

}  // namespace rat_memcache::store
