// SPDX-License-Identifier: LGPL-3.0-or-later
#include "load/key_chooser.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

namespace rat_memcache::load {
namespace {

std::vector<double> SharesOf(KeyChooser chooser, uint32_t keys) {
  constexpr int kDraws = 2000000;
  std::vector<double> shares(keys);
  for (int i = 0; i < kDraws; ++i) {
    shares.at(chooser.Next()) += 1.0 / kDraws;
  }
  return shares;
}

TEST(KeyChooser, UniformGivesEveryKeyTheSameShare) {
  for (const double share : SharesOf(KeyChooser::Uniform(100, 1), 100)) {
    EXPECT_NEAR(share, 0.01, 0.001);
  }
}

TEST(KeyChooser, ZipfGivesRanksTheirShares) {
  constexpr uint32_t kKeys = 1000;
  for (const double theta : {0.5, 0.99, 1.5}) {
    std::vector<double> shares = SharesOf(KeyChooser::Zipf(kKeys, theta, 1), kKeys);
    EXPECT_FALSE(std::is_sorted(shares.begin(), shares.end(), std::greater<>()))
        << "popular keys must not be the first ones";
    std::sort(shares.begin(), shares.end(), std::greater<>());
    double sum = 0;
    for (uint32_t rank = 1; rank <= kKeys; ++rank) {
      sum += std::pow(rank, -theta);
    }
    for (const uint32_t rank : {1, 2, 3, 10, 100}) {
      const double expected = std::pow(rank, -theta) / sum;
      EXPECT_NEAR(shares[rank - 1], expected, 0.1 * expected) << rank << " of theta " << theta;
    }
  }
}

TEST(KeyChooser, RepeatsFromItsSeed) {
  KeyChooser one = KeyChooser::Zipf(1000, 0.99, 7);
  KeyChooser same = KeyChooser::Zipf(1000, 0.99, 7);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(one.Next(), same.Next());
  }
}

TEST(KeyChooser, TakesASingleKey) {
  EXPECT_EQ(KeyChooser::Uniform(1, 1).Next(), 0u);
  EXPECT_EQ(KeyChooser::Zipf(1, 0.99, 1).Next(), 0u);
}

}  // namespace
}  // namespace rat_memcache::load
