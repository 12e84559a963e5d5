// Draws ranks 1 .. n with a probability proportional to 1 / rank^skew, without a table: a trace may
// have any number of keys.
//
// The method is rejection-inversion (W. Hoermann, G. Derflinger, "Rejection-inversion to generate
// variates from monotone discrete distributions", 1996): a point under the curve 1 / x^skew is
// drawn by the inverse of its integral, and accepted if it lies in the bar of the whole number next
// to it. More than nine of ten are.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "load/random.h"

namespace rat_memcache::replay {

class ZipfRanks {
 public:
  ZipfRanks(uint64_t ranks, double skew)
      : ranks_(static_cast<double>(ranks)),
        skew_(skew),
        // The first bar is as wide as it must be to have the area of its height: it is hit exactly.
        area_from_(Area(1.5) - 1),
        area_to_(Area(ranks_ + 0.5)),
        sure_distance_(2 - Inverse(Area(2.5) - Height(2))) {}

  uint64_t Next(load::Random* random) const {
    while (true) {
      constexpr double kUnit = 1.0 / 9007199254740992.0;  // 2^-53
      const double share = static_cast<double>(random->Next() >> 11) * kUnit;
      const double area = area_to_ + share * (area_from_ - area_to_);
      const double point = Inverse(area);
      const double rank = std::clamp(std::floor(point + 0.5), 1.0, ranks_);
      // The first test is implied by the second, and spares two powers most of the time.
      if (rank - point <= sure_distance_ || area >= Area(rank + 0.5) - Height(rank)) {
        return static_cast<uint64_t>(rank);
      }
    }
  }

 private:
  double Height(double x) const { return std::exp(-skew_ * std::log(x)); }
  // The integral of the curve from 1 to x. One formula for all skews: at 1 the quotient is a limit.
  double Area(double x) const {
    const double log_x = std::log(x);
    const double exponent = (1 - skew_) * log_x;
    return std::abs(exponent) < kTiny ? log_x * (1 + exponent / 2)
                                      : log_x * std::expm1(exponent) / exponent;
  }
  double Inverse(double area) const {
    // Rounding must not lead to a logarithm of less than nothing.
    const double scaled = std::max(area * (1 - skew_), -1.0);
    return std::exp(std::abs(scaled) < kTiny ? area * (1 - scaled / 2)
                                             : area * std::log1p(scaled) / scaled);
  }
  static constexpr double kTiny = 1e-8;

  double ranks_;
  double skew_;
  double area_from_;
  double area_to_;
  double sure_distance_;
};

}  // namespace rat_memcache::replay
