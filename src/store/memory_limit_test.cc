// The limit of memory while the store is in use: raised, lowered, and granted by size classes.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <array>
#include <string>

#include "store/store_for_test.h"

namespace rat_memcache::store {
namespace {

class MemoryLimitTest : public StoreForTest {
 protected:
  void Fill(std::string_view prefix, int items, size_t value_bytes = 1000, uint32_t exptime = 0) {
    const std::string value(value_bytes, 'x');
    for (int i = 0; i < items; ++i) {
      ASSERT_EQ(Put(std::string(prefix) + std::to_string(i), value, exptime), PutStatus::kStored)
          << prefix << i;
    }
  }
  int CountHeld(std::string_view prefix, int items) {
    int held = 0;
    for (int i = 0; i < items; ++i) {
      held += Has(std::string(prefix) + std::to_string(i)) ? 1 : 0;
    }
    return held;
  }
};

TEST_F(MemoryLimitTest, MoreItemsFitAfterItWasRaised) {
  Open({.memory_limit = 8 * kMiB, .memory_max = 64 * kMiB});
  EXPECT_GE(store_->memory_max(), 64 * kMiB);
  Fill("a", 20'000);
  const uint64_t items_before = Stats().items;
  EXPECT_LT(items_before, 8'000u);
  ASSERT_TRUE(store_->SetMemoryLimit(32 * kMiB));
  EXPECT_EQ(store_->Stats().memory_limit, 32 * kMiB);
  EXPECT_EQ(Stats().items, items_before);
  const uint64_t evictions_before = Stats().evictions;
  Fill("b", 20'000);
  EXPECT_EQ(Stats().evictions, evictions_before) << "there was room for all of them";
  EXPECT_EQ(CountHeld("b", 20'000), 20'000);
  EXPECT_EQ(Stats().items, items_before + 20'000);
  Fill("c", 20'000);
  EXPECT_LE(BytesUsed(), 32 * kMiB);
  EXPECT_GT(BytesUsed(), 30 * kMiB);
}

TEST_F(MemoryLimitTest, MaintenanceGivesBackWhatIsAboveALimitThatWasLowered) {
  for (const EvictionStrategy strategy :
       {EvictionStrategy::kAdaptive, EvictionStrategy::kS3Fifo, EvictionStrategy::kLru,
        EvictionStrategy::kTinyLfu, EvictionStrategy::kFifo}) {
    Open({.memory_limit = 32 * kMiB, .eviction = strategy, .shards = 2});
    Fill("a", 40'000);
    ASSERT_TRUE(store_->SetMemoryLimit(12 * kMiB));
    MaintainToTheEnd();
    const StoreStats stats = store_->Stats();
    EXPECT_LE(stats.total.resident_bytes, 12 * kMiB) << static_cast<int>(strategy);
    EXPECT_LE(BytesUsed() + stats.sample_bytes, 12 * kMiB) << static_cast<int>(strategy);
    EXPECT_GT(stats.total.items, 8'000u) << static_cast<int>(strategy);
    // And it is not exceeded again.
    Fill("b", 20'000);
    EXPECT_LE(BytesUsed(), 12 * kMiB) << static_cast<int>(strategy);
    EXPECT_TRUE(Has("b19999"));
  }
}

TEST_F(MemoryLimitTest, StoresAloneKeepToALimitThatWasLowered) {
  Open({.memory_limit = 32 * kMiB, .shards = 1});
  Fill("a", 40'000);
  ASSERT_TRUE(store_->SetMemoryLimit(16 * kMiB));
  Fill("b", 20'000);
  EXPECT_LE(BytesUsed(), 16 * kMiB);
  EXPECT_TRUE(Has("b19999"));
}

// Each time to live has a segment of its own that is not full yet. Those that nothing is added to
// any more must not outlive all others.
TEST_F(MemoryLimitTest, AfterAFallTheOldItemsGiveWayWhateverTheirLives) {
  for (const EvictionStrategy strategy :
       {EvictionStrategy::kS3Fifo, EvictionStrategy::kLru, EvictionStrategy::kFifo}) {
    Open({.memory_limit = 64 * kMiB, .eviction = strategy, .shards = 1});
    for (const uint32_t seconds : {10, 100, 500, 3000, 20'000, 80'000, 200'000}) {
      Fill("old" + std::to_string(seconds) + "_", 10'000, 1000, In(seconds));
    }
    Fill("old", 10'000);
    ASSERT_TRUE(store_->SetMemoryLimit(8 * kMiB));
    MaintainToTheEnd();
    EXPECT_LE(BytesUsed(), 8 * kMiB);
    // Several times what fits, so that what was there before has had its turn.
    Fill("new", 40'000, 1000, In(500));
    EXPECT_LE(BytesUsed(), 8 * kMiB);
    EXPECT_GE(CountHeld("new", 40'000), 6'000) << static_cast<int>(strategy);
  }
}

// A shard keeps 8 of the 256 segments that it was cut into.
TEST_F(MemoryLimitTest, CanFallToTheThirtySecondPart) {
  Open({.memory_limit = 1024 * kMiB, .threads = 2});
  EXPECT_FALSE(store_->SetMemoryLimit(31 * kMiB));
  ASSERT_TRUE(store_->SetMemoryLimit(32 * kMiB));
  Fill("a", 60'000);
  EXPECT_LE(BytesUsed(), 32 * kMiB);
  EXPECT_TRUE(Has("a59999"));
}

TEST_F(MemoryLimitTest, DownAndUpAgain) {
  Open({.memory_limit = 16 * kMiB, .memory_max = 32 * kMiB, .shards = 1});
  for (const size_t mib : {32, 4, 16, 8, 32}) {
    ASSERT_TRUE(store_->SetMemoryLimit(mib * kMiB));
    MaintainToTheEnd();
    Fill("a" + std::to_string(mib) + "_", 40'000);
    EXPECT_LE(BytesUsed(), mib * kMiB);
    EXPECT_GE(BytesUsed(), mib * kMiB * 8 / 10);
  }
}

TEST_F(MemoryLimitTest, RefusesWhatIsOutOfRange) {
  Open({.memory_limit = 8 * kMiB, .memory_max = 64 * kMiB});
  EXPECT_FALSE(store_->SetMemoryLimit(kMiB - 1));
  EXPECT_FALSE(store_->SetMemoryLimit(store_->memory_max() + 1));
  EXPECT_EQ(store_->Stats().memory_limit, 8 * kMiB);
  EXPECT_TRUE(store_->SetMemoryLimit(4 * kMiB));
  EXPECT_TRUE(store_->SetMemoryLimit(store_->memory_max()));
}

TEST_F(MemoryLimitTest, IsNeverRaisedAboveWhatWasNamedAsMost) {
  Open({.memory_limit = 2 * kMiB, .memory_max = 4 * kMiB, .item_size_max = kMiB / 2});
  EXPECT_EQ(store_->memory_max(), 4 * kMiB);
  EXPECT_FALSE(store_->SetMemoryLimit(8 * kMiB));
}

TEST_F(MemoryLimitTest, APageIsGrantedPerSizeClassInUse) {
  // Values whose items are of nine of memcached's size classes, with keys of 9 to 11 bytes.
  constexpr std::array<size_t, 9> kValues = {10, 60, 200, 500, 1000, 3000, 10'000, 30'000, 60'000};
  for (const bool granted : {true, false}) {
    Open({.memory_limit = 2 * kMiB, .item_size_max = kMiB, .page_per_size_class = granted});
    size_t stored = 0;
    for (int i = 0; stored < 40 * kMiB; ++i) {
      for (const size_t bytes : kValues) {
        const std::string key = std::to_string(bytes) + "_" + std::to_string(i);
        ASSERT_EQ(Put(key, std::string(bytes, 'x')), PutStatus::kStored);
        stored += bytes;
      }
    }
    const StoreStats stats = store_->Stats();
    EXPECT_EQ(stats.memory_limit, 2 * kMiB);
    EXPECT_EQ(stats.memory_granted, granted ? 9 * kMiB + kMiB / 2 : 2 * kMiB);
    EXPECT_LE(BytesUsed(), stats.memory_granted);
    EXPECT_GE(BytesUsed(), stats.memory_granted * 85 / 100);
    MaintainToTheEnd();
    EXPECT_GE(BytesUsed(), stats.memory_granted * 85 / 100) << "what was granted is not taken back";
  }
}

TEST_F(MemoryLimitTest, ALimitAboveWhatIsGrantedStays) {
  Open({.memory_limit = 16 * kMiB, .page_per_size_class = true});
  Fill("small", 100, 10);
  Fill("large", 100, 10'000);
  EXPECT_EQ(store_->Stats().memory_granted, 16 * kMiB);
  // Of one size class there is one page.
  Open({.memory_limit = 2 * kMiB, .item_size_max = kMiB / 2, .page_per_size_class = true});
  Fill("small", 50'000, 10);
  EXPECT_EQ(store_->Stats().memory_granted, 2 * kMiB);
  EXPECT_LE(BytesUsed(), 2 * kMiB);
}

TEST_F(MemoryLimitTest, WhatIsGrantedHoldsForALimitThatIsSetLater) {
  Open({.memory_limit = 16 * kMiB, .page_per_size_class = true});
  for (size_t bytes = 20; bytes < 100'000; bytes *= 2) {  // 13 of them
    Fill("k" + std::to_string(bytes) + "_", 5, bytes);
  }
  ASSERT_TRUE(store_->SetMemoryLimit(4 * kMiB));
  const StoreStats stats = store_->Stats();
  EXPECT_EQ(stats.memory_limit, 4 * kMiB);
  EXPECT_EQ(stats.memory_granted, 13 * kMiB + kMiB / 2);
}

}  // namespace
}  // namespace rat_memcache::store
