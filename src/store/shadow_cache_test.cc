// Small sequences that were worked out by hand.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/shadow_cache.h"

#include <cstdint>
#include <initializer_list>
#include <vector>

#include <gtest/gtest.h>

namespace rat_memcache::store {
namespace {

constexpr uint32_t kItem = 10;  // bytes

class ShadowCacheTest : public ::testing::Test {
 protected:
  static ShadowCache Make(ShadowRule rule, uint32_t items, size_t keys_max = 100) {
    ShadowCache cache(rule, keys_max);
    cache.SetCapacity(uint64_t{items} * kItem);
    return cache;
  }
  static void Put(ShadowCache* cache, std::initializer_list<uint32_t> ids) {
    for (const uint32_t id : ids) {
      cache->Put(id, kItem);
    }
  }
  static void Ask(ShadowCache* cache, std::initializer_list<uint32_t> ids) {
    for (const uint32_t id : ids) {
      EXPECT_TRUE(cache->Ask(id)) << id;
    }
  }
  // Of the ids below `end`. Of a copy, since asking changes the order.
  static std::vector<uint32_t> Held(ShadowCache cache, uint32_t end = 100) {
    std::vector<uint32_t> ids;
    for (uint32_t id = 0; id < end; ++id) {
      if (cache.Ask(id)) ids.push_back(id);
    }
    return ids;
  }
  using Ids = std::vector<uint32_t>;
};

TEST_F(ShadowCacheTest, LruKeepsWhatWasAskedForLast) {
  ShadowCache cache = Make(ShadowRule::kLru, 3);
  Put(&cache, {1, 2, 3});
  EXPECT_FALSE(cache.full());
  Ask(&cache, {1});
  Put(&cache, {4});  // 2 goes
  EXPECT_TRUE(cache.full());
  EXPECT_EQ(Held(cache), (Ids{1, 3, 4}));
  Ask(&cache, {3});
  Put(&cache, {5});  // 1 goes
  EXPECT_EQ(Held(cache), (Ids{3, 4, 5}));
  EXPECT_FALSE(cache.Ask(1));
  Put(&cache, {6});  // 4 goes: an answer of "no" moves nothing
  EXPECT_EQ(Held(cache), (Ids{3, 5, 6}));
  EXPECT_EQ(cache.item_bytes(), 3 * kItem);
}

TEST_F(ShadowCacheTest, LfuKeepsWhatWasAskedForMost) {
  ShadowCache cache = Make(ShadowRule::kLfu, 4);
  Put(&cache, {1, 2, 3});
  Ask(&cache, {1, 1, 1, 1, 2, 2});
  // Counts age whenever as many bytes were put as there is room for.
  Put(&cache, {4});  // has room, and the counts age: 1 has 3, 2 has 1
  EXPECT_EQ(Held(cache), (Ids{1, 2, 3, 4}));
  Put(&cache, {5});  // 3 goes, older than 4
  EXPECT_EQ(Held(cache), (Ids{1, 2, 4, 5}));
  Ask(&cache, {5});
  Put(&cache, {6});  // 4 goes, the last with a count of 0
  EXPECT_EQ(Held(cache), (Ids{1, 2, 5, 6}));
  Put(&cache, {7});  // 6 goes
  EXPECT_EQ(Held(cache), (Ids{1, 2, 5, 7}));
  Put(&cache, {8});  // 7 goes; then counts age: 1 has 2, 2 and 5 have 0, younger than 8's
  EXPECT_EQ(Held(cache), (Ids{1, 2, 5, 8}));
  Put(&cache, {9});  // 8 goes: it joined the count of 0 first
  EXPECT_EQ(Held(cache), (Ids{1, 2, 5, 9}));
}

TEST_F(ShadowCacheTest, LfuForgetsOldFavourites) {
  ShadowCache cache = Make(ShadowRule::kLfu, 10);
  Put(&cache, {1});
  for (int i = 0; i < 50; ++i) {
    Ask(&cache, {1});
  }
  // 15, 11, 8, 6, 4, 3, 2, 1, 0: after eight turnovers of memory nothing is left of the count.
  uint32_t id = 100;
  for (int turnover = 0; turnover < 8; ++turnover) {
    for (int i = 0; i < 10; ++i) {
      cache.Put(id++, kItem);
    }
    EXPECT_EQ(Held(cache, 2), (Ids{1})) << turnover;
  }
  for (int i = 0; i < 20; ++i) {
    cache.Put(id++, kItem);
  }
  EXPECT_EQ(Held(cache, 2), (Ids{}));
}

// Ten items; a tenth of it is the small queue, so it gives up its oldest as long as it holds more
// than one.
TEST_F(ShadowCacheTest, S3FifoPromotesWhatWasAskedForWhileItWasNew) {
  ShadowCache cache = Make(ShadowRule::kS3Fifo, 10);
  Put(&cache, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  Ask(&cache, {1});
  Put(&cache, {11});  // 1 to main; 2 goes, to the ghost
  EXPECT_EQ(Held(cache), (Ids{1, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  // One after the other goes from small, 1 stays.
  Put(&cache, {12, 13, 14, 15, 16, 17, 18, 19});
  EXPECT_EQ(Held(cache), (Ids{1, 11, 12, 13, 14, 15, 16, 17, 18, 19}));
}

TEST_F(ShadowCacheTest, S3FifoRemembersThreeOfTenThatWent) {
  ShadowCache cache = Make(ShadowRule::kS3Fifo, 10);
  Put(&cache, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  // 1, 2 and 3 go; nine stay at the moment when one goes, so the ghost has two places: 2 and 3.
  Put(&cache, {11, 12, 13});
  EXPECT_FALSE(cache.Ask(3)) << "what the ghost remembers is not there";
  Put(&cache, {3});  // to main at once; 4 goes
  Put(&cache, {1});  // was forgotten: to small; 5 goes
  EXPECT_EQ(Held(cache), (Ids{1, 3, 6, 7, 8, 9, 10, 11, 12, 13}));
  // 6 to 13 and then 1 leave small; 3 stays.
  Put(&cache, {21, 22, 23, 24, 25, 26, 27, 28});
  EXPECT_EQ(Held(cache), (Ids{1, 3, 21, 22, 23, 24, 25, 26, 27, 28}));
  Put(&cache, {29});
  EXPECT_EQ(Held(cache), (Ids{3, 21, 22, 23, 24, 25, 26, 27, 28, 29}));
}

TEST_F(ShadowCacheTest, S3FifosMainQueueGivesEveryHitAnotherRound) {
  ShadowCache cache = Make(ShadowRule::kS3Fifo, 4);
  Put(&cache, {1, 2, 3, 4});
  Ask(&cache, {1, 2, 3, 4});
  // All are used. Small: 1 2 3 4, of which 1, 2, 3 and 4 go to main in turn and lose their counts;
  // then small is empty, and main gives up its oldest, 1, which nobody asked for since.
  Put(&cache, {5});
  EXPECT_EQ(Held(cache), (Ids{2, 3, 4, 5}));
  Ask(&cache, {2, 2});
  // Small: 5, which is a quarter and too much. It goes each time, as long as nobody asks for it.
  Put(&cache, {6});
  EXPECT_EQ(Held(cache), (Ids{2, 3, 4, 6}));
  // Used in small: main has to give. 2 has two hits and goes round; 3 goes.
  Ask(&cache, {6});
  Put(&cache, {7});
  EXPECT_EQ(Held(cache), (Ids{2, 4, 6, 7}));
}

TEST_F(ShadowCacheTest, S3FifoAsksMoreHitsOfALargeItem) {
  ShadowCache cache(ShadowRule::kS3Fifo, 100);
  cache.SetCapacity(2000);
  cache.Put(1, 400);
  for (uint32_t id = 2; id <= 17; ++id) {
    cache.Put(id, 100);
  }
  // 17 items of 118 bytes on average: the large one pays three hits or four, the others at most
  // one.
  Ask(&cache, {1, 1, 2});
  cache.Put(18, 100);
  EXPECT_FALSE(cache.Ask(1)) << "two hits were not enough";
  EXPECT_TRUE(cache.Ask(2));
}

TEST_F(ShadowCacheTest, WhatIsPutAgainMayHaveAnotherSize) {
  for (const ShadowRule rule : {ShadowRule::kLru, ShadowRule::kLfu, ShadowRule::kS3Fifo}) {
    ShadowCache cache = Make(rule, 3);
    Put(&cache, {1, 2, 3});
    Ask(&cache, {3});
    cache.Put(3, 5);
    EXPECT_EQ(cache.item_bytes(), 25u);
    EXPECT_EQ(cache.items(), 3u);
    cache.Put(3, 2 * kItem);
    EXPECT_EQ(Held(cache), (Ids{2, 3})) << "1 had to go for what 3 has become";
    EXPECT_EQ(cache.item_bytes(), 30u);
    cache.Put(2, 31);
    EXPECT_EQ(Held(cache), (Ids{3})) << "larger than all of it: not kept";
    cache.Put(9, 31);
    EXPECT_EQ(Held(cache), (Ids{3}));
    EXPECT_EQ(cache.item_bytes(), 20u);
  }
}

TEST_F(ShadowCacheTest, WhatIsRemovedIsGoneAndItsRoomIsFree) {
  for (const ShadowRule rule : {ShadowRule::kLru, ShadowRule::kLfu, ShadowRule::kS3Fifo}) {
    ShadowCache cache = Make(rule, 3);
    Put(&cache, {1, 2, 3});
    cache.Remove(2);
    cache.Remove(2);
    cache.Remove(77);
    EXPECT_EQ(Held(cache), (Ids{1, 3}));
    Put(&cache, {4});
    EXPECT_EQ(Held(cache), (Ids{1, 3, 4}));
    EXPECT_EQ(cache.items(), 3u);
    EXPECT_EQ(cache.item_bytes(), 3 * kItem);
    EXPECT_FALSE(cache.full());
    cache.Clear();
    EXPECT_EQ(Held(cache), (Ids{}));
    EXPECT_EQ(cache.item_bytes(), 0u);
    EXPECT_EQ(cache.capacity(), 3 * kItem);
    Put(&cache, {1, 2, 3});
    EXPECT_EQ(Held(cache), (Ids{1, 2, 3}));
  }
}

TEST_F(ShadowCacheTest, ADeletedKeyIsForgottenByTheGhostToo) {
  ShadowCache cache = Make(ShadowRule::kS3Fifo, 10);
  Put(&cache, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});  // 1 went
  cache.Remove(1);
  Put(&cache, {1});  // to small: 2 goes
  Put(&cache, {21, 22, 23, 24, 25, 26, 27, 28, 29, 30});
  EXPECT_EQ(Held(cache), (Ids{21, 22, 23, 24, 25, 26, 27, 28, 29, 30}));
}

TEST_F(ShadowCacheTest, ASmallerCapacityEvictsByTheRule) {
  ShadowCache lru = Make(ShadowRule::kLru, 5);
  Put(&lru, {1, 2, 3, 4, 5});
  Ask(&lru, {1});
  lru.SetCapacity(2 * kItem + 9);
  EXPECT_EQ(Held(lru), (Ids{1, 5}));
  lru.SetCapacity(3 * kItem);
  Put(&lru, {6});
  EXPECT_EQ(Held(lru), (Ids{1, 5, 6}));
  lru.SetCapacity(0);
  EXPECT_EQ(Held(lru), (Ids{}));
  Put(&lru, {7});
  EXPECT_EQ(Held(lru), (Ids{}));

  ShadowCache s3_fifo = Make(ShadowRule::kS3Fifo, 5);
  Put(&s3_fifo, {1, 2, 3, 4, 5});
  Ask(&s3_fifo, {1, 3});
  s3_fifo.SetCapacity(2 * kItem);
  EXPECT_EQ(Held(s3_fifo), (Ids{1, 3}));
  s3_fifo.SetCapacity(0);
  EXPECT_EQ(s3_fifo.items(), 0u);
}

TEST_F(ShadowCacheTest, KeepBelowRemovesTheIdsFromThereOn) {
  for (const ShadowRule rule : {ShadowRule::kLru, ShadowRule::kLfu, ShadowRule::kS3Fifo}) {
    ShadowCache cache = Make(rule, 10);
    Put(&cache, {10, 20, 30, 40, 50, 60, 70, 80, 90, 95});
    Ask(&cache, {10, 90, 90, 50});
    Put(&cache, {15});  // something goes, to the ghost where there is one
    cache.KeepBelow(50);
    const Ids held = Held(cache);
    EXPECT_GE(held.size(), 4u);
    for (const uint32_t id : held) {
      EXPECT_LT(id, 50u);
    }
    EXPECT_EQ(cache.item_bytes(), held.size() * kItem);
    // The places of those that went can be used.
    for (uint32_t id = 0; id < 10; ++id) {
      cache.Put(id, kItem);
    }
    EXPECT_EQ(cache.items(), 10u);
    cache.KeepBelow(0);
    EXPECT_EQ(cache.items(), 0u);
    EXPECT_EQ(cache.item_bytes(), 0u);
  }
}

// Room in bytes for many more keys than there are nodes.
TEST_F(ShadowCacheTest, MoreKeysThanNodesAreEvictedByTheRule) {
  ShadowCache lru = Make(ShadowRule::kLru, 1000, 5);
  Put(&lru, {1, 2, 3, 4, 5});
  Ask(&lru, {1});
  Put(&lru, {6, 7});
  EXPECT_EQ(Held(lru), (Ids{1, 4, 5, 6, 7}));

  // With a ghost, its nodes are taken first. Nobody was asked for, so all are in small.
  ShadowCache s3_fifo = Make(ShadowRule::kS3Fifo, 10, 11);
  Put(&s3_fifo, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  Put(&s3_fifo, {11});  // 1 is a ghost in the eleventh node
  EXPECT_EQ(s3_fifo.items(), 10u);
  Put(&s3_fifo, {12});  // 2 is a ghost, for which 1 was forgotten
  EXPECT_EQ(s3_fifo.items(), 10u);
  EXPECT_EQ(Held(s3_fifo), (Ids{3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));

  for (const ShadowRule rule : {ShadowRule::kLru, ShadowRule::kLfu, ShadowRule::kS3Fifo}) {
    ShadowCache cache = Make(rule, 1000, 7);
    for (uint32_t id = 0; id < 10'000; ++id) {
      cache.Put(id * 2654435761u, kItem);
      cache.Ask((id / 2) * 2654435761u);
      ASSERT_LE(cache.items(), 7u);
      ASSERT_TRUE(cache.Ask(id * 2654435761u)) << "the newest is there";
    }
  }
}

TEST_F(ShadowCacheTest, TakesEighteenBytesPerKey) {
  const ShadowCache cache(ShadowRule::kLru, 4096);
  EXPECT_LE(cache.memory(), 4096u * 22);
  EXPECT_GE(cache.memory(), 4096u * 18);
}

}  // namespace
}  // namespace rat_memcache::store
