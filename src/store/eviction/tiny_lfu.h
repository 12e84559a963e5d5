// TinyLFU: a new item must show that it is asked for more often than what would have to go for it.
//
// Rule (Einziger, Friedman, Manes: "TinyLFU: a highly efficient cache admission policy", ACM ToS
// 2017): a new key joins the window (pool 0, a tenth of the shard). What falls out of the window is
// admitted to the main queue (pool 1) only if its count in a sketch of all accesses beats that of
// an item which the main queue gave up lately; else it is evicted. Both queues are in LRU order by
// stamps (ranked_policy.h), so the main queue gives up what was not used for longest.
//
// A hit only changes the slot; its count reaches the sketch when the item is looked at.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <array>

#include "store/eviction/frequency_sketch.h"
#include "store/eviction/lru.h"

namespace rat_memcache::store {

class TinyLfuPolicy final : public EvictionPolicy {
 public:
  static constexpr int kWindow = 0;
  static constexpr int kMain = 1;

  EvictionStrategy strategy() const override { return EvictionStrategy::kTinyLfu; }
  int Place(uint64_t hash) override;
  SegmentId Pick(const SegmentLog& log) const override;
  void BeginSegment(const Survey& survey) override;
  Verdict Judge(uint64_t hash, ItemTraits* item, int pressure) override;
  void EndSegment(size_t bytes_seen, size_t bytes_kept) override;
  size_t bytes() const override { return sketch_.bytes(); }

 private:
  static constexpr double kWindowShare = 0.1;  // of the memory in use

  Verdict JudgeWindow(uint64_t hash, int pressure);

  FrequencySketch sketch_;
  LruPolicy main_order_;
  bool in_main_ = false;  // the segment at hand has items of the main queue
  // Counts of what the main queue gave up last, a ring.
  std::array<uint8_t, 64> victims_{};
  size_t next_victim_ = 0;
  size_t next_rival_ = 0;
};

}  // namespace rat_memcache::store
