// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/index.h"

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/mutex.h"

namespace rat_memcache::store {
namespace {

// An index whose "items" are numbers: the location is the number, the hash is a hash of it.
class IndexTest : public ::testing::Test {
 protected:
  IndexTest() : index_(std::move(Index::Make(4'000'000)).value()) {}

  static uint64_t HashOf(uint32_t number) {
    return HashBytes({reinterpret_cast<const char*>(&number), sizeof number}, 7);
  }
  static uint32_t TagOf(uint32_t number) {
    return static_cast<uint32_t>(HashOf(number) & Slot::kTagMask);
  }
  void Insert(uint32_t number) {
    ASSERT_TRUE(index_->PrepareInsert(HashOf(number), HashOf, [](uint32_t) {}));
    Index::LockedHome home(index_.get(), HashOf(number));
    home.MarkChanged();
    index_->Insert(home, Slot(number, TagOf(number), {}));
  }
  bool Erase(uint32_t number) {
    {
      Index::LockedHome home(index_.get(), HashOf(number));
      const auto position = index_->Find(*home, [&](uint32_t at) { return at == number; });
      if (!position) return false;
      home.MarkChanged();
      index_->Erase(home, position);
    }
    index_->ShrinkIfSparse(HashOf(number));
    return true;
  }
  bool Contains(uint32_t number) const {
    Index::LockedHome home(index_.get(), HashOf(number));
    return bool(index_->Find(*home, [&](uint32_t at) { return at == number; }));
  }

