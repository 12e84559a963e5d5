// Requests are told to the sample as the store tells them: a get that missed, then a store.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/key_sample.h"

#include <algorithm>
#include <cstdint>
#include <random>

#include <gtest/gtest.h>

namespace rat_memcache::store {
namespace {

using config::EvictionStrategy;

constexpr size_t kMiB = size_t{1} << 20;
// What a model counts beside the record: the item's share of the index.
constexpr size_t kIndexBytes = 11;
constexpr size_t kFootprint = 256;
constexpr size_t kRecord = kFootprint - kIndexBytes;

uint64_t Hash(uint64_t key) {
  key = (key + 1) * 0x9e3779b97f4a7c15u;
  key = (key ^ key >> 32) * 0xc2b2ae3d27d4eb4fu;
  return key ^ key >> 29;
}

class KeySampleTest : public ::testing::Test {
 protected:
  // As of a cache that asks the models for everything: each of them decides on its own whether the
  // key is there, and what is stored again changes nothing where it is.
  static void Request(KeySample* sample, uint64_t key, size_t record = kRecord) {
    const uint64_t hash = Hash(key);
    if (!sample->Wants(hash)) return;
    sample->OnMiss(hash);
    sample->OnStore(hash, record);
  }
  static double WantedShare(const KeySample& sample) {
    constexpr int kKeys = 200'000;
    int wanted = 0;
    for (uint64_t key = 0; key < kKeys; ++key) {
      wanted += sample.Wants(Hash(1'000'000'000 + key)) ? 1 : 0;
    }
    return static_cast<double>(wanted) / kKeys;
  }

  // --- Loads, of about `requests` requests ---

  // Every key is asked for twice, the second time when half a cache of others was asked for: LRU
  // has it still, S3-FIFO let it go from its small queue, and no count is higher than another.
  void AskTwice(KeySample* sample, size_t cache_keys, int requests) {
    for (int i = 0; i < requests / 2; ++i) {
      const uint64_t key = next_++;
      Request(sample, key);
      if (key >= cache_keys / 2) Request(sample, key - cache_keys / 2);
    }
  }
  // Half of the requests go to a set that fills 70 % of the cache, the others to keys that nobody
  // asks for again: LRU keeps as many of those as of the set.
  void ScanBesideASet(KeySample* sample, size_t cache_keys, int requests) {
    for (int i = 0; i < requests / 2; ++i) {
      Request(sample, 5'000'000'000 + random_() % (cache_keys * 7 / 10));
      Request(sample, next_++);
    }
  }

  std::mt19937 random_{7};
  uint64_t next_ = 0;
};

TEST_F(KeySampleTest, WantsAnEighthAtMost) {
  for (const size_t limit : {kMiB, 64 * kMiB, size_t{1} << 40}) {
    const KeySample sample(EvictionStrategy::kAdaptive, limit);
    EXPECT_NEAR(WantedShare(sample), 0.125, 0.005) << limit;
  }
}

TEST_F(KeySampleTest, FollowsFewerKeysTheMoreThereAre) {
  constexpr size_t kLimit = 64 * kMiB;
  constexpr double kKeysInCache = static_cast<double>(kLimit) / kFootprint;
  KeySample sample(EvictionStrategy::kS3Fifo, kLimit);
  for (uint64_t key = 0; key < 2 * kLimit / kFootprint; ++key) {
    Request(&sample, key);
  }
  // A key per 32 KiB, of what fits into the cache.
  const double followed = kLimit / (32.0 * 1024);
  EXPECT_LE(WantedShare(sample) * kKeysInCache, 1.05 * followed);
  EXPECT_GE(WantedShare(sample) * kKeysInCache, 0.65 * followed);
}

// Items have become larger, so that fewer of them fit: more keys are followed, but never more than
// an eighth of all.
TEST_F(KeySampleTest, FollowsMoreKeysAgainWhenThereAreFew) {
  constexpr size_t kLimit = 64 * kMiB;
  for (const size_t record : {100, 245, 500}) {
    KeySample sample(EvictionStrategy::kS3Fifo, kLimit);
    for (uint64_t key = 0; key < 2 * kLimit / record; ++key) {
      Request(&sample, key, record);
    }
    EXPECT_LT(WantedShare(sample), 0.02) << record;
    for (uint64_t key = 0; key < 100'000; ++key) {
      Request(&sample, 1'000'000'000 + key, 65'536);
    }
    EXPECT_GT(WantedShare(sample), 0.08) << record;
    EXPECT_LE(WantedShare(sample), 0.128) << record;
  }
}

TEST_F(KeySampleTest, TakesLittleMemory) {
  EXPECT_LE(KeySample(EvictionStrategy::kAdaptive, 4 * kMiB).bytes(), 64 << 10);
  for (const size_t limit : {12 * kMiB, 64 * kMiB, size_t{10} << 30}) {
    const KeySample adaptive(EvictionStrategy::kAdaptive, limit);
    EXPECT_LE(adaptive.bytes(), limit * 6 / 1000 + 4096) << limit;
    EXPECT_LE(adaptive.bytes(), kMiB) << limit;
    const KeySample one(EvictionStrategy::kLru, limit);
    EXPECT_LT(one.bytes(), adaptive.bytes()) << limit;
  }
}

// Of keys that are all asked for equally often, a cache misses those that it does not hold.
TEST_F(KeySampleTest, TheCurveOfAUniformLoadIsAStraightLine) {
  constexpr size_t kLimit = 64 * kMiB;
  constexpr uint64_t kKeys = 4 * kLimit / kFootprint;  // a quarter of them fits
  for (const EvictionStrategy strategy : {EvictionStrategy::kLru, EvictionStrategy::kLfu,
                                          EvictionStrategy::kS3Fifo, EvictionStrategy::kAdaptive}) {
    KeySample sample(strategy, kLimit);
    EXPECT_FALSE(sample.MissCurve().has_value()) << "nothing was asked for yet";
    for (uint64_t i = 0; i < 2 * kKeys; ++i) {
      Request(&sample, random_() % kKeys);
    }
    const auto curve = sample.MissCurve();
    ASSERT_TRUE(curve.has_value());
    EXPECT_NEAR(curve->half, 0.875 / 0.75, 0.06) << static_cast<int>(strategy);
    EXPECT_NEAR(curve->twice, 0.5 / 0.75, 0.06) << static_cast<int>(strategy);
  }
}

TEST_F(KeySampleTest, WhereEverythingFitsMoreMemoryChangesNothing) {
  constexpr size_t kLimit = 64 * kMiB;
  KeySample sample(EvictionStrategy::kLru, kLimit);
  for (uint64_t key = 0; key < 40'000; ++key) {
    Request(&sample, key);  // a miss once, wherever
  }
  const auto curve = sample.MissCurve();
  ASSERT_TRUE(curve.has_value());
  EXPECT_EQ(curve->twice, 1);
  EXPECT_EQ(curve->half, 1);
}

TEST_F(KeySampleTest, WhatTheStoreHasAModelLearnsByAMiss) {
  constexpr uint64_t kKeys = 10'000;
  KeySample sample(EvictionStrategy::kLru, 64 * kMiB);
  const auto hit_all = [&] {
    for (uint64_t key = 0; key < kKeys; ++key) {
      if (sample.Wants(Hash(key))) sample.OnHit(Hash(key), kRecord);
    }
  };
  hit_all();
  const auto curve = sample.MissCurve();
  ASSERT_TRUE(curve.has_value());
  EXPECT_EQ(curve->half, 1);
  EXPECT_EQ(curve->twice, 1);
  // Now all have all.
  hit_all();
  EXPECT_EQ(sample.MissCurve()->half, 1);
  EXPECT_EQ(sample.MissCurve()->twice, 1);
}

// A cache that turns over several times has missed often enough, however small it is.
TEST_F(KeySampleTest, TheCurveIsToldOfSmallCachesToo) {
  for (const size_t mib : {2, 4, 8, 12, 16, 32, 64}) {
    const size_t limit = mib * kMiB;
    KeySample sample(EvictionStrategy::kLru, limit);
    const size_t keys = 4 * limit / kFootprint;
    for (size_t i = 0; i < 2 * keys; ++i) {
      const uint64_t hash = Hash(random_() % keys);
      if (!sample.Wants(hash)) continue;
      // The store has a quarter of the keys, and so is given three of four anew.
      if (random_() % 4 == 0) {
        sample.OnHit(hash, kRecord);
      } else {
        sample.OnMiss(hash);
        sample.OnStore(hash, kRecord);
      }
    }
    EXPECT_TRUE(sample.MissCurve().has_value()) << mib;
  }
}

TEST_F(KeySampleTest, AStrategyThatWasNamedIsNotLeft) {
  KeySample sample(EvictionStrategy::kS3Fifo, 8 * kMiB);
  EXPECT_EQ(sample.strategy(), EvictionStrategy::kS3Fifo);
  AskTwice(&sample, 8 * kMiB / kFootprint, 500'000);
  EXPECT_EQ(sample.active(), EvictionStrategy::kS3Fifo);
  EXPECT_EQ(sample.switches(), 0u);
}

TEST_F(KeySampleTest, AdaptiveTakesLruWhereThatIsRightAndLeavesIt) {
  constexpr size_t kLimit = 32 * kMiB;
  constexpr size_t kCacheKeys = kLimit / kFootprint;
  constexpr int kRequests = 12 * kCacheKeys;
  KeySample sample(EvictionStrategy::kAdaptive, kLimit);
  EXPECT_EQ(sample.active(), EvictionStrategy::kS3Fifo);
  AskTwice(&sample, kCacheKeys, kRequests);
  EXPECT_EQ(sample.active(), EvictionStrategy::kLru);
  EXPECT_EQ(*sample.active_source(), EvictionStrategy::kLru);
  EXPECT_EQ(sample.strategy(), EvictionStrategy::kAdaptive);
  EXPECT_GE(sample.switches(), 1u);
  ScanBesideASet(&sample, kCacheKeys, kRequests);
  EXPECT_NE(sample.active(), EvictionStrategy::kLru);
  EXPECT_GE(sample.switches(), 2u);
  AskTwice(&sample, kCacheKeys, kRequests);
  EXPECT_EQ(sample.active(), EvictionStrategy::kLru);
}

// Where all are equal, chance decides now and then; but not all the time.
TEST_F(KeySampleTest, AdaptiveSeldomMovesWhereNothingSpeaksForAnother) {
  constexpr size_t kLimit = 64 * kMiB;
  constexpr size_t kCacheKeys = kLimit / kFootprint;
  constexpr size_t kTurnovers = 8;
  KeySample sample(EvictionStrategy::kAdaptive, kLimit);
  for (size_t i = 0; i < kTurnovers * kCacheKeys; ++i) {
    Request(&sample, random_() % (3 * kCacheKeys));
  }
  EXPECT_LE(sample.switches(), kTurnovers);
}

// Twice the memory never misses more often. After a change of the rule the models of the other
// sizes must not be compared before they are as full as they will be.
TEST_F(KeySampleTest, MoreMemoryIsNeverSaidToMissMore) {
  constexpr size_t kLimit = 32 * kMiB;
  constexpr size_t kCacheKeys = kLimit / kFootprint;
  KeySample sample(EvictionStrategy::kAdaptive, kLimit);
  double most = 0;
  const auto look = [&] {
    if (const auto curve = sample.MissCurve()) most = std::max(most, curve->twice);
  };
  for (int i = 0; i < 400; ++i) {
    AskTwice(&sample, kCacheKeys, 12 * kCacheKeys / 400);
    look();
  }
  for (int i = 0; i < 400; ++i) {
    ScanBesideASet(&sample, kCacheKeys, 12 * kCacheKeys / 400);
    look();
  }
  EXPECT_GE(sample.switches(), 2u);
  EXPECT_LE(most, 1.05);
}

TEST_F(KeySampleTest, AChangeOfStrategyBeginsAnew) {
  constexpr size_t kLimit = 32 * kMiB;
  KeySample sample(EvictionStrategy::kAdaptive, kLimit);
  AskTwice(&sample, kLimit / kFootprint, 12 * kLimit / kFootprint);
  ASSERT_EQ(sample.active(), EvictionStrategy::kLru);
  sample.SetStrategy(EvictionStrategy::kAdaptive);
  EXPECT_EQ(sample.active(), EvictionStrategy::kLru) << "that was no change";
  sample.SetStrategy(EvictionStrategy::kTinyLfu);
  EXPECT_EQ(sample.active(), EvictionStrategy::kTinyLfu);
  EXPECT_FALSE(sample.MissCurve().has_value());
  sample.SetStrategy(EvictionStrategy::kAdaptive);
  EXPECT_EQ(sample.active(), EvictionStrategy::kS3Fifo);
}

TEST_F(KeySampleTest, WhatWasFlushedIsMissedByAll) {
  constexpr size_t kLimit = 64 * kMiB;
  constexpr uint64_t kKeys = 40'000;
  KeySample sample(EvictionStrategy::kLru, kLimit);
  for (uint64_t key = 0; key < kKeys; ++key) {
    Request(&sample, key);
  }
  // All are there, everywhere. Without the flush this would be a round of hits, and the counts
  // fade.
  sample.OnFlush();
  for (uint64_t key = 0; key < kKeys; ++key) {
    Request(&sample, key);
  }
  const auto curve = sample.MissCurve();
  ASSERT_TRUE(curve.has_value());
  EXPECT_EQ(curve->half, 1);
  EXPECT_EQ(curve->twice, 1);
}

TEST_F(KeySampleTest, WhatWasRemovedIsMissedByAll) {
  KeySample sample(EvictionStrategy::kLru, 64 * kMiB);
  const auto wanted = [&] {
    uint64_t key = 0;
    while (!sample.Wants(Hash(key))) {
      ++key;
    }
    return Hash(key);
  }();
  for (int i = 0; i < 300; ++i) {
    sample.OnStore(wanted, kRecord);
    sample.OnRemove(wanted);
    sample.OnMiss(wanted);
  }
  const auto curve = sample.MissCurve();
  ASSERT_TRUE(curve.has_value()) << "300 misses are enough to tell";
  EXPECT_EQ(curve->half, 1);
  EXPECT_EQ(curve->twice, 1);
}

// The curve is relative to the limit as it is now.
TEST_F(KeySampleTest, FollowsTheLimit) {
  constexpr uint64_t kKeys = 256 * kMiB / kFootprint;
  KeySample sample(EvictionStrategy::kLru, 64 * kMiB);
  const auto run = [&] {
    for (uint64_t i = 0; i < 3 * kKeys; ++i) {
      Request(&sample, random_() % kKeys);
    }
    return sample.MissCurve();
  };
  // A quarter fits.
  auto curve = run();
  ASSERT_TRUE(curve.has_value());
  EXPECT_NEAR(curve->twice, 0.5 / 0.75, 0.06);
  // Half of it, so twice the memory is enough for nearly all.
  sample.SetMemoryLimit(128 * kMiB);
  curve = run();
  ASSERT_TRUE(curve.has_value());
  EXPECT_LT(curve->twice, 0.15);
  EXPECT_NEAR(curve->half, 0.75 / 0.5, 0.1);
  // An eighth.
  sample.SetMemoryLimit(32 * kMiB);
  curve = run();
  ASSERT_TRUE(curve.has_value());
  EXPECT_NEAR(curve->twice, 0.75 / 0.875, 0.06);
  EXPECT_NEAR(curve->half, 0.9375 / 0.875, 0.06);
}

}  // namespace
}  // namespace rat_memcache::store
