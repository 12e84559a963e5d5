// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/eviction/ranked_policy.h"

#include <algorithm>
#include <array>

namespace rat_memcache::store {
namespace {

constexpr size_t kSamples = 256;
// Of what is looked at; a little below one copy per item stored.
constexpr double kKeptShare = 0.46;
// A stamp has eight bits: an item that nobody uses and that stays all the same (it ranks high for
// another reason) must not look fresh after 256 ticks. It is looked at every 32 ticks or so.
constexpr uint32_t kStampAgeMax = 192;

}  // namespace

void RankedPolicy::BeginSegment(const Survey& survey) {
  tick_ = survey.tick;
  now_ = survey.now;
  std::array<uint32_t, kSamples> ranks;
  size_t sampled = 0;
  for (size_t i = 0; i < kSamples; ++i) {
    if (const std::optional<ItemTraits> item = survey.sample()) ranks[sampled++] = Rank(*item);
  }
  cutoff_ = median_ = 0;
  drop_ties_ = 1;
  if (sampled == 0) return;
  const auto end = ranks.begin() + static_cast<std::ptrdiff_t>(sampled);
  std::sort(ranks.begin(), end);
  const double wanted = drop_share_ * static_cast<double>(sampled);
  median_ = ranks[sampled / 2];
  cutoff_ = ranks[static_cast<size_t>(wanted)];
  const auto [first, last] = std::equal_range(ranks.begin(), end, cutoff_);
  drop_ties_ =
      (wanted - static_cast<double>(first - ranks.begin())) / static_cast<double>(last - first);
}

Verdict RankedPolicy::Judge(uint64_t, ItemTraits* item, int pressure) {
  const uint32_t rank = Rank(*item);
  bool drop = rank < cutoff_ || (pressure >= kPressureMax / 2 && rank <= median_);
  if (rank == cutoff_) {
    ties_due_ += drop_ties_;
    if (ties_due_ >= 1) {
      ties_due_ -= 1;
      drop = true;
    }
  }
  if (drop) return Verdict::kDrop;
  // Half of what is looked at stays, so a turnover of new items looks at everything twice; counts
  // age in every other half of it.
  if ((tick_ & 16) != 0) Age(&item->meta);
  if (AgeOf(item->meta) > kStampAgeMax) {
    item->meta.stamp = static_cast<uint8_t>(tick_ - kStampAgeMax);
  }
  return Verdict::kKeep;
}

void RankedPolicy::EndSegment(size_t bytes_seen, size_t bytes_kept) {
  if (bytes_seen == 0) return;
  const double kept = static_cast<double>(bytes_kept) / static_cast<double>(bytes_seen);
  drop_share_ = std::clamp(drop_share_ * (kept > kKeptShare ? 1.1 : 0.9), 0.01, 0.9);
}

}  // namespace rat_memcache::store
