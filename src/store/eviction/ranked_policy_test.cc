// The orders, through the interface that a shard uses, with a population instead of a shard.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/eviction/ranked_policy.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "store/eviction/aged_count.h"
#include "store/eviction/lfu.h"
#include "store/eviction/lru.h"
#include "store/eviction/lru_lfu.h"
#include "store/eviction/ttl_based.h"

namespace rat_memcache::store {
namespace {

// In these ticks counts do not age; in those from 16 to 31 they do.
constexpr uint8_t kTick = 0;
constexpr uint8_t kAgeingTick = 16;
constexpr uint32_t kNow = 1000;

ItemTraits Item(uint8_t freq, int age, uint32_t exptime = 0, uint8_t tick = kTick) {
  return {.meta = {.freq = freq, .stamp = static_cast<uint8_t>(tick - age)}, .exptime = exptime};
}

// The items of a shard; a draw takes one after the other, so that the sample is exact.
class Population {
 public:
  explicit Population(std::vector<ItemTraits> items) : items_(std::move(items)) {}

  void Begin(EvictionPolicy* policy, uint8_t tick = kTick) {
    policy->BeginSegment({.items = items_.size(),
                          .tick = tick,
                          .now = kNow,
                          .sample = [this]() -> std::optional<ItemTraits> {
                            if (items_.empty()) return std::nullopt;
                            return items_[next_++ % items_.size()];
                          }});
  }

