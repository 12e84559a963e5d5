// SPDX-License-Identifier: LGPL-3.0-or-later
#include "load/latency_histogram.h"

#include <gtest/gtest.h>

namespace rat_memcache::load {
namespace {

TEST(LatencyHistogram, IsEmptyAtFirst) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.QuantileNs(0.5), 0u);
  histogram.Record(5, 1);
  histogram.Clear();
  EXPECT_EQ(histogram.total(), 0u);
  EXPECT_EQ(histogram.max_ns(), 0u);
}

TEST(LatencyHistogram, KeepsEveryTimeWithinItsResolution) {
  for (uint64_t ns = 1; ns < uint64_t{1800} * 1000 * 1000 * 1000; ns += 1 + ns / 7) {
    LatencyHistogram histogram;
    histogram.Record(ns, 1);
    histogram.Record(2 * ns, 1);
    EXPECT_GE(histogram.QuantileNs(0.5), ns);
    EXPECT_LE(histogram.QuantileNs(0.5), ns + ns / 60);
    EXPECT_EQ(histogram.QuantileNs(1), 2 * ns);
  }
}

TEST(LatencyHistogram, FindsQuantiles) {
  LatencyHistogram histogram;
  histogram.Record(10, 90);
  histogram.Record(20, 9);
  histogram.Record(30, 1);
  EXPECT_EQ(histogram.total(), 100u);
  EXPECT_EQ(histogram.QuantileNs(0.5), 10u);
  EXPECT_EQ(histogram.QuantileNs(0.9), 10u);
  EXPECT_EQ(histogram.QuantileNs(0.99), 20u);
  EXPECT_EQ(histogram.QuantileNs(0.999), 30u);
}

TEST(LatencyHistogram, TakesTimesBeyondItsEnd) {
  LatencyHistogram histogram;
  histogram.Record(UINT64_MAX, 1);
  EXPECT_EQ(histogram.max_ns(), UINT64_MAX);
  EXPECT_GT(histogram.QuantileNs(0.5), 0u);
}

}  // namespace
}  // namespace rat_memcache::load
