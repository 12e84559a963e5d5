// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/eviction/size_charge.h"

#include <gtest/gtest.h>

namespace rat_memcache::store {
namespace {

constexpr int kDraws = 10'000;

double MeanCharge(double bytes, double mean_bytes, double min = SizeCharge::kMin) {
  SizeCharge charge;
  double sum = 0;
  for (int i = 0; i < kDraws; ++i) {
    sum += charge.For(bytes, mean_bytes, min);
  }
  return sum / kDraws;
}

TEST(SizeCharge, AnItemOfMeanSizePaysOneHitExactly) {
  SizeCharge charge;
  for (int i = 0; i < kDraws; ++i) {
    ASSERT_EQ(charge.For(128, 128), 1);
    ASSERT_EQ(charge.For(3e6, 3e6), 1);
  }
}

TEST(SizeCharge, IsInProportionToTheSize) {
  for (const double times : {0.25, 0.5, 0.7, 1.3, 2.0, 2.5, 3.9}) {
    EXPECT_NEAR(MeanCharge(times * 200, 200), times, 0.03) << times;
  }
}

TEST(SizeCharge, WhatIsLeftOverIsSettledBetweenTheTwoNumbersBesideIt) {
  SizeCharge charge;
  for (int i = 0; i < kDraws; ++i) {
    const int paid = charge.For(250, 100);
    ASSERT_TRUE(paid == 2 || paid == 3) << paid;
  }
}

TEST(SizeCharge, HasBounds) {
  EXPECT_NEAR(MeanCharge(1, 1'000'000), 0.125, 0.02);
  EXPECT_EQ(MeanCharge(1'000'000, 1), 4);
  EXPECT_EQ(MeanCharge(1, 1'000'000, 1.0), 1);
  EXPECT_NEAR(MeanCharge(1.5, 1, 1.0), 1.5, 0.03);
}

TEST(SizeCharge, WithoutAMeanEverybodyPaysOne) {
  SizeCharge charge;
  EXPECT_EQ(charge.For(5, 0), 1);
  EXPECT_EQ(charge.For(5000, 0), 1);
}

}  // namespace
}  // namespace rat_memcache::store
