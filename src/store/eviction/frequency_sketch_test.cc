// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/eviction/frequency_sketch.h"

#include <algorithm>
#include <cstdint>

#include <gtest/gtest.h>

#include "store/eviction/hash_for_test.h"

namespace rat_memcache::store {
namespace {

TEST(FrequencySketch, CountsNothingUntilItIsGivenRoom) {
  FrequencySketch sketch;
  sketch.Add(HashForTest(1), 3);
  EXPECT_EQ(sketch.Estimate(HashForTest(1)), 0u);
  EXPECT_EQ(sketch.bytes(), 0u);
}

TEST(FrequencySketch, TakesFourBytesPerEntry) {
  FrequencySketch sketch;
  sketch.FitTo(16'000);
  EXPECT_EQ(sketch.bytes(), 64'000u);
  sketch.FitTo(1);
  EXPECT_EQ(sketch.bytes(), 64u);
}

TEST(FrequencySketch, CountsUpToFifteen) {
  FrequencySketch sketch;
  sketch.FitTo(1000);
  for (uint32_t i = 1; i <= 20; ++i) {
    sketch.Add(HashForTest(1), 1);
    EXPECT_EQ(sketch.Estimate(HashForTest(1)), std::min(i, FrequencySketch::kCountMax));
  }
  sketch.Add(HashForTest(2), 0);
  EXPECT_EQ(sketch.Estimate(HashForTest(2)), 0u);
  sketch.Add(HashForTest(2), 7);
  EXPECT_EQ(sketch.Estimate(HashForTest(2)), 7u);
  sketch.Add(HashForTest(2), 100);
  EXPECT_EQ(sketch.Estimate(HashForTest(2)), 15u);
}

TEST(FrequencySketch, IsNeverTooLow) {
  FrequencySketch sketch;
  sketch.FitTo(16);  // one line for all keys, so that counters are shared
  // Nothing is halved before the 160th addition.
  for (uint32_t key = 0; key < 16; ++key) {
    sketch.Add(HashForTest(key), key % 10);
    for (uint32_t i = 0; i < key % 5; ++i) {
      sketch.Add(HashForTest(key), 1);
    }
  }
  for (uint32_t key = 0; key < 16; ++key) {
    EXPECT_GE(sketch.Estimate(HashForTest(key)), key % 10 + key % 5) << key;
  }
}

// Too high only if all four counters of a key are shared with larger ones.
TEST(FrequencySketch, IsSeldomTooHigh) {
  FrequencySketch sketch;
  constexpr uint32_t kKeys = 4096;
  sketch.FitTo(kKeys);
  for (uint32_t key = 0; key < kKeys; ++key) {
    sketch.Add(HashForTest(key), key % 5);
  }
  uint32_t too_high = 0;
  for (uint32_t key = 0; key < kKeys; ++key) {
    too_high += sketch.Estimate(HashForTest(key)) > key % 5 ? 1 : 0;
  }
  EXPECT_LT(too_high, kKeys / 5);
}

TEST(FrequencySketch, HalvesOldCounts) {
  FrequencySketch sketch;
  sketch.FitTo(16);  // one line
  sketch.Add(HashForTest(1), 12);
  EXPECT_EQ(sketch.Estimate(HashForTest(1)), 12u);
  // The line is halved at each 160th addition.
  sketch.Add(HashForTest(1), 147);
  EXPECT_EQ(sketch.Estimate(HashForTest(1)), 15u);
  sketch.Add(HashForTest(1), 1);
  EXPECT_EQ(sketch.Estimate(HashForTest(1)), 7u);
  // Counts that are next to each other in a word do not run into each other.
  for (int i = 0; i < 6; ++i) {
    sketch.Add(HashForTest(2), 160);
  }
  EXPECT_LE(sketch.Estimate(HashForTest(2)), 15u);
  EXPECT_LE(sketch.Estimate(HashForTest(1)), 1u);
}

TEST(FrequencySketch, EachLineIsHalvedOncePerTenTimesTheCapacity) {
  FrequencySketch sketch;
  constexpr uint32_t kEntries = 16'000;  // 1000 lines
  sketch.FitTo(kEntries);
  for (uint32_t key = 0; key < 10; ++key) {
    sketch.Add(HashForTest(key), 15);  // 150 in all: nothing is halved yet
  }
  // Of another key, so that these stay as they are but for the halving.
  for (uint32_t i = 0; i < 10 * kEntries / 100; ++i) {
    sketch.Add(HashForTest(1'000'000), 100);
  }
  for (uint32_t key = 0; key < 10; ++key) {
    EXPECT_EQ(sketch.Estimate(HashForTest(key)), 7u) << key;
  }
}

TEST(FrequencySketch, KeepsItsCountsOverASmallChangeOfSize) {
  FrequencySketch sketch;
  sketch.FitTo(16'000);
  sketch.Add(HashForTest(1), 5);
  sketch.FitTo(18'000);
  sketch.FitTo(9'000);
  EXPECT_EQ(sketch.Estimate(HashForTest(1)), 5u);
  sketch.FitTo(32'000);
  EXPECT_EQ(sketch.bytes(), 128'000u);
  EXPECT_EQ(sketch.Estimate(HashForTest(1)), 0u);
}

}  // namespace
}  // namespace rat_memcache::store
