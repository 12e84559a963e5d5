// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/eviction/s3_fifo.h"

#include <algorithm>

namespace rat_memcache::store {

SegmentId S3FifoPolicy::Pick(const SegmentLog& log) const {
  const auto small = static_cast<double>(log.PoolBytes(kSmall));
  const double main = static_cast<double>(log.PoolBytes(kMain) + log.PoolBytes(kHot));
  const bool small_first = small > kSmallShare * (small + main);
  const SegmentId of_small = OldestCleanable(log, kSmall, kSmall);
  const SegmentId of_main = OldestCleanable(log, kMain, kHot);
  if (of_main == kNoSegment) return of_small;
  return small_first && of_small != kNoSegment ? of_small : of_main;
}

void S3FifoPolicy::BeginSegment(const Survey& survey) {
  many_copies_ = survey.many_copies;
  tick_ = survey.tick;
  mean_bytes_ = survey.mean_bytes;
  if (survey.pool == kSmall) {
    trend_.Add(survey.segment_mean_bytes);
    // Where all that is there is small, the first that are larger are not dear for long.
    mean_bytes_ *= trend_.growth();
  }
  ghost_.FitTo(static_cast<size_t>(static_cast<double>(survey.items) * kGhostShare));
}

Verdict S3FifoPolicy::Judge(uint64_t, ItemTraits* item, int pressure) {
  SlotMeta* const meta = &item->meta;
  const bool stale = static_cast<uint8_t>(tick_ - meta->stamp) >= kStaleTicks;
  const uint8_t charge = charge_.For(item->bytes, mean_bytes_,
                                     many_copies_ || stale ? kChargeMinWhenBusy : SizeCharge::kMin);
  const auto freq_max = static_cast<uint8_t>(kFreqMax * std::max<uint8_t>(charge, 1));
  const uint8_t freq = std::min(meta->freq, freq_max);
  if (freq < charge || (pressure > 1 && freq <= pressure / 2)) return Verdict::kDrop;
  if (meta->pool == kSmall) {
    meta->freq = 0;
    return Verdict::kKeepInPool1;
  }
  meta->freq = static_cast<uint8_t>(freq - charge);
  return many_copies_ && freq >= kHotFreq ? Verdict::kKeepInPool2 : Verdict::kKeepInPool1;
}

void S3FifoPolicy::OnDrop(uint64_t hash, SlotMeta meta) {
  if (meta.pool == kSmall) ghost_.Add(hash);
}

}  // namespace rat_memcache::store
