// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/eviction/s3_fifo.h"

#include <algorithm>

namespace rat_memcache::store {

SegmentId S3FifoPolicy::Pick(const SegmentLog& log) const {
  const double in_use =
      static_cast<double>(log.PoolBytes(kSmall)) + static_cast<double>(log.PoolBytes(kMain));
  const bool small_first = static_cast<double>(log.PoolBytes(kSmall)) > kSmallShare * in_use;
  const SegmentId id = OldestCleanable(log, small_first ? kSmall : kMain);
  return id != kNoSegment ? id : OldestCleanable(log, small_first ? kMain : kSmall);
}

void S3FifoPolicy::BeginSegment(const Survey& survey) {
  ghost_.FitTo(static_cast<size_t>(static_cast<double>(survey.items) * kGhostShare));
}

Verdict S3FifoPolicy::Judge(uint64_t, ItemTraits* item, int pressure) {
  SlotMeta* const meta = &item->meta;
  const uint8_t freq = std::min(meta->freq, kFreqMax);
  if (freq <= pressure / 2) return Verdict::kDrop;
  if (meta->pool == kSmall) {
    meta->freq = 0;
    return Verdict::kPromote;
  }
  meta->freq = static_cast<uint8_t>(freq - 1);
  return Verdict::kKeep;
}

void S3FifoPolicy::OnDrop(uint64_t hash, SlotMeta meta) {
  if (meta.pool == kSmall) ghost_.Add(hash);
}

}  // namespace rat_memcache::store
