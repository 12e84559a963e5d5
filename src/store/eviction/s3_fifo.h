// S3-FIFO: two queues and a memory of what was turned away.
//
// Rule (Yang, Zhang, Qiu, Yue, Rashmi: "FIFO queues are all you need for cache eviction", SOSP
// 2023):
//   A new key joins the small queue (pool 0, a tenth of the shard); a key that was evicted from there
//   a short while ago joins the main queue (pool 1) at once.
//   The old end of small: used since it was stored -> main, with its count reset; else evicted, and
//   remembered in the ghost.
//   The old end of main: used -> young end again with its count lowered; else evicted.
// Where sizes differ, "used" is weighed against the size: see size_charge.h. An item that was not
// used for two turnovers is judged as the original does: what it earns is a thing of the past.
// Counts saturate at 3. A hit in between changes nothing but the count, so hot items are not
// written.
//
// A log copies what stays. When that becomes much, the main queue has two pools: what was used more
// than once since it was last looked at goes to the hot one (pool 2), whose segments mostly go to
// the young end as a whole. The two are one queue, in the order of their segments.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include "store/eviction/ghost.h"
#include "store/eviction/policy.h"
#include "store/eviction/size_charge.h"

namespace rat_memcache::store {

class S3FifoPolicy final : public EvictionPolicy {
 public:
  static constexpr int kSmall = 0;
  static constexpr int kMain = 1;
  static constexpr int kHot = 2;

  EvictionStrategy strategy() const override { return EvictionStrategy::kS3Fifo; }
  int Place(uint64_t hash) override { return ghost_.Take(hash) ? kMain : kSmall; }
  SegmentId Pick(const SegmentLog& log) const override;
  void BeginSegment(const Survey& survey) override;
  Verdict Judge(uint64_t hash, ItemTraits* item, int pressure) override;
  void OnDrop(uint64_t hash, SlotMeta meta) override;
  bool rotates(int pool) const override { return pool != kSmall; }
  size_t bytes() const override { return ghost_.bytes(); }

 private:
  // Of the memory in use.
  static constexpr double kSmallShare = 0.1;
  // Of the number of items; 25-30 % keep nearly all of a full ghost's worth.
  static constexpr double kGhostShare = 0.3;
  static constexpr uint8_t kFreqMax = 3;
  static constexpr uint8_t kHotFreq = 2;
  // While there are many copies, small items do not stay without hits: those are copies too. Nor do
  // they if nobody has asked for them in so many ticks.
  static constexpr double kChargeMinWhenBusy = 1.0;
  static constexpr uint8_t kStaleTicks = 2 * kTicksPerTurnover;

  GhostTable ghost_;
  bool many_copies_ = false;
  uint8_t tick_ = 0;
  double mean_bytes_ = 0;
  SizeTrend trend_;  // of the items in the small queue, which came last
  SizeCharge charge_;
};

}  // namespace rat_memcache::store
