// SPDX-License-Identifier: LGPL-3.0-or-later
#include "load/latency_histogram.h"

#include <cmath>

namespace rat_memcache::load {

uint64_t LatencyHistogram::QuantileNs(double quantile) const {
  const uint64_t rank = static_cast<uint64_t>(std::ceil(quantile * static_cast<double>(total_)));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank && seen > 0) return std::min(BucketEnd(bucket), max_ns_);
  }
  return max_ns_;
}

}  // namespace rat_memcache::load
