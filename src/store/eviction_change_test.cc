// The strategy of a full store is changed: everything stays where it is.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>
#include <random>
#include <set>
#include <string>

#include "store/store_for_test.h"

namespace rat_memcache::store {
namespace {

class EvictionChangeTest : public StoreForTest {
 protected:
  static std::string KeyText(uint32_t number) { return "key" + std::to_string(number); }
  static std::string Value(uint32_t number) {
    // Some are cut into pieces.
    return std::string(number % 50 == 0 ? 20'000 : 200 + number % 300,
                       static_cast<char>('a' + number % 26));
  }
  // Gets, and sets after a miss, of keys below `keys`, small numbers more often.
  void Use(uint32_t keys, int requests) {
    for (int i = 0; i < requests; ++i) {
      const uint32_t number = std::min(random_() % keys, random_() % keys);
      const std::string key = KeyText(number);
      const auto value = Get(key);
      if (value) {
        ASSERT_TRUE(*value == Value(number)) << key;
      } else {
        ASSERT_EQ(Put(key, Value(number)), PutStatus::kStored);
      }
    }
  }

  std::mt19937 random_{5};
};

TEST_F(EvictionChangeTest, FromEveryStrategyToEveryOther) {
  constexpr uint32_t kKeys = 15'000;
  constexpr int kRequests = kSlowBuild ? 8'000 : 30'000;
  Open({.memory_limit = 4 * kMiB, .eviction = EvictionStrategy::kFifo, .shards = 1});
  Use(kKeys, 3 * kRequests);
  for (const EvictionStrategy before : config::kAllEvictionStrategies) {
    for (const EvictionStrategy after : config::kAllEvictionStrategies) {
      // None refuses what Use() wants to store.
      if (before == EvictionStrategy::kNone || after == EvictionStrategy::kNone) continue;
      if (kSlowBuild && (static_cast<int>(before) + static_cast<int>(after)) % 3 != 0) continue;
      SCOPED_TRACE(std::to_string(static_cast<int>(before)) + " to " +
                   std::to_string(static_cast<int>(after)));
      store_->SetEviction(before);
      ASSERT_NO_FATAL_FAILURE(Use(kKeys, kRequests / 10));
      std::set<uint32_t> held;
      for (uint32_t i = 0; i < kKeys; i += 7) {
        if (Has(KeyText(i))) held.insert(i);
      }
      ASSERT_GT(held.size(), 500u);
      store_->SetEviction(after);
      EXPECT_EQ(store_->Stats().eviction, after);
      for (const uint32_t number : held) {
        const auto value = Get(KeyText(number));
        ASSERT_TRUE(value && *value == Value(number)) << number;
      }
      ASSERT_NO_FATAL_FAILURE(Use(kKeys, kRequests / 10));
      ASSERT_LE(BytesUsed(), 4 * kMiB);
    }
  }
}

TEST_F(EvictionChangeTest, ToNoneAndBack) {
  Open({.memory_limit = 4 * kMiB, .shards = 1});
  Use(15'000, 40'000);
  store_->SetEviction(EvictionStrategy::kNone);
  int refused = 0;
  for (uint32_t i = 0; i < 2000; ++i) {
    refused += Put("new" + std::to_string(i), std::string(500, 'n')) == PutStatus::kNoMemory;
  }
  EXPECT_GT(refused, 1500);
  EXPECT_EQ(store_->Stats().eviction_at_work, EvictionStrategy::kNone);
  store_->SetEviction(EvictionStrategy::kLru);
  EXPECT_EQ(store_->Stats().eviction_at_work, EvictionStrategy::kLru);
  for (uint32_t i = 0; i < 2000; ++i) {
    ASSERT_EQ(Put("new" + std::to_string(i), std::string(500, 'n')), PutStatus::kStored);
  }
  EXPECT_TRUE(Has("new1999"));
}

// What one strategy knew of the items is there for the next.
TEST_F(EvictionChangeTest, TheNextStrategySeesWhatWasUsedBefore) {
  for (const EvictionStrategy after :
       {EvictionStrategy::kLru, EvictionStrategy::kLfu, EvictionStrategy::kLruLfu}) {
    Open({.memory_limit = 4 * kMiB, .eviction = EvictionStrategy::kFifo, .shards = 1});
    const std::string value(200, 'v');
    for (int i = 0; i < 12'000; ++i) {
      Put(KeyText(static_cast<uint32_t>(i)), value);
    }
    // A tenth of what is there was used, again and again.
    for (int round = 0; round < 8; ++round) {
      for (uint32_t i = 11'000; i < 12'000; ++i) {
        Has(KeyText(i));
      }
    }
    store_->SetEviction(after);
    // Half a turnover.
    for (int i = 0; i < 8'000; ++i) {
      ASSERT_EQ(Put("new" + std::to_string(i), value), PutStatus::kStored);
    }
    int held = 0;
    for (uint32_t i = 11'000; i < 12'000; ++i) {
      held += Has(KeyText(i)) ? 1 : 0;
    }
    EXPECT_GT(held, 950) << static_cast<int>(after);
  }
}

// The stamp of an item is the tick of its last hit or store (slot.h): what is written again and
// again was not forgotten by its clients, though nobody reads it.
TEST_F(EvictionChangeTest, LruKeepsWhatIsWrittenAgainAndAgain) {
  Open({.memory_limit = 4 * kMiB, .eviction = EvictionStrategy::kLru, .shards = 1});
  constexpr int kWritten = 500;
  int lost_in_place = 0;
  int lost_growing = 0;
  for (int i = 0; i < 60'000; ++i) {
    Put("scan" + std::to_string(i), std::string(200, 's'));
    // 34 times per turnover.
    const std::string number = std::to_string(i % kWritten);
    const auto rewrite = [&](const std::string& key, const std::string& value) {
      if (Put(key, value, PutMode::kReplace) == PutStatus::kStored) return 0;
      Put(key, value);
      return i < kWritten ? 0 : 1;
    };
    lost_in_place += rewrite("same" + number, "12345678");
    // Never fits into its old place.
    lost_growing += rewrite("grows" + number, std::string(static_cast<size_t>(i / kWritten), 'g'));
  }
  EXPECT_EQ(lost_in_place, 0);
  EXPECT_EQ(lost_growing, 0);
}

}  // namespace
}  // namespace rat_memcache::store