 private:
  std::vector<ItemTraits> items_;
  size_t next_ = 0;
};

bool Drops(EvictionPolicy* policy, ItemTraits item, int pressure = 0) {
  const Verdict verdict = policy->Judge(0, &item, pressure);
  EXPECT_TRUE(verdict == Verdict::kDrop || verdict == Verdict::kKeep);
  return verdict == Verdict::kDrop;
}

int DropsOf(EvictionPolicy* policy, ItemTraits item, int times) {
  int dropped = 0;
  for (int i = 0; i < times; ++i) {
    dropped += Drops(policy, item) ? 1 : 0;
  }
  return dropped;
}

// Ages 0 to 255, each as often as the others.
std::vector<ItemTraits> AllAges() {
  std::vector<ItemTraits> items;
  for (int age = 0; age < 256; ++age) {
    items.push_back(Item(0, age));
  }
  return items;
}

// At the beginning a fifth is to go: with ages spread evenly, those above 204.
TEST(RankedPolicy, DropsTheLowestFifthAtFirst) {
  LruPolicy policy;
  Population population(AllAges());
  population.Begin(&policy);
  EXPECT_TRUE(Drops(&policy, Item(0, 255)));
  EXPECT_TRUE(Drops(&policy, Item(15, 205)));
  EXPECT_FALSE(Drops(&policy, Item(0, 203)));
  EXPECT_FALSE(Drops(&policy, Item(0, 0)));
}

TEST(RankedPolicy, OfEqualItemsItDropsAShare) {
  LruPolicy policy;
  Population population({Item(0, 7)});
  population.Begin(&policy);
  EXPECT_NEAR(DropsOf(&policy, Item(0, 7), 1000), 200, 1);
}

// The share that goes follows what stays: about half of a segment.
TEST(RankedPolicy, SteersTheShareByWhatStays) {
  LruPolicy policy;
  Population population({Item(0, 7)});
  for (int i = 0; i < 100; ++i) {
    policy.EndSegment(1000, 1000);
  }
  population.Begin(&policy);
  EXPECT_NEAR(DropsOf(&policy, Item(0, 7), 1000), 900, 1);
  for (int i = 0; i < 100; ++i) {
    policy.EndSegment(1000, 0);
  }
  population.Begin(&policy);
  EXPECT_NEAR(DropsOf(&policy, Item(0, 7), 1000), 10, 1);
  // A segment in which nothing was alive says nothing.
  for (int i = 0; i < 100; ++i) {
    policy.EndSegment(0, 0);
  }
  population.Begin(&policy);
  EXPECT_NEAR(DropsOf(&policy, Item(0, 7), 1000), 10, 1);
}

TEST(RankedPolicy, UnderPressureTheLowerHalfGoes) {
  LruPolicy policy;
  Population population(AllAges());
  population.Begin(&policy);
  EXPECT_FALSE(Drops(&policy, Item(0, 150), EvictionPolicy::kPressureMax / 2 - 1));
  EXPECT_TRUE(Drops(&policy, Item(0, 150), EvictionPolicy::kPressureMax / 2));
  EXPECT_FALSE(Drops(&policy, Item(0, 100), EvictionPolicy::kPressureMax / 2));
}

TEST(RankedPolicy, WithoutASampleItKeepsWhatWasUsedOfLate) {
  LruPolicy policy;
  Population population({});
  population.Begin(&policy);
  EXPECT_FALSE(Drops(&policy, Item(0, 0)));
  EXPECT_FALSE(Drops(&policy, Item(0, 100)));
}

// Stamps have eight bits: what stays though it is old must not look young when they wrap.
TEST(RankedPolicy, WhatStaysForLongDoesNotLookYoungAgain) {
  LfuPolicy policy;
  Population population(AllAges());
  ItemTraits favourite = Item(15, 0);
  for (int tick = 32; tick < 3200; tick += 32) {  // counts do not age in these
    const auto now = static_cast<uint8_t>(tick);
    population.Begin(&policy, now);
    ASSERT_EQ(policy.Judge(0, &favourite, 0), Verdict::kKeep);
    const int age = static_cast<uint8_t>(now - favourite.meta.stamp);
    EXPECT_GE(age, std::min(tick, 192)) << tick;
  }
}

TEST(Lru, TheOneThatWasNotUsedForLongestGoesWhateverItsCount) {
  LruPolicy policy;
  EXPECT_FALSE(policy.judges_by_exptime());
  // A fifth is old but has been used often.
  Population population({Item(15, 40), Item(0, 2), Item(0, 2), Item(0, 2), Item(0, 2)});
  population.Begin(&policy);
  EXPECT_TRUE(Drops(&policy, Item(15, 50)));
  EXPECT_FALSE(Drops(&policy, Item(0, 2)));
  EXPECT_FALSE(Drops(&policy, Item(0, 2, kNow - 1)));
  ItemTraits kept = Item(9, 1, 0, kAgeingTick);
  population.Begin(&policy, kAgeingTick);
  EXPECT_EQ(policy.Judge(0, &kept, 0), Verdict::kKeep);
  EXPECT_EQ(kept.meta.freq, 9) << "counts mean nothing to it, so they stay for another policy";
}

TEST(Lfu, TheOneThatWasUsedLeastGoesAndAmongEqualsTheOldest) {
  LfuPolicy policy;
  std::vector<ItemTraits> items;
  for (int i = 0; i < 256; ++i) {
    items.push_back(Item(static_cast<uint8_t>(i / 16), i % 16));
  }
  Population population(std::move(items));
  population.Begin(&policy);
  // The lowest fifth of 256: counts 0 to 2, and the oldest few of count 3.
  EXPECT_TRUE(Drops(&policy, Item(0, 0)));
  EXPECT_TRUE(Drops(&policy, Item(2, 0)));
  EXPECT_TRUE(Drops(&policy, Item(3, 15)));
  EXPECT_FALSE(Drops(&policy, Item(3, 0)));
  EXPECT_FALSE(Drops(&policy, Item(4, 255)));
}

TEST(AgedCount, IsAQuarterLess) {
  const std::vector<std::pair<int, int>> cases = {{0, 0}, {1, 0}, {2, 1}, {3, 2},  {4, 3},
                                                  {5, 3}, {8, 6}, {9, 6}, {12, 9}, {15, 11}};
  for (const auto& [before, after] : cases) {
    EXPECT_EQ(AgedCount(static_cast<uint8_t>(before)), after) << before;
  }
}

TEST(RankedPolicy, CountsAgeInEveryOtherHalfOfATurnover) {
  LfuPolicy lfu;
  LruLfuPolicy both;
  for (EvictionPolicy* const policy :
       {static_cast<EvictionPolicy*>(&lfu), static_cast<EvictionPolicy*>(&both)}) {
    Population population({Item(0, 200)});
    for (int tick = 0; tick < 256; ++tick) {
      const auto now = static_cast<uint8_t>(tick);
      population.Begin(policy, now);
      ItemTraits item = Item(12, 0, 0, now);
      ASSERT_EQ(policy->Judge(0, &item, 0), Verdict::kKeep);
      EXPECT_EQ(item.meta.freq, (tick & 16) != 0 ? 9 : 12) << tick;
      EXPECT_EQ(item.meta.stamp, now);
    }
  }
}

// Doubling a count is worth a quarter of a turnover: eight ticks.
TEST(LruLfu, ADoubledCountIsWorthEightTicks) {
  for (const auto& [freq, worth] : {std::pair{1, 8}, {3, 16}, {7, 24}, {15, 32}}) {
    LruLfuPolicy policy;
    Population population({Item(0, 100)});
    population.Begin(&policy);
    const auto count = static_cast<uint8_t>(freq);
    EXPECT_FALSE(Drops(&policy, Item(count, 100 + worth - 1))) << freq;
    EXPECT_TRUE(Drops(&policy, Item(count, 100 + worth + 1))) << freq;
    EXPECT_NEAR(DropsOf(&policy, Item(count, 100 + worth), 1000), 200, 1) << freq;
  }
}

TEST(TtlBased, WhatExpiresSoonestGoes) {
  TtlBasedPolicy policy;
  EXPECT_TRUE(policy.judges_by_exptime());
  std::vector<ItemTraits> items;
  for (uint32_t i = 1; i <= 256; ++i) {
    items.push_back(Item(0, 0, kNow + i));
  }
  Population population(std::move(items));
  population.Begin(&policy);
  EXPECT_TRUE(Drops(&policy, Item(15, 0, kNow - 5))) << "its time is over";
  EXPECT_TRUE(Drops(&policy, Item(15, 0, kNow)));
  EXPECT_TRUE(Drops(&policy, Item(15, 0, kNow + 1)));
  EXPECT_TRUE(Drops(&policy, Item(15, 0, kNow + 50)));
  EXPECT_FALSE(Drops(&policy, Item(0, 0, kNow + 60)));
  EXPECT_FALSE(Drops(&policy, Item(0, 255, 0))) << "never expires";
}

TEST(TtlBased, AmongThoseThatNeverExpireTheOldestGoes) {
  TtlBasedPolicy policy;
  Population population(AllAges());
  population.Begin(&policy);
  EXPECT_TRUE(Drops(&policy, Item(15, 230)));
  EXPECT_FALSE(Drops(&policy, Item(0, 180)));
  EXPECT_TRUE(Drops(&policy, Item(0, 0, kNow + (uint32_t{1} << 31)))) << "the longest life";
}

}  // namespace
}  // namespace rat_memcache::store
