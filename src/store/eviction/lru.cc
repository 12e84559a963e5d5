// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/eviction/lru.h"

#include <algorithm>
#include <array>

namespace rat_memcache::store {

void LruPolicy::BeginSegment(const Survey& survey) {
  tick_ = survey.tick;
  std::array<int, 256> items_of_age{};
  int sampled = 0;
  for (int i = 0; i < kSamples; ++i) {
    if (const std::optional<SlotMeta> meta = survey.sample()) {
      ++items_of_age[static_cast<uint8_t>(tick_ - meta->stamp)];
      ++sampled;
    }
  }
  const int wanted = static_cast<int>(sampled * drop_share_);
  int older = 0;
  cutoff_age_ = 256;
  while (cutoff_age_ > 0 && older < wanted) {
    older += items_of_age[--cutoff_age_];
  }
}

Verdict LruPolicy::Judge(SlotMeta* meta, int pressure) const {
  const int age = static_cast<uint8_t>(tick_ - meta->stamp);
  return age * (1 + pressure) < cutoff_age_ ? Verdict::kKeep : Verdict::kDrop;
}

void LruPolicy::EndSegment(size_t bytes_seen, size_t bytes_kept) {
  if (bytes_seen == 0) return;
  const double kept = static_cast<double>(bytes_kept) / static_cast<double>(bytes_seen);
  drop_share_ = std::clamp(drop_share_ * (kept > 0.5 ? 1.1 : 0.9), 0.01, 0.9);
}

}  // namespace rat_memcache::store
