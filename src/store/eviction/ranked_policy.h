// The policies that put all items in one order and evict from its lower end.
//
// Rule: the oldest segment is cleaned. The ranks of a sample of the whole shard give the cutoff
// below which `drop_share_` of all items lie; what is below it goes, the rest moves to the young
// end. The share is steered so that about half of a cleaned segment stays: one copy per insert on
// average. So any order can be kept on a log, without a list, up to the precision of the sample.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include "store/eviction/policy.h"

namespace rat_memcache::store {

class RankedPolicy : public EvictionPolicy {
 public:
  SegmentId Pick(const SegmentLog& log) const override { return OldestCleanable(log); }
  void BeginSegment(const Survey& survey) override;
  Verdict Judge(uint64_t hash, ItemTraits* item, int pressure) override;
  void EndSegment(size_t bytes_seen, size_t bytes_kept) override;

 protected:
  // The higher, the longer an item stays.
  virtual uint32_t Rank(const ItemTraits& item) const = 0;
  // What an item is like after it was looked at and stays.
  virtual void Age(SlotMeta* /*meta*/) const {}

  // Ticks since the last use, at most kAgeMax.
  static constexpr uint32_t kAgeMax = 255;
  uint32_t AgeOf(SlotMeta meta) const { return static_cast<uint8_t>(tick_ - meta.stamp); }
  uint32_t now() const { return now_; }

 private:
  double drop_share_ = 0.2;
  uint8_t tick_ = 0;
  uint32_t now_ = 0;
  uint32_t cutoff_ = 0;  // what ranks lower goes
  uint32_t median_ = 0;  // the same under pressure
  // Of the items that rank just so, the share that goes: there may be very many of them.
  double drop_ties_ = 0;
  double ties_due_ = 0;
};

}  // namespace rat_memcache::store