  std::unique_ptr<Index> index_;
};

TEST_F(IndexTest, FindsWhatWasInsertedAndNothingElse) {
  constexpr uint32_t kItems = 200'000;
  for (uint32_t i = 1; i <= kItems; ++i) {
    Insert(i);
  }
  EXPECT_EQ(index_->items(), kItems);
  for (uint32_t i = 1; i <= kItems; ++i) {
    ASSERT_TRUE(Contains(i)) << i;
    ASSERT_FALSE(Contains(i + kItems)) << i;
  }
}

TEST_F(IndexTest, StaysDenseWhileItGrows) {
  // Beyond the first few pages an item costs 9.9 to 12.4 bytes by design; the worst moment counts.
  double worst = 0;
  for (uint32_t i = 1; i <= 1'000'000; ++i) {
    Insert(i);
    if (i > 20'000 && i % 1000 == 0) {
      worst = std::max(worst, static_cast<double>(index_->bytes()) / i);
    }
  }
  EXPECT_LT(worst, 13.0);
}

TEST_F(IndexTest, GivesMemoryBackWhenItemsGo) {
  constexpr uint32_t kItems = 300'000;
  for (uint32_t i = 1; i <= kItems; ++i) {
    Insert(i);
  }
  const size_t full = index_->bytes();
  for (uint32_t i = 1; i <= kItems; ++i) {
    if (i % 100 == 0) continue;
    ASSERT_TRUE(Erase(i));
  }
  EXPECT_EQ(index_->items(), kItems / 100);
  EXPECT_LT(index_->bytes(), full / 20);
  for (uint32_t i = 1; i <= kItems; ++i) {
    ASSERT_EQ(Contains(i), i % 100 == 0) << i;
  }
  for (uint32_t i = 1; i <= kItems; ++i) {
    if (i % 100 != 0) Insert(i);
  }
  for (uint32_t i = 1; i <= kItems; ++i) {
    ASSERT_TRUE(Contains(i)) << i;
  }
}

TEST_F(IndexTest, AgreesWithAModelUnderRandomChanges) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::unordered_map<uint32_t, bool> model;
  uint32_t range = 1000;
  for (int step = 0; step < 1'000'000; ++step) {
    if (step % 100'000 == 0) range = 1000 + random() % 100'000;
    const uint32_t number = 1 + random() % range;
    const bool present = model.contains(number);
    ASSERT_EQ(Contains(number), present) << "step " << step;
    if (present && random() % 3 == 0) {
      ASSERT_TRUE(Erase(number));
      model.erase(number);
    } else if (!present) {
      Insert(number);
      model[number] = true;
    }
  }
  EXPECT_EQ(index_->items(), model.size());
}

TEST_F(IndexTest, SearchesStayShortWhileItemsComeAndGo) {
  // A full cache: for every item that comes one goes. Without care, distances would grow for ever.
  constexpr uint32_t kItems = 46'000;
  std::mt19937 random(1);
  std::vector<uint32_t> numbers;
  uint32_t next = 1;
  for (; next <= kItems; ++next) {
    Insert(next);
    numbers.push_back(next);
  }
  for (uint32_t i = 0; i < 10 * kItems; ++i) {
    uint32_t& number = numbers[random() % kItems];
    ASSERT_TRUE(Erase(number));
    number = next++;
    Insert(number);
  }
  double distance = 0;
  double reach = 0;
  for (const uint32_t number : numbers) {
    const Index::Home home = index_->Compute(HashOf(number));
    const auto position = index_->Find(home, [&](uint32_t at) { return at == number; });
    ASSERT_TRUE(bool(position));
    distance += position.distance;
    reach += home.bucket->reach;
  }
  // Buckets behind the home one: for a hit, and for a miss.
  EXPECT_LT(distance / kItems, 0.6);
  EXPECT_LT(reach / kItems, 2.0);
}

TEST_F(IndexTest, TooManyItemsOfOneHomeAreStillFound) {
  // Far more than the counters of a bucket can count; all of these share a tag.
  std::vector<uint32_t> numbers;
  const auto hash_at = [](uint32_t number) { return uint64_t{number} << Slot::kTagBits; };
  for (uint32_t number = 1; numbers.size() < 400; ++number) {
    if (!index_->PrepareInsert(hash_at(number), hash_at, [](uint32_t) {})) continue;
    Index::LockedHome home(index_.get(), hash_at(number));
    home.MarkChanged();
    index_->Insert(home, Slot(number, 0, {}));
    numbers.push_back(number);
  }
  for (const uint32_t number : numbers) {
    Index::LockedHome home(index_.get(), hash_at(number));
    const auto position = index_->Find(*home, [&](uint32_t at) { return at == number; });
    ASSERT_TRUE(bool(position)) << number;
    home.MarkChanged();
    index_->Erase(home, position);
  }
  EXPECT_EQ(index_->items(), 0u);
}

TEST_F(IndexTest, ASearchEndsThoughTheReachShrinksUnderIt) {
  const auto hash_at = [](uint32_t number) { return uint64_t{number} << Slot::kTagBits; };
  for (uint32_t number = 1; number <= 40; ++number) {
    ASSERT_TRUE(index_->PrepareInsert(hash_at(number), hash_at, [](uint32_t) {}));
    Index::LockedHome home(index_.get(), hash_at(number));
    index_->Insert(home, Slot(number, 0, {}));
  }
  const Index::Home home = index_->Compute(hash_at(1));
  ASSERT_GE(home.bucket->reach, 4);
  int looked_at = 0;
  const auto found = index_->Find(home, [&](uint32_t) {
    // Deep in the search, a writer takes all displaced items away.
    if (++looked_at == 20) home.bucket->reach = 0;
    return looked_at == 1000;  // gives up: it would go on for ever
  });
  EXPECT_FALSE(bool(found));
  EXPECT_LT(looked_at, 40);
}

TEST_F(IndexTest, KeepsMetaBitsThroughGrowth) {
  for (uint32_t i = 1; i <= 50'000; ++i) {
    Insert(i);
    if (i == 500) {
      Index::LockedHome home(index_.get(), HashOf(77));
      const auto position = index_->Find(*home, [](uint32_t at) { return at == 77; });
      ASSERT_TRUE(position);
      position.word().store(position.slot.Touched(42).word());
    }
  }
  Index::LockedHome home(index_.get(), HashOf(77));
  const auto position = index_->Find(*home, [](uint32_t at) { return at == 77; });
  ASSERT_TRUE(position);
  EXPECT_EQ(position.slot.stamp(), 42);
  EXPECT_EQ(position.slot.freq(), 1);
  EXPECT_TRUE(position.slot.fetched());
}

TEST_F(IndexTest, ReadersSeeEveryItemWhileTablesAreReorganised) {
  // Numbers up to kStable are always there; a writer makes the index grow and shrink around them.
  constexpr uint32_t kStable = 3000;
  Mutex shard_lock;
  for (uint32_t i = 1; i <= kStable; ++i) {
    Insert(i);
  }
  std::atomic<bool> done{false};
  std::atomic<uint64_t> lost{0};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&, reader] {
      std::mt19937 random(reader);
      while (!done.load(std::memory_order_relaxed)) {
        if (!Contains(1 + random() % kStable)) ++lost;
      }
    });
  }
  for (int round = 0; round < 3; ++round) {
    for (uint32_t i = 1; i <= 30'000; ++i) {
      MutexLock lock(&shard_lock);
      Insert(kStable + i);
    }
    for (uint32_t i = 1; i <= 30'000; ++i) {
      MutexLock lock(&shard_lock);
      Erase(kStable + i);
    }
  }
  done = true;
  for (std::thread& reader : readers) {
    reader.join();
  }
  EXPECT_EQ(lost, 0u);
}

}  // namespace
}  // namespace rat_memcache::store
