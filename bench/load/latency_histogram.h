// How long requests took: a histogram with about 1.6 % resolution from a nanosecond to an hour.
//
// Buckets are 64 equal steps per power of two:
//
//   0 1 2 ... 63 | 64 65 ... 127 | 128 130 ... 254 | 256 260 ... 508 | ...
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace rat_memcache::load {

class LatencyHistogram {
 public:
  // Counts `count` requests that took `ns`.
  void Record(uint64_t ns, uint64_t count) {
    counts_[BucketOf(std::min(ns, kMaxNs))] += count;
    total_ += count;
    max_ns_ = std::max(max_ns_, ns);
  }
  void Clear() { *this = LatencyHistogram(); }

  uint64_t total() const { return total_; }
  uint64_t max_ns() const { return max_ns_; }
  // The time within which the share `quantile` (0 to 1) of the requests was answered: the upper
  // bound of its bucket, never above max_ns(). 0 if nothing was recorded.
  uint64_t QuantileNs(double quantile) const;

 private:
  static constexpr int kStepBits = 6;
  static constexpr uint64_t kSteps = 1u << kStepBits;
  static constexpr uint64_t kMaxNs = uint64_t{3600} * 1000 * 1000 * 1000;
  static constexpr size_t kBuckets =
      kSteps * static_cast<size_t>(std::bit_width(kMaxNs) - kStepBits + 1);

  static size_t BucketOf(uint64_t ns) {
    if (ns < kSteps) return ns;
    const int shift = std::bit_width(ns) - 1 - kStepBits;
    return kSteps * static_cast<size_t>(shift) + (ns >> shift);
  }
  // The largest time that falls into the bucket.
  static uint64_t BucketEnd(size_t bucket) {
    if (bucket < 2 * kSteps) return bucket;
    const size_t shift = bucket / kSteps - 1;
    return ((bucket % kSteps + kSteps + 1) << shift) - 1;
  }

  std::array<uint64_t, kBuckets> counts_{};
  uint64_t total_ = 0;
  uint64_t max_ns_ = 0;
};

}  // namespace rat_memcache::load
