// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/eviction/ghost.h"

#include <cstdint>

#include <gtest/gtest.h>

#include "store/eviction/hash_for_test.h"

namespace rat_memcache::store {
namespace {

TEST(GhostTable, IsEmptyUntilItIsGivenRoom) {
  GhostTable ghost;
  EXPECT_EQ(ghost.bytes(), 0u);
  ghost.Add(HashForTest(1));
  EXPECT_FALSE(ghost.Take(HashForTest(1)));
}

TEST(GhostTable, ForgetsWhatWasTaken) {
  GhostTable ghost;
  ghost.FitTo(1000);
  EXPECT_FALSE(ghost.Take(HashForTest(1)));
  ghost.Add(HashForTest(1));
  EXPECT_TRUE(ghost.Take(HashForTest(1)));
  EXPECT_FALSE(ghost.Take(HashForTest(1)));
}

TEST(GhostTable, RemembersAboutItsCapacityAndNoMore) {
  GhostTable ghost;
  ghost.FitTo(10'000);
  const uint64_t capacity = ghost.capacity();
  EXPECT_GE(capacity, 9'900u);
  EXPECT_LE(capacity, 10'000u);
  for (uint64_t i = 0; i < 10 * capacity; ++i) {
    ghost.Add(HashForTest(i));
  }
  // Lines are not equally full, so a tenth may be gone early. Of the older half of what should be
  // there more is missing than of the younger.
  uint64_t of_young = 0;
  uint64_t of_old = 0;
  uint64_t of_gone = 0;
  for (uint64_t i = 0; i < capacity / 2; ++i) {
    of_young += ghost.Take(HashForTest(10 * capacity - 1 - i)) ? 1 : 0;
    of_old += ghost.Take(HashForTest(9 * capacity + i)) ? 1 : 0;
    of_gone += ghost.Take(HashForTest(i)) ? 1 : 0;
  }
  EXPECT_GT(of_young, capacity / 2 * 99 / 100);
  EXPECT_GT(of_old, capacity / 2 * 80 / 100);
  EXPECT_LT(of_gone, capacity / 2 / 100);
}

// Ages are bytes that wrap around.
TEST(GhostTable, WhatIsGoneDoesNotComeBackAsAgesWrap) {
  GhostTable ghost;
  ghost.FitTo(640);
  const uint64_t capacity = ghost.capacity();
  for (uint64_t i = 0; i < capacity; ++i) {
    ghost.Add(HashForTest(i));
  }
  uint64_t wrong = 0;
  for (uint64_t i = 0; i < 16 * capacity; ++i) {
    ghost.Add(HashForTest(1'000'000 + i));
    if (i > 2 * capacity && ghost.Take(HashForTest(i % capacity))) ++wrong;
  }
  // Two of 20 fingerprints of 16 bits alike: 20 / 65536.
  EXPECT_LT(wrong, 16 * capacity / 500);
}

TEST(GhostTable, KeepsItsEntriesOverASmallChangeOfSize) {
  GhostTable ghost;
  ghost.FitTo(1000);
  const size_t bytes = ghost.bytes();
  ghost.Add(HashForTest(1));
  ghost.FitTo(1200);
  ghost.FitTo(600);
  EXPECT_EQ(ghost.bytes(), bytes);
  EXPECT_TRUE(ghost.Take(HashForTest(1)));
  ghost.FitTo(10'000);
  EXPECT_GT(ghost.bytes(), 9 * bytes);
  ghost.FitTo(100);
  EXPECT_LT(ghost.bytes(), bytes / 5);
}

}  // namespace
}  // namespace rat_memcache::store
