// Expired items: never returned, found by whoever comes by, and otherwise by Maintain().
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <chrono>
#include <string>

#include "store/store_for_test.h"

namespace rat_memcache::store {
namespace {

class ExpirationTest : public StoreForTest {
 protected:
  static std::string Value(int number, size_t bytes) {
    return std::string(bytes, static_cast<char>('a' + number % 26));
  }
  void Fill(std::string_view prefix, int items, size_t bytes, uint32_t exptime) {
    for (int i = 0; i < items; ++i) {
      ASSERT_EQ(Put(std::string(prefix) + std::to_string(i), Value(i, bytes), exptime),
                PutStatus::kStored);
    }
  }
  // Of Fill(): how many are there, each with its value.
  int CountRight(std::string_view prefix, int items, size_t bytes) {
    int right = 0;
    for (int i = 0; i < items; ++i) {
      const auto value = Get(std::string(prefix) + std::to_string(i));
      if (value && *value == Value(i, bytes)) ++right;
    }
    return right;
  }
};

TEST_F(ExpirationTest, MaintenanceFindsWhatExpiredInOpenSegments) {
  Open();
  Fill("dying", 10, 100, In(5));
  Fill("living", 10, 100, In(500));
  Fill("lasting", 10, 100, 0);
  clock_.Advance(4);
  store_->Maintain();
  EXPECT_EQ(Stats().items, 30u);
  clock_.Advance(1);
  store_->Maintain();
  EXPECT_EQ(Stats().items, 20u);
  EXPECT_EQ(Stats().expired, 10u);
  EXPECT_EQ(Stats().crawler_reclaimed, 10u);
  EXPECT_EQ(CountRight("living", 10, 100), 10);
  EXPECT_EQ(CountRight("lasting", 10, 100), 10);
  clock_.Advance(495);
  store_->Maintain();
  EXPECT_EQ(Stats().items, 10u);
  EXPECT_EQ(CountRight("lasting", 10, 100), 10);
}

TEST_F(ExpirationTest, MaintenanceFindsWhatExpiredInFullSegments) {
  Open({.memory_limit = 16 * kMiB});
  // One after the other, so that each segment has some of each.
  for (int i = 0; i < 9000; ++i) {
    const uint32_t exptime = i % 3 == 0 ? In(5) : i % 3 == 1 ? In(10) : 0;
    ASSERT_EQ(Put("k" + std::to_string(i), Value(i, 1000), exptime), PutStatus::kStored);
  }
  const uint64_t live_before = Stats().live_bytes;
  const uint64_t free_before = Stats().free_bytes;
  clock_.Advance(5);
  store_->Maintain();
  EXPECT_EQ(Stats().items, 6000u);
  clock_.Advance(5);
  store_->Maintain();
  const ShardStats stats = Stats();
  EXPECT_EQ(stats.items, 3000u);
  EXPECT_EQ(stats.expired, 6000u);
  EXPECT_EQ(stats.evictions, 0u);
  EXPECT_LT(stats.live_bytes, live_before * 34 / 100);
  EXPECT_GT(stats.free_bytes, free_before + live_before / 2) << "segments come back as well";
  for (int i = 0; i < 9000; ++i) {
    const auto value = Get("k" + std::to_string(i));
    ASSERT_EQ(value.has_value(), i % 3 == 2) << i;
    if (value) {
      ASSERT_TRUE(*value == Value(i, 1000));
    }
  }
}

TEST_F(ExpirationTest, MaintenanceFindsLargeValues) {
  constexpr size_t kBytes = 300'000;
  Open({.memory_limit = 64 * kMiB});
  Fill("dying", 40, kBytes, In(10));
  Fill("living", 40, kBytes, In(1000));
  Fill("lasting", 40, kBytes, 0);
  const uint64_t live_before = Stats().live_bytes;
  clock_.Advance(10);
  store_->Maintain();
  EXPECT_EQ(Stats().items, 80u);
  EXPECT_EQ(Stats().expired, 40u) << "an item counts once, however many pieces it has";
  EXPECT_LT(Stats().live_bytes, live_before * 67 / 100);
  EXPECT_EQ(CountRight("living", 40, kBytes), 40);
  EXPECT_EQ(CountRight("lasting", 40, kBytes), 40);
  clock_.Advance(1000);
  store_->Maintain();
  EXPECT_LT(Stats().live_bytes, live_before * 34 / 100);
  EXPECT_EQ(CountRight("lasting", 40, kBytes), 40);
}

TEST_F(ExpirationTest, MaintenanceFindsUploadedValues) {
  Open({.memory_limit = 64 * kMiB});
  const std::string value(400'000, 'u');
  const auto upload = [&](std::string_view key, uint32_t exptime, PutMode mode = PutMode::kSet) {
    auto incoming = store_->BeginUpload({.key = KeyOf(key), .mode = mode, .exptime = exptime},
                                        static_cast<uint32_t>(value.size()));
    ASSERT_TRUE(incoming->Append(value));
    ASSERT_EQ(incoming->Commit().status, PutStatus::kStored);
  };
  upload("dying", In(10));
  upload("lasting", 0);
  // The time of an append counts for nothing: the item's does.
  Put("appended", "head", 0);
  upload("appended", In(5), PutMode::kAppend);
  Put("appended too", "head", In(10));
  upload("appended too", 0, PutMode::kAppend);
  clock_.Advance(10);
  store_->Maintain();
  EXPECT_EQ(Stats().items, 2u);
  EXPECT_EQ(Stats().expired, 2u);
  EXPECT_TRUE(Get("lasting") == value);
  EXPECT_TRUE(Get("appended") == "head" + value);
}

TEST_F(ExpirationTest, AnUploadMayExpireBeforeItIsComplete) {
  Open({.memory_limit = 64 * kMiB});
  const std::string value(400'000, 'u');
  auto upload = store_->BeginUpload({.key = KeyOf("k"), .exptime = In(5)},
                                    static_cast<uint32_t>(value.size()));
  ASSERT_TRUE(upload->Append(value.substr(0, 300'000)));
  clock_.Advance(10);
  store_->Maintain();  // no item owns the pieces yet
  ASSERT_TRUE(upload->Append(value.substr(300'000)));
  EXPECT_EQ(upload->Commit().status, PutStatus::kStored);
  EXPECT_FALSE(Has("k"));
  upload.reset();
  store_->Maintain();
  EXPECT_EQ(Stats().items, 0u);
  EXPECT_EQ(Stats().live_bytes, 0u);
}

// A touch changes when an item dies, and the search for expired items must know.
TEST_F(ExpirationTest, MaintenanceKnowsOfTouches) {
  for (const size_t bytes : {size_t{20}, size_t{1000}, size_t{300'000}}) {
    SCOPED_TRACE(bytes);
    Open({.memory_limit = 64 * kMiB});
    Fill("to longer", 10, bytes, In(10));
    Fill("to shorter", 10, bytes, In(1000));
    Fill("to never", 10, bytes, In(10));
    Fill("from never", 10, bytes, 0);
    Fill("from never to never", 10, bytes, 0);
    for (int i = 0; i < 10; ++i) {
      const std::string n = std::to_string(i);
      ASSERT_EQ(Touch("to longer" + n, In(100)), Found::kHit);
      ASSERT_EQ(Touch("to shorter" + n, In(5)), Found::kHit);
      ASSERT_EQ(Touch("to never" + n, 0), Found::kHit);
      ASSERT_EQ(Touch("from never" + n, In(10)), Found::kHit);
      ASSERT_EQ(Touch("from never to never" + n, 0), Found::kHit);
    }
    EXPECT_EQ(Stats().timed_items, 30u);
    clock_.Advance(5);
    store_->Maintain();
    EXPECT_EQ(Stats().items, 40u) << "to shorter";
    clock_.Advance(5);
    store_->Maintain();
    EXPECT_EQ(Stats().items, 30u) << "from never";
    EXPECT_EQ(CountRight("to longer", 10, bytes), 10);
    EXPECT_EQ(CountRight("to never", 10, bytes), 10);
    EXPECT_EQ(CountRight("from never to never", 10, bytes), 10);
    clock_.Advance(90);
    store_->Maintain();
    EXPECT_EQ(Stats().items, 20u) << "to longer";
    clock_.Advance(10'000);
    store_->Maintain();
    EXPECT_EQ(CountRight("to never", 10, bytes), 10);
    EXPECT_EQ(CountRight("from never to never", 10, bytes), 10);
    EXPECT_EQ(Stats().timed_items, 0u);
    EXPECT_EQ(Stats().expired, 30u);
  }
}

// The pieces of a touched value lie in segments whose other items have all expired.
TEST_F(ExpirationTest, PiecesOfATouchedValueSurviveTheirSegments) {
  constexpr size_t kBytes = 300'000;
  Open({.memory_limit = 16 * kMiB, .eviction = EvictionStrategy::kFifo, .shards = 1});
  Fill("k", 30, kBytes, In(10));
  for (int i = 0; i < 30; i += 5) {
    ASSERT_EQ(Touch("k" + std::to_string(i), i % 2 == 0 ? 0 : In(1000)), Found::kHit);
  }
  clock_.Advance(10);
  // Whoever needs room finds segments that look dead.
  Fill("new", 5000, 1000, 0);
  for (int i = 0; i < 30; ++i) {
    const auto value = Get("k" + std::to_string(i));
    ASSERT_EQ(value.has_value(), i % 5 == 0) << i;
    if (value) {
      ASSERT_TRUE(*value == Value(i, kBytes));
    }
  }
  EXPECT_EQ(Stats().evictions, 0u);
  EXPECT_EQ(CountRight("new", 5000, 1000), 5000);
}

TEST_F(ExpirationTest, ManyShortLivesLeaveNothingBehind) {
  constexpr int kItems = kSlowBuild ? 50'000 : 1'000'000;
  Open({.memory_limit = 128 * kMiB});
  for (int i = 0; i < kItems; ++i) {
    ASSERT_EQ(Put("k" + std::to_string(i), "12345678", In(2)), PutStatus::kStored);
  }
  const ShardStats before = Stats();
  ASSERT_EQ(before.items, static_cast<uint64_t>(kItems));
  for (int second = 0; second < 4; ++second) {
    clock_.Advance(1);
    store_->Maintain();
  }
  const ShardStats after = Stats();
  EXPECT_LT(after.live_bytes, before.live_bytes / 20);
  EXPECT_EQ(after.items, 0u);
  EXPECT_EQ(after.timed_items, 0u);
  EXPECT_EQ(after.expired, static_cast<uint64_t>(kItems));
  EXPECT_EQ(after.crawler_reclaimed, static_cast<uint64_t>(kItems));
  EXPECT_EQ(after.expired_unfetched, static_cast<uint64_t>(kItems));
  EXPECT_LT(after.dead_bytes, before.live_bytes / 20);
}

// --- Who else notices ---

TEST_F(ExpirationTest, AReadThatFindsAnExpiredItemRemovesItOrLeavesItToMaintenance) {
  for (const bool lazy : {true, false}) {
    Open();
    store_->SetLazyExpiration(lazy);
    for (const size_t bytes : {20, 1000, 300'000}) {
      Put("k", Value(0, bytes), In(3));
      clock_.Advance(3);
      EXPECT_EQ(Read("k"), Found::kExpired);
      EXPECT_EQ(Read("k"), lazy ? Found::kMiss : Found::kExpired);
      EXPECT_EQ(Stats().items, lazy ? 0u : 1u);
      store_->Maintain();
      EXPECT_EQ(Read("k"), Found::kMiss);
      EXPECT_EQ(Stats().items, 0u);
    }
    EXPECT_EQ(Stats().expired, 3u);
    EXPECT_EQ(Stats().crawler_reclaimed, lazy ? 0u : 3u);
  }
}

TEST_F(ExpirationTest, WhoWritesToAnExpiredKeyNeverSeesItsItem) {
  for (const bool lazy : {true, false}) {
    Open();
    store_->SetLazyExpiration(lazy);
    const auto expire = [&] {
      ASSERT_EQ(Put("k", "7", In(3)), PutStatus::kStored);
      clock_.Advance(3);
    };
    expire();
    EXPECT_EQ(Delete("k"), Found::kMiss);
    expire();
    EXPECT_EQ(Touch("k", In(100)), Found::kMiss);
    EXPECT_FALSE(Has("k"));
    expire();
    EXPECT_EQ(store_->ReadAndTouch(KeyOf("k"), In(100), [](const ItemView&) {}), Found::kExpired);
    EXPECT_FALSE(Has("k"));
    expire();
    EXPECT_EQ(store_->Count({.key = KeyOf("k")}).status, CountStatus::kNotFound);
    expire();
    EXPECT_EQ(Put("k", "x", PutMode::kAppend), PutStatus::kNotStored);
    expire();
    EXPECT_EQ(Put("k", "x", PutMode::kReplace), PutStatus::kNotStored);
    expire();
    EXPECT_EQ(Put("k", "x", PutMode::kAdd), PutStatus::kStored);
    EXPECT_EQ(Get("k"), "x");
    EXPECT_EQ(Stats().expired, 7u);
    EXPECT_EQ(Stats().items, 1u);
  }
}

TEST_F(ExpirationTest, EveryRemovalIsCountedByItsReason) {
  Open({.memory_limit = 4 * kMiB, .shards = 1});
  Fill("deleted", 7, 100, 0);
  for (int i = 0; i < 7; ++i) {
    Delete("deleted" + std::to_string(i));
    Delete("deleted" + std::to_string(i));
  }
  EXPECT_EQ(Stats().deleted, 7u);

  Fill("asked for", 5, 100, In(1));
  clock_.Advance(1);
  EXPECT_EQ(CountRight("asked for", 5, 100), 0);
  EXPECT_EQ(Stats().expired, 5u);
  EXPECT_EQ(Stats().reclaimed + Stats().crawler_reclaimed, 0u);

  Fill("searched", 11, 100, In(1));
  Has("searched3");
  clock_.Advance(1);
  store_->Maintain();
  EXPECT_EQ(Stats().expired, 16u);
  EXPECT_EQ(Stats().crawler_reclaimed, 11u);
  EXPECT_EQ(Stats().expired_unfetched, 15u);
  EXPECT_GE(Stats().crawler_checked, 11u);

  Fill("overwritten", 5, 100, 0);
  Fill("overwritten", 5, 100, 0);
  Fill("flushed", 13, 100, 0);
  store_->Flush();
  EXPECT_EQ(Stats().items, 0u);
  store_->Maintain();
  EXPECT_EQ(Stats().flushed, 18u);
  EXPECT_EQ(Stats().deleted, 7u);
  EXPECT_EQ(Stats().evictions, 0u);

  // While room is made: a part of what was stored last has expired, and goes before anything else.
  Fill("making room", 1500, 1000, In(1));
  clock_.Advance(1);
  Fill("next", 3000, 1000, 0);
  EXPECT_GT(Stats().reclaimed, 300u);
  EXPECT_EQ(Stats().expired, 16u + Stats().reclaimed);
  EXPECT_EQ(Stats().evictions, 0u);
  Fill("more", 2000, 1000, 0);
  EXPECT_GT(Stats().evictions, 0u);
  EXPECT_EQ(Stats().items + Stats().evictions + Stats().expired, 6500u + 16u);
  store_->Maintain();
  EXPECT_EQ(Stats().items + Stats().evictions, 5000u);
  EXPECT_EQ(Stats().expired, 16u + 1500u);

  const uint64_t items = Stats().items;
  store_->ResetStats();
  const ShardStats stats = Stats();
  EXPECT_EQ(stats.items, items);
  EXPECT_EQ(stats.expired + stats.deleted + stats.flushed + stats.evictions + stats.reclaimed, 0u);
}

// --- What Maintain() may do ---

TEST_F(ExpirationTest, ABudgetOfEntriesIsKeptToOneSegment) {
  Open({.memory_limit = 16 * kMiB, .shards = 1});
  Fill("k", 10'000, 1000, In(10));
  clock_.Advance(10);
  const uint64_t per_segment = store_->Stats().segment_bytes / 1000;
  store_->Maintain({.entries_max = 1});
  EXPECT_GT(Stats().expired, 0u);
  EXPECT_LE(Stats().expired, per_segment);
  const uint64_t after_one = Stats().expired;
  store_->Maintain({.entries_max = 500});
  EXPECT_GE(Stats().expired, after_one + 500);
  EXPECT_LE(Stats().expired, after_one + 500 + per_segment);
  // It goes on where it stopped, so in the end all are found.
  for (int i = 0; i < 25; ++i) {
    store_->Maintain({.entries_max = 500});
  }
  EXPECT_EQ(Stats().expired, 10'000u);
  EXPECT_EQ(Stats().items, 0u);
}

TEST_F(ExpirationTest, ABudgetOfNothingFindsNothing) {
  Open({.memory_limit = 16 * kMiB, .shards = 1});
  Fill("k", 1000, 1000, In(10));
  clock_.Advance(10);
  store_->Maintain({.entries_max = 0});
  store_->Maintain({.sweep_time = std::chrono::nanoseconds(0)});
  store_->Maintain({.sweep_time = std::chrono::nanoseconds::min()});
  store_->Maintain({.expire = false});
  EXPECT_EQ(Stats().expired, 0u);
  EXPECT_EQ(Stats().items, 1000u);
  EXPECT_EQ(Stats().maintenance_runs, 2u);
  store_->Maintain();
  EXPECT_EQ(Stats().expired, 1000u);
}

TEST_F(ExpirationTest, GivingBackDoesNotKeepAnyShardFromSweeping) {
  Open({.memory_limit = 64 * kMiB, .shards = 4});
  Fill("dying", 10'000, 1000, In(10));
  Fill("lasting", 30'000, 1000, 0);
  clock_.Advance(10);
  ASSERT_TRUE(store_->SetMemoryLimit(16 * kMiB));
  store_->Maintain({.excess_time = std::chrono::nanoseconds(0)});
  EXPECT_EQ(Stats().expired, 10'000u);
}

TEST_F(ExpirationTest, WithoutASearchForExpiredItemsFlushedOnesAreFoundAllTheSame) {
  Open({.memory_limit = 16 * kMiB, .shards = 1});
  Fill("k", 5000, 1000, 0);
  store_->Flush();
  Fill("new", 1000, 1000, In(1));
  clock_.Advance(1);
  store_->Maintain({.expire = false});
  EXPECT_EQ(Stats().flushed, 5000u);
  EXPECT_EQ(Stats().expired, 0u);
  EXPECT_LT(Stats().live_bytes, kMiB * 5 / 4);
}

TEST_F(ExpirationTest, WithoutTimeMemoryAboveTheLimitIsGivenBackAllTheSame) {
  Open({.memory_limit = 16 * kMiB, .shards = 1});
  Fill("k", 14'000, 1000, 0);
  ASSERT_TRUE(store_->SetMemoryLimit(8 * kMiB));
  for (int i = 0; i < 8; ++i) {
    store_->Maintain({.sweep_time = std::chrono::nanoseconds(0)});
  }
  EXPECT_LE(BytesUsed(), 8 * kMiB);
}

TEST_F(ExpirationTest, ASmallBudgetReachesAllShards) {
  Open({.memory_limit = 16 * kMiB, .shards = 4});
  Fill("k", 2000, 1000, In(10));
  clock_.Advance(10);
  for (int i = 0; i < 200; ++i) {
    store_->Maintain({.entries_max = 1});
  }
  EXPECT_EQ(Stats().items, 0u);
}

}  // namespace
}  // namespace rat_memcache::store
