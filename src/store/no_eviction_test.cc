// EvictionStrategy::kNone: what lives stays, what does not fit is refused, what is dead makes room.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>
#include <random>
#include <string>

#include "store/store_for_test.h"

namespace rat_memcache::store {
namespace {

class NoEvictionTest : public StoreForTest {
 protected:
  static constexpr size_t kValueBytes = 500;

  void OpenOne() {
    Open({.memory_limit = 8 * kMiB, .eviction = EvictionStrategy::kNone, .shards = 1});
  }
  static std::string KeyText(char prefix, int number) { return prefix + std::to_string(number); }
  static std::string Value(const std::string& key) {
    std::string value = key + ":";
    value.resize(kValueBytes, 'v');
    return value;
  }
  // Until the first is refused; every `timed_each`th expires at `exptime`. Returns how many fit.
  int FillUp(char prefix, int timed_each = 0, uint32_t exptime = 0) {
    for (int i = 0;; ++i) {
      const std::string key = KeyText(prefix, i);
      const bool timed = timed_each != 0 && i % timed_each == 0;
      const PutStatus status = Put(key, Value(key), timed ? exptime : 0);
      if (status != PutStatus::kStored) {
        EXPECT_EQ(status, PutStatus::kNoMemory);
        return i;
      }
    }
  }
  bool HoldsRightValue(const std::string& key) { return Get(key) == Value(key); }
};

TEST_F(NoEvictionTest, RefusesWhatDoesNotFitAndKeepsWhatIsThere) {
  OpenOne();
  const int stored = FillUp('k');
  EXPECT_GT(stored, 12'000);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Put("more" + std::to_string(i), Value("more")), PutStatus::kNoMemory);
  }
  for (int i = 0; i < stored; ++i) {
    ASSERT_TRUE(HoldsRightValue(KeyText('k', i))) << i;
  }
  EXPECT_EQ(Stats().evictions, 0u);
  EXPECT_GE(Stats().no_memory, 101u);
  EXPECT_LE(BytesUsed(), 8 * kMiB);
}

TEST_F(NoEvictionTest, ARefusedStoreLeavesTheOldValue) {
  OpenOne();
  FillUp('k');
  EXPECT_EQ(Put("k5", std::string(2 * kValueBytes, 'x')), PutStatus::kNoMemory);
  EXPECT_TRUE(HoldsRightValue("k5"));
  EXPECT_EQ(Put("k6", std::string(2 * kValueBytes, 'x'), PutMode::kAppend), PutStatus::kNoMemory);
  EXPECT_TRUE(HoldsRightValue("k6"));
  EXPECT_EQ(Put("large", std::string(100'000, 'x')), PutStatus::kNoMemory);
  EXPECT_FALSE(Has("large"));
  // What fits into its old place needs no room.
  EXPECT_EQ(Put("k7", "short"), PutStatus::kStored);
  EXPECT_EQ(Get("k7"), "short");
}

TEST_F(NoEvictionTest, DeletedItemsMakeRoom) {
  OpenOne();
  const int stored = FillUp('k');
  int deleted = 0;
  for (int i = 0; i < stored; i += 4, ++deleted) {
    ASSERT_EQ(Delete(KeyText('k', i)), Found::kHit);
  }
  const int again = FillUp('n');
  EXPECT_GE(again, deleted * 95 / 100);
  EXPECT_LE(again, deleted * 105 / 100);
  for (int i = 0; i < stored; ++i) {
    ASSERT_EQ(Has(KeyText('k', i)), i % 4 != 0) << i;
  }
  for (int i = 0; i < again; ++i) {
    ASSERT_TRUE(HoldsRightValue(KeyText('n', i))) << i;
  }
  EXPECT_EQ(Stats().evictions, 0u);
}

TEST_F(NoEvictionTest, ExpiredItemsMakeRoomWithoutMaintenance) {
  OpenOne();
  const int stored = FillUp('k', 4, In(10));
  clock_.Advance(10);
  const int again = FillUp('n');
  EXPECT_GE(again, stored / 4 * 95 / 100);
  EXPECT_LE(again, stored / 4 * 108 / 100);
  for (int i = 0; i < stored; ++i) {
    ASSERT_EQ(Has(KeyText('k', i)), i % 4 != 0) << i;
  }
  EXPECT_EQ(Stats().evictions, 0u);
}

TEST_F(NoEvictionTest, OverwrittenValuesMakeRoom) {
  OpenOne();
  const int stored = FillUp('k');
  for (int i = 0; i < stored; i += 2) {
    ASSERT_EQ(Put(KeyText('k', i), "short"), PutStatus::kStored);
  }
  EXPECT_GE(FillUp('n'), stored * 4 / 10);
  for (int i = 0; i < stored; ++i) {
    ASSERT_EQ(Get(KeyText('k', i)), i % 2 == 0 ? "short" : Value(KeyText('k', i))) << i;
  }
}

TEST_F(NoEvictionTest, FlushedItemsMakeRoom) {
  OpenOne();
  const int stored = FillUp('k');
  store_->Flush();
  EXPECT_GE(FillUp('n'), stored * 98 / 100);
}

// A time of its own is no reason to lose an item, however full the memory is.
TEST_F(NoEvictionTest, ATouchLosesNothing) {
  OpenOne();
  const int stored = FillUp('k');
  int lost = 0;
  for (int i = 0; i < 500; ++i) {
    lost += Touch(KeyText('k', i), In(100)) == Found::kHit ? 0 : 1;
  }
  EXPECT_EQ(lost, 0);
  int held = 0;
  for (int i = 0; i < stored; ++i) {
    held += Has(KeyText('k', i)) ? 1 : 0;
  }
  EXPECT_EQ(held, stored);
  EXPECT_EQ(Stats().evictions, 0u);
}

// Dead items here and there: whoever needs room gets it, and is not refused while it is scraped
// together.
TEST_F(NoEvictionTest, ATenthThatIsDeadMakesRoomToo) {
  OpenOne();
  const int stored = FillUp('k');
  for (int i = 0; i < stored; i += 10) {
    ASSERT_EQ(Delete(KeyText('k', i)), Found::kHit);
  }
  EXPECT_GE(FillUp('n'), stored / 10 * 9 / 10);
}

TEST_F(NoEvictionTest, ARaisedLimitMakesRoom) {
  OpenOne();
  const int stored = FillUp('k');
  ASSERT_TRUE(store_->SetMemoryLimit(16 * kMiB));
  EXPECT_GE(FillUp('n'), stored * 9 / 10);
  EXPECT_TRUE(HoldsRightValue("k0"));
}

// Nothing may be evicted, so nothing is given back either; and nothing is lost.
TEST_F(NoEvictionTest, ALoweredLimitRefusesStoresAndLosesNothing) {
  OpenOne();
  const int stored = FillUp('k');
  ASSERT_TRUE(store_->SetMemoryLimit(4 * kMiB));
  MaintainToTheEnd();
  EXPECT_EQ(Put("more", Value("more")), PutStatus::kNoMemory);
  for (int i = 0; i < stored; ++i) {
    ASSERT_TRUE(HoldsRightValue(KeyText('k', i))) << i;
  }
}

TEST_F(NoEvictionTest, KeepsToTheLimitWhateverTheLives) {
  OpenOne();
  const uint64_t segment_bytes = store_->Stats().segment_bytes;
  std::mt19937_64 random(7);
  const std::string value(1500, 'v');
  for (int i = 0; i < 60'000; ++i) {
    if (i % 100 == 0) clock_.Set(clock_.Now() + 1);
    const std::string key = KeyText('k', static_cast<int>(random() % 100'000));
    const uint32_t exptime = random() % 2 == 0 ? 0 : In(uint32_t{1} << random() % 18);
    (void)Put(key, std::string_view(value).substr(0, random() % value.size()), exptime);
    ASSERT_LE(BytesUsed(), 8 * kMiB + segment_bytes) << "after " << i;
  }
}

// Touches take no memory: an item has room for an exptime from the start.
TEST_F(NoEvictionTest, TouchesKeepToTheLimit) {
  for (const size_t memory_max : {8 * kMiB, 512 * kMiB}) {
    Open({.memory_limit = 8 * kMiB,
          .memory_max = memory_max,
          .eviction = EvictionStrategy::kNone,
          .shards = 1});
    const uint64_t segment_bytes = store_->Stats().segment_bytes;
    std::mt19937_64 random(8);
    const std::string value(1500, 'v');
    for (int i = 0; i < 100'000; ++i) {
      const std::string key = KeyText('k', static_cast<int>(random() % 60'000));
      if (random() % 4 == 0) {
        const bool there = Has(key);
        EXPECT_EQ(Touch(key, In(1'000'000)) == Found::kHit, there) << i;
      } else {
        (void)Put(key, std::string_view(value).substr(0, random() % value.size()));
      }
      ASSERT_LE(BytesUsed(), 8 * kMiB + 3 * segment_bytes) << "after " << i;
    }
    EXPECT_EQ(Stats().evictions, 0u);
  }
}

TEST_F(NoEvictionTest, ExpiredItemsMakeRoomHoweverFullTheirSegmentsAre) {
  OpenOne();
  // What leaves a twelfth of its segment empty at the end.
  const std::string large(2800, 'v');
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(Put(KeyText('s', i), std::string(100, 's'), i % 2 == 0 ? In(10) : 0),
              PutStatus::kStored);
  }
  int stored = 0;
  while (Put(KeyText('l', stored), large) == PutStatus::kStored)
    ++stored;
  clock_.Advance(10);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Put(KeyText('n', i), large), PutStatus::kStored) << i;
  }
  EXPECT_EQ(Stats().evictions, 0u);
}

// Otherwise a full cache would be busy with nothing but the stores that it refuses.
TEST_F(NoEvictionTest, ARefusedStoreMovesNothing) {
  for (const size_t value_bytes : {500, 2800, 4000}) {
    OpenOne();
    const std::string value(value_bytes, 'v');
    int stored = 0;
    while (Put(KeyText('k', stored), value) == PutStatus::kStored)
      ++stored;
    const uint64_t moved = Stats().items_kept;
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(Put(KeyText('n', i), value), PutStatus::kNoMemory);
    }
    EXPECT_EQ(Stats().items_kept, moved) << value_bytes;
  }
}

// Each life had a segment of its own before; what is dead in those must come back too.
TEST_F(NoEvictionTest, WhatWasOpenBeforeTheChangeIsNotStranded) {
  Open({.memory_limit = 4 * kMiB, .eviction = EvictionStrategy::kS3Fifo, .shards = 1});
  for (const uint32_t seconds : {0, 10, 100, 500, 3000, 20'000, 80'000, 200'000}) {
    for (int i = 0; i < 5; ++i) {
      Put(KeyText('a', static_cast<int>(seconds) * 10 + i), "v", seconds == 0 ? 0 : In(seconds));
    }
  }
  store_->SetEviction(EvictionStrategy::kNone);
  for (const uint32_t seconds : {0, 10, 100, 500, 3000, 20'000, 80'000, 200'000}) {
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(Delete(KeyText('a', static_cast<int>(seconds) * 10 + i)), Found::kHit);
    }
  }
  EXPECT_EQ(Stats().pool_bytes[0] + Stats().pool_bytes[1] + Stats().pool_bytes[2], 0u);
}

}  // namespace
}  // namespace rat_memcache::store
