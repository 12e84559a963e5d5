// Where nearly everything is in use, cleaning would copy nearly everything; then segments go round
// as they are.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <random>
#include <string>
#include <vector>

#include "store/store_for_test.h"

namespace rat_memcache::store {
namespace {

class SegmentRotationTest : public StoreForTest {
 protected:
  static std::string KeyText(int number) { return "hot" + std::to_string(number); }
  static std::string Value(int number, int version) {
    std::string value = std::to_string(number) + "/" + std::to_string(version) + ":";
    value.resize(100, 'v');
    return value;
  }
  // The value is the newest, or there is none since it was evicted; then it is stored anew.
  void GetOrSet(int number) {
    const std::string newest = Value(number, versions_[static_cast<size_t>(number)]);
    const auto value = Get(KeyText(number));
    if (value) {
      ++hits_;
      ASSERT_EQ(*value, newest);
    } else {
      Set(number);
    }
  }
  void Set(int number) {
    const uint32_t exptime = number % 2 == 1 ? exptime_of_odd_ : 0;
    ASSERT_EQ(Put(KeyText(number), Value(number, versions_[static_cast<size_t>(number)]), exptime),
              PutStatus::kStored);
  }
  // Requests for keys that nearly fill the memory.
  void Run() {
    versions_.assign(kHot, 0);
    hits_ = 0;
    once_ = 0;
    for (int i = 0; i < kHot; ++i) {
      ASSERT_NO_FATAL_FAILURE(Set(i));
    }
    for (int i = 0; i < kRequests; ++i) {
      const int number = static_cast<int>(random_() % kHot);
      ASSERT_NO_FATAL_FAILURE(GetOrSet(number));
      // A key that is asked for once, so that it gets among the others, and then never again.
      if (i % 4 == 0) {
        const std::string once = "once" + std::to_string(once_++);
        ASSERT_EQ(Put(once, std::string(100, 'o')), PutStatus::kStored);
        ASSERT_TRUE(Has(once));
      }
      if (i % 50 == 0) {
        ++versions_[static_cast<size_t>(number)];
        ASSERT_NO_FATAL_FAILURE(Set(number));
      }
    }
  }

  static constexpr size_t kLimit = 2 * kMiB;
  static constexpr int kHot = 11'000;
  static constexpr int kRequests = 150'000;

  std::mt19937 random_{3};
  std::vector<int> versions_;
  int hits_ = 0;
  int once_ = 0;
  uint32_t exptime_of_odd_ = 0;
};

TEST_F(SegmentRotationTest, HotSegmentsGoRoundAndEveryItemIsRight) {
  for (const EvictionStrategy strategy : {EvictionStrategy::kS3Fifo, EvictionStrategy::kClock}) {
    SCOPED_TRACE(static_cast<int>(strategy));
    Open({.memory_limit = kLimit, .eviction = strategy, .shards = 1});
    ASSERT_NO_FATAL_FAILURE(Run());
    const ShardStats stats = Stats();
    EXPECT_GT(stats.segments_rotated, 0u);
    EXPECT_GT(hits_, kRequests * 7 / 10);
    EXPECT_LE(BytesUsed(), kLimit);
    // What is counted as there is there.
    uint64_t held = 0;
    for (int i = 0; i < kHot; ++i) {
      held += Has(KeyText(i)) ? 1 : 0;
    }
    for (int i = 0; i < once_; ++i) {
      held += Has("once" + std::to_string(i)) ? 1 : 0;
    }
    EXPECT_EQ(stats.items, held);
  }
}

TEST_F(SegmentRotationTest, WhatWentRoundExpires) {
  Open({.memory_limit = kLimit, .eviction = EvictionStrategy::kS3Fifo, .shards = 1});
  exptime_of_odd_ = In(1000);
  ASSERT_NO_FATAL_FAILURE(Run());
  ASSERT_GT(Stats().segments_rotated, 0u);
  const uint64_t timed = Stats().timed_items;
  EXPECT_GT(timed, static_cast<uint64_t>(kHot) / 4);
  clock_.Advance(1000);
  store_->Maintain();
  EXPECT_EQ(Stats().timed_items, 0u);
  EXPECT_EQ(Stats().crawler_reclaimed, timed);
  for (int i = 1; i < kHot; i += 2) {
    ASSERT_FALSE(Has(KeyText(i)));
  }
}

TEST_F(SegmentRotationTest, WhatWentRoundIsFlushed) {
  Open({.memory_limit = kLimit, .eviction = EvictionStrategy::kS3Fifo, .shards = 1});
  ASSERT_NO_FATAL_FAILURE(Run());
  ASSERT_GT(Stats().segments_rotated, 0u);
  store_->Flush();
  for (int i = 0; i < kHot; ++i) {
    ASSERT_FALSE(Has(KeyText(i)));
  }
  store_->Maintain();
  EXPECT_EQ(Stats().items, 0u);
  EXPECT_EQ(Stats().live_bytes, 0u);
  EXPECT_EQ(Stats().dead_bytes, 0u);
  ASSERT_NO_FATAL_FAILURE(Run());
}

}  // namespace
}  // namespace rat_memcache::store
