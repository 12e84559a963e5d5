// Default and longest lives, and when expired items go, as a client of the cache sees it.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "cache/cache.h"

namespace rat_memcache::cache {
namespace {

class CacheTtlTest : public ::testing::Test {
 protected:
  void Open(const config::TtlOptions& ttl, store::StoreOptions options = {}) {
    cache_ = std::move(Cache::Open(options, &clock_, ttl)).value();
  }
  uint32_t In(uint32_t seconds) const { return clock_.Now() + seconds; }

  PutStatus Put(std::string_view key, uint32_t exptime, PutMode mode = PutMode::kSet) {
    return cache_
        ->Put({.key = cache_->MakeKey(key), .mode = mode, .value = "5", .exptime = exptime})
        .status;
  }
  PutStatus Upload(std::string_view key, uint32_t exptime, PutMode mode = PutMode::kSet) {
    const std::string value(100'000, 'u');
    const auto upload =
        cache_->BeginUpload({.key = cache_->MakeKey(key), .mode = mode, .exptime = exptime},
                            static_cast<uint32_t>(value.size()));
    EXPECT_TRUE(upload->Append(value));
    return upload->Commit().status;
  }
  bool Touch(std::string_view key, uint32_t exptime) {
    return cache_->Touch(cache_->MakeKey(key), exptime) == Found::kHit;
  }
  bool GetAndTouch(std::string_view key, uint32_t exptime) {
    return cache_->GetAndTouch(cache_->MakeKey(key), exptime, [](const ItemView&) {}) ==
           Found::kHit;
  }
  Found Get(std::string_view key) {
    return cache_->Get(cache_->MakeKey(key), [](const ItemView&) {});
  }
  // The second in which the item dies; 0: never; nothing if it is not there.
  std::optional<uint32_t> ExptimeOf(std::string_view key) {
    uint32_t exptime = 0;
    const Found found =
        cache_->Get(cache_->MakeKey(key), [&](const ItemView& item) { exptime = item.exptime(); });
    return found == Found::kHit ? std::optional(exptime) : std::nullopt;
  }
  void Pass(uint32_t seconds) {
    for (uint32_t i = 0; i < seconds; ++i) {
      cache_->Tick(clock_.Now() + 1);
    }
  }
  store::ShardStats Stats() { return cache_->Stats().total; }
  uint64_t Clamped() { return Stats().ttl_clamped; }

  CoarseClock clock_;
  std::unique_ptr<Cache> cache_;
};

TEST_F(CacheTtlTest, ADefaultLifeIsForStoresThatNameNone) {
  Open({.default_ttl = 60});
  ASSERT_EQ(Put("none", 0), PutStatus::kStored);
  ASSERT_EQ(Put("own", In(500)), PutStatus::kStored);
  ASSERT_EQ(Put("added", 0, PutMode::kAdd), PutStatus::kStored);
  ASSERT_EQ(Upload("uploaded", 0), PutStatus::kStored);
  ASSERT_EQ(Upload("uploaded, own", In(500)), PutStatus::kStored);
  EXPECT_EQ(ExptimeOf("none"), In(60));
  EXPECT_EQ(ExptimeOf("own"), In(500));
  EXPECT_EQ(ExptimeOf("added"), In(60));
  EXPECT_EQ(ExptimeOf("uploaded"), In(60));
  EXPECT_EQ(ExptimeOf("uploaded, own"), In(500));
  ASSERT_EQ(Put("own", 0, PutMode::kReplace), PutStatus::kStored);
  EXPECT_EQ(ExptimeOf("own"), In(60));
  EXPECT_EQ(Clamped(), 0u);
  Pass(60);
  EXPECT_NE(Get("none"), Found::kHit);
  EXPECT_NE(Get("uploaded"), Found::kHit);
  EXPECT_EQ(Get("uploaded, own"), Found::kHit);
}

TEST_F(CacheTtlTest, ADefaultLifeIsNotForWhatIsThereAlready) {
  Open({.default_ttl = 60});
  ASSERT_EQ(Put("k", In(500)), PutStatus::kStored);
  ASSERT_EQ(Put("k", 0, PutMode::kAppend), PutStatus::kStored);
  ASSERT_EQ(Put("k", 0, PutMode::kPrepend), PutStatus::kStored);
  EXPECT_EQ(cache_->Count({.key = cache_->MakeKey("k")}).status, CountStatus::kCounted);
  EXPECT_EQ(ExptimeOf("k"), In(500));
  ASSERT_EQ(Upload("k", 0, PutMode::kAppend), PutStatus::kStored);
  EXPECT_EQ(ExptimeOf("k"), In(500));
  EXPECT_TRUE(Touch("k", 0));
  EXPECT_EQ(ExptimeOf("k"), 0u) << "a touch with 0 means never";
  EXPECT_TRUE(Touch("k", In(10)));
  EXPECT_TRUE(GetAndTouch("k", 0));
  EXPECT_EQ(ExptimeOf("k"), 0u);
}

TEST_F(CacheTtlTest, NothingLivesLongerThanTheLongestLife) {
  Open({.max_ttl = 100});
  ASSERT_EQ(Put("short", In(50)), PutStatus::kStored);
  ASSERT_EQ(Put("just", In(100)), PutStatus::kStored);
  EXPECT_EQ(Clamped(), 0u);
  ASSERT_EQ(Put("long", In(101)), PutStatus::kStored);
  EXPECT_EQ(Clamped(), 1u);
  ASSERT_EQ(Put("none", 0), PutStatus::kStored);
  ASSERT_EQ(Upload("uploaded", In(5000)), PutStatus::kStored);
  EXPECT_EQ(Clamped(), 3u);
  EXPECT_EQ(ExptimeOf("short"), In(50));
  EXPECT_EQ(ExptimeOf("just"), In(100));
  for (const char* key : {"long", "none", "uploaded"}) {
    EXPECT_EQ(ExptimeOf(key), In(100)) << key;
  }
  EXPECT_TRUE(Touch("short", In(70)));
  EXPECT_EQ(ExptimeOf("short"), In(70));
  EXPECT_TRUE(Touch("short", In(1000)));
  EXPECT_EQ(ExptimeOf("short"), In(100));
  EXPECT_TRUE(Touch("just", 0));
  EXPECT_EQ(ExptimeOf("just"), In(100));
  EXPECT_TRUE(GetAndTouch("long", 0));
  EXPECT_EQ(ExptimeOf("long"), In(100));
  EXPECT_TRUE(GetAndTouch("long", In(1000)));
  EXPECT_TRUE(GetAndTouch("long", In(10)));
  EXPECT_EQ(ExptimeOf("long"), In(10));
  EXPECT_EQ(Clamped(), 7u);
  // Later, the same second is nearer.
  Pass(5);
  EXPECT_TRUE(Touch("short", In(100)));
  EXPECT_EQ(Clamped(), 7u);
  cache_->ResetStats();
  EXPECT_EQ(Clamped(), 0u);
}

TEST_F(CacheTtlTest, BothLives) {
  Open({.default_ttl = 60, .max_ttl = 100});
  ASSERT_EQ(Put("k", 0), PutStatus::kStored);
  EXPECT_EQ(ExptimeOf("k"), In(60));
  EXPECT_EQ(Clamped(), 0u);
  EXPECT_TRUE(Touch("k", 0));
  EXPECT_EQ(ExptimeOf("k"), In(100));
  EXPECT_EQ(Clamped(), 1u);
}

TEST_F(CacheTtlTest, ADeadItemStaysDead) {
  Open({.default_ttl = 60, .max_ttl = 100});
  constexpr uint32_t kLongAgo = 1;
  ASSERT_EQ(Put("k", kLongAgo), PutStatus::kStored);
  EXPECT_NE(Get("k"), Found::kHit);
  ASSERT_EQ(Put("k", 0), PutStatus::kStored);
  EXPECT_TRUE(Touch("k", kLongAgo));
  EXPECT_NE(Get("k"), Found::kHit);
  EXPECT_EQ(Clamped(), 0u);
}

// An append keeps the life of the item: there is none that it could name.
TEST_F(CacheTtlTest, AnAppendNamesNoLifeThatCouldBeCut) {
  Open({.max_ttl = 100});
  ASSERT_EQ(Put("k", In(10)), PutStatus::kStored);
  ASSERT_EQ(Put("k", 0, PutMode::kAppend), PutStatus::kStored);
  ASSERT_EQ(Put("k", In(1000), PutMode::kPrepend), PutStatus::kStored);
  ASSERT_EQ(Upload("k", 0, PutMode::kAppend), PutStatus::kStored);
  EXPECT_EQ(ExptimeOf("k"), In(10));
  EXPECT_EQ(Clamped(), 0u);
}

// --- When expired items go ---

TEST_F(CacheTtlTest, AnExpiredItemIsNeverReturnedWhoeverRemovesIt) {
  for (const bool lazy : {true, false}) {
    for (const bool active : {true, false}) {
      SCOPED_TRACE(std::string(lazy ? "lazy" : "not lazy") + (active ? ", active" : ""));
      Open({.lazy_expiration = lazy, .active_expiration = active});
      for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(Put("k" + std::to_string(i), In(1 + static_cast<uint32_t>(i) % 10)),
                  PutStatus::kStored);
      }
      for (uint32_t second = 1; second <= 12; ++second) {
        Pass(1);
        for (int i = 0; i < 100; ++i) {
          const bool alive = static_cast<uint32_t>(i) % 10 >= second;
          ASSERT_EQ(Get("k" + std::to_string(i)) == Found::kHit, alive) << i << " " << second;
        }
      }
      Pass(20);  // time for the search, should the processor have been busy elsewhere
      const store::ShardStats stats = Stats();
      EXPECT_EQ(stats.items, lazy || active ? 0u : 100u);
      EXPECT_EQ(stats.expired, lazy || active ? 100u : 0u);
      EXPECT_TRUE(active || stats.crawler_reclaimed == 0);
      EXPECT_TRUE(lazy || stats.crawler_reclaimed == stats.expired);
    }
  }
}

TEST_F(CacheTtlTest, TheSearchComesOncePerInterval) {
  Open({.cleanup_interval = 5});
  Pass(1);  // the first comes at once
  EXPECT_EQ(cache_->Cleanups().runs, 1u);
  ASSERT_EQ(Put("k", In(1)), PutStatus::kStored);
  Pass(4);
  EXPECT_EQ(cache_->Cleanups().runs, 1u);
  EXPECT_EQ(Stats().items, 1u);
  Pass(1);
  EXPECT_EQ(cache_->Cleanups().runs, 2u);
  Pass(20);
  EXPECT_EQ(cache_->Cleanups().runs, 6u);
  EXPECT_EQ(Stats().items, 0u);
  cache_->ResetStats();
  EXPECT_EQ(cache_->Cleanups().runs, 0u);
  EXPECT_EQ(cache_->Cleanups().microseconds, 0u);
}

TEST_F(CacheTtlTest, FlushedMemoryComesBackBetweenTwoSearches) {
  Open({.cleanup_interval = 1000});
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(Put("k" + std::to_string(i), 0), PutStatus::kStored);
  }
  cache_->Flush();
  Pass(20);
  EXPECT_EQ(cache_->Cleanups().runs, 0u);
  EXPECT_EQ(Stats().live_bytes, 0u);
}

TEST_F(CacheTtlTest, ASearchLooksAtSoManyEntries) {
  Open({.max_cleanup_entries = 1}, {.memory_limit = 8 << 20, .shards = 1});
  // Some segments full.
  for (int i = 0; i < 4000; ++i) {
    ASSERT_EQ(Put("k" + std::to_string(i), In(1)), PutStatus::kStored);
  }
  Pass(1);
  EXPECT_LT(Stats().expired, 2000u) << "one segment";
  Pass(60);
  EXPECT_EQ(Stats().expired, 4000u);
}

// Giving memory back has a budget of its own.
TEST_F(CacheTtlTest, AFallingLimitDoesNotKeepExpiredItemsWaiting) {
  for (const auto strategy : {config::EvictionStrategy::kNone, config::EvictionStrategy::kS3Fifo}) {
    Open({}, {.memory_limit = size_t{128} << 20, .eviction = strategy, .shards = 2});
    const std::string value(2000, 'v');
    for (int i = 0; i < 40'000; ++i) {
      const std::string key = "k" + std::to_string(i);
      ASSERT_EQ(cache_->Put({.key = cache_->MakeKey(key), .value = value}).status,
                PutStatus::kStored);
    }
    ASSERT_TRUE(cache_->SetMemoryLimit(size_t{32} << 20));
    Pass(20);
    for (int i = 0; i < 100; ++i) {
      (void)Put("t" + std::to_string(i), In(10));
      (void)Touch("k" + std::to_string(i), In(10));
    }
    const uint64_t timed = Stats().timed_items;
    ASSERT_GT(timed, 0u);
    Pass(15);
    EXPECT_EQ(Stats().timed_items, 0u) << "of " << timed;
  }
}

TEST_F(CacheTtlTest, TheSampleHearsOfGetsThatTouch) {
  Open({}, {.memory_limit = size_t{8} << 20});
  for (int i = 0; i < 200'000; ++i) {
    const std::string key = std::to_string(i * 7919 % 60'000);
    if (!GetAndTouch(key, In(1000))) {
      const std::string value(300, 'v');
      (void)cache_->Put({.key = cache_->MakeKey(key), .value = value});
    }
  }
  EXPECT_TRUE(cache_->Stats().miss_curve.has_value());
}

}  // namespace
}  // namespace rat_memcache::cache
