// LRU by stamp: of the oldest segment, those items go that were not used for longest in the whole
// shard.
//
// Rule: an item's age is the number of ticks since its last use. The ages of a sample of the shard
// give the age that only `drop_share_` of all items exceed; what is older than that is evicted, the
// rest moves to the young end. The share is steered so that about half of a cleaned segment stays:
// one copy per insert on average. Without a list, the order is LRU up to one tick (1/32 of a
// turnover).
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include "store/eviction/policy.h"

namespace rat_memcache::store {

class LruPolicy final : public EvictionPolicy {
 public:
  std::string_view name() const override { return "lru"; }
  int Place(uint64_t) override { return 0; }
  SegmentId Pick(const SegmentLog& log) const override { return OldestCleanable(log); }
  void BeginSegment(const Survey& survey) override;
  Verdict Judge(SlotMeta* meta, int pressure) const override;
  void OnDrop(uint64_t, SlotMeta) override {}
  void EndSegment(size_t bytes_seen, size_t bytes_kept) override;
  size_t bytes() const override { return 0; }

 private:
  static constexpr int kSamples = 256;

  double drop_share_ = 0.2;
  uint8_t tick_ = 0;
  int cutoff_age_ = 0;  // what is at least this old goes
};

}  // namespace rat_memcache::store
