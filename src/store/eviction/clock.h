// CLOCK with two bits: the oldest item goes, unless it was used since it was last looked at.
//
// Rule: a hit raises the item's count, up to 3. At the old end of the queue an item with a count of
// 0 is evicted; any other goes to the young end with its count lowered by one. After F. J. Corbato,
// "A paging experiment with the Multics system", 1968, with a counter in the place of the use bit.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <algorithm>

#include "store/eviction/policy.h"

namespace rat_memcache::store {

class ClockPolicy final : public EvictionPolicy {
 public:
  EvictionStrategy strategy() const override { return EvictionStrategy::kClock; }
  SegmentId Pick(const SegmentLog& log) const override { return OldestCleanable(log); }
  Verdict Judge(uint64_t, ItemTraits* item, int pressure) override {
    const uint8_t freq = std::min(item->meta.freq, kFreqMax);
    // Under pressure the hand moves on as if it had come by more often.
    if (freq <= pressure / 2) return Verdict::kDrop;
    item->meta.freq = static_cast<uint8_t>(freq - 1);
    return many_copies_ && freq >= kHotFreq ? Verdict::kKeepInPool2 : Verdict::kKeep;
  }
  void BeginSegment(const Survey& survey) override { many_copies_ = survey.many_copies; }
  bool rotates(int pool) const override { return pool != 0; }

 private:
  static constexpr uint8_t kFreqMax = 3;
  // What is used so often between two looks is kept together: a segment full of it need not be
  // copied.
  static constexpr uint8_t kHotFreq = 2;

  bool many_copies_ = false;
};

}  // namespace rat_memcache::store
