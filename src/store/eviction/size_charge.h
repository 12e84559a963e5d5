// What a place in memory costs, in hits.
//
// What counts is how many requests miss, so memory should go where it earns most hits per byte. A
// look at an item takes hits off its count in proportion to its size: one from an item of mean
// size, so that where all sizes are equal nothing changes; two from one twice as large; one every
// other time from one half as large. It stays as long as it can pay. After L. Cherkasova,
// "Improving WWW proxies performance with Greedy-Dual-Size-Frequency caching policy", HP
// Laboratories 1998.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>

namespace rat_memcache::store {

class SizeCharge {
 public:
  // Whole hits; what is left over is settled by chance. `min` bounds what the smallest pay.
  uint8_t For(double bytes, double mean_bytes, double min = kMin) {
    if (mean_bytes <= 0) return 1;
    // xorshift64: cheap, and good enough for this.
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    const double chance = static_cast<double>(random_ >> 11) * 0x1p-53;
    return static_cast<uint8_t>(std::clamp(bytes / mean_bytes, min, kMax) + chance);
  }

  // So that the smallest do not stay for ever.
  static constexpr double kMin = 0.125;

 private:
  // So that the largest may stay at all.
  static constexpr double kMax = 4;

  uint64_t random_ = 0x9e3779b97f4a7c15u;
};

// By how much the items that come now are larger than those that came until lately: another
// application has taken over, or another version.
class SizeTrend {
 public:
  // The mean of the next few that came.
  void Add(double mean_bytes) {
    if (mean_bytes <= 0) return;
    if (lately_ == 0) lately_ = usual_ = mean_bytes;
    lately_ += (mean_bytes - lately_) / kLately;
    usual_ += (mean_bytes - usual_) / kUsual;
  }
  // At least 1. A mean that strays a little is no change.
  double growth() const { return lately_ > usual_ * kChange ? lately_ / usual_ : 1; }

 private:
  // In segments; a turnover has a few hundred.
  static constexpr double kLately = 8;
  static constexpr double kUsual = 1024;
  static constexpr double kChange = 1.5;

  double lately_ = 0;
  double usual_ = 0;
};

}  // namespace rat_memcache::store
