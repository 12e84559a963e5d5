// Items and those of them that can expire, counted over everything that may happen to an item, and
// compared with a model. The memory is large enough that nothing is evicted.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <map>
#include <random>
#include <string>

#include "store/store_for_test.h"

namespace rat_memcache::store {
namespace {

class TimedItemsTest : public StoreForTest {
 protected:
  struct Item {
    size_t bytes;
    uint32_t exptime;
  };

  uint64_t TimedInModel() const {
    uint64_t timed = 0;
    for (const auto& [key, item] : model_) {
      timed += item.exptime != 0 ? 1 : 0;
    }
    return timed;
  }
  void Pass(uint32_t seconds) {
    clock_.Advance(seconds);
    // Twice: segments that are opened on the way take the turn of others.
    store_->Maintain();
    store_->Maintain();
    expired_ += std::erase_if(model_, [&](const auto& entry) {
      return entry.second.exptime != 0 && entry.second.exptime <= clock_.Now();
    });
  }
  void ExpectAgreement() {
    const ShardStats stats = Stats();
    ASSERT_EQ(stats.evictions, 0u) << "the memory is too small for this test";
    ASSERT_EQ(stats.items, model_.size());
    ASSERT_EQ(stats.timed_items, TimedInModel());
    ASSERT_EQ(stats.expired, expired_);
    ASSERT_EQ(stats.deleted, deleted_);
  }
  void Step() {
    const std::string key = "key" + std::to_string(random_() % 400);
    // In place, with a new record, and cut into pieces.
    const size_t bytes = random_() % 10 == 0 ? 30'000 + random_() % 30'000 : random_() % 300;
    const std::string value(bytes, '1');
    const uint32_t exptime = random_() % 2 == 0 ? 0 : In(1 + random_() % 60);
    const auto found = model_.find(key);
    const bool present = found != model_.end();
    switch (random_() % 10) {
      case 0:
      case 1:
      case 2:
        ASSERT_EQ(Put(key, value, exptime), PutStatus::kStored);
        model_[key] = {bytes, exptime};
        break;
      case 3: {
        const PutStatus status = Put(key, value, PutMode::kAppend);
        ASSERT_EQ(status, present ? PutStatus::kStored : PutStatus::kNotStored);
        break;
      }
      case 4: {
        const PutStatus status = Put(key, value, PutMode::kPrepend);
        ASSERT_EQ(status, present ? PutStatus::kStored : PutStatus::kNotStored);
        break;
      }
      case 5:
      case 6:
        ASSERT_EQ(Touch(key, exptime), present ? Found::kHit : Found::kMiss);
        if (present) found->second.exptime = exptime;
        break;
      case 7:
        ASSERT_EQ(store_->ReadAndTouch(KeyOf(key), exptime, [](const ItemView&) {}),
                  present ? Found::kHit : Found::kMiss);
        if (present) found->second.exptime = exptime;
        break;
      case 8:
        (void)store_->Count({.key = KeyOf(key)});
        break;
      case 9:
        ASSERT_EQ(Delete(key), present ? Found::kHit : Found::kMiss);
        deleted_ += present ? 1 : 0;
        model_.erase(key);
        break;
    }
  }
  void Upload(const std::string& key, uint32_t exptime, PutMode mode) {
    const std::string value(100'000, 'u');
    auto upload = store_->BeginUpload({.key = KeyOf(key), .mode = mode, .exptime = exptime},
                                      static_cast<uint32_t>(value.size()));
    ASSERT_TRUE(upload->Append(value));
    if (upload->Commit().status != PutStatus::kStored) return;
    if (mode == PutMode::kSet) model_[key] = {value.size(), exptime};
  }

  static constexpr int kSteps = kSlowBuild ? 4'000 : 30'000;
  std::mt19937 random_{11};
  std::map<std::string, Item> model_;
  uint64_t expired_ = 0;
  uint64_t deleted_ = 0;
};

TEST_F(TimedItemsTest, AgreeWithAModel) {
  Open({.memory_limit = 256 * kMiB, .item_size_max = 8 * kMiB, .shards = 2});
  for (int step = 0; step < kSteps; ++step) {
    SCOPED_TRACE(step);
    ASSERT_NO_FATAL_FAILURE(Step());
    if (random_() % 40 == 0) {
      const std::string key = "key" + std::to_string(random_() % 400);
      const uint32_t exptime = random_() % 2 == 0 ? 0 : In(1 + random_() % 60);
      const PutMode mode = random_() % 2 == 0 ? PutMode::kSet : PutMode::kAppend;
      ASSERT_NO_FATAL_FAILURE(Upload(key, exptime, mode));
    }
    if (random_() % 50 == 0) Pass(1 + random_() % 5);
    // Values that were appended to again and again.
    if (random_() % 1000 == 0) {
      for (const auto& [key, item] : model_) {
        ASSERT_EQ(Put(key, "1", item.exptime), PutStatus::kStored);
      }
    }
    if (step % 20 == 0) {
      ASSERT_NO_FATAL_FAILURE(ExpectAgreement());
    }
  }
}

TEST_F(TimedItemsTest, AgreeWithAModelOverFlushes) {
  Open({.memory_limit = 256 * kMiB, .item_size_max = 8 * kMiB, .shards = 2});
  uint64_t flushed = 0;
  for (int round = 0; round < 10; ++round) {
    SCOPED_TRACE(round);
    for (int step = 0; step < kSteps / 30; ++step) {
      ASSERT_NO_FATAL_FAILURE(Step());
      if (random_() % 50 == 0) Pass(1 + random_() % 5);
    }
    ASSERT_NO_FATAL_FAILURE(ExpectAgreement());
    flushed += model_.size();
    model_.clear();
    store_->Flush();
    ASSERT_NO_FATAL_FAILURE(ExpectAgreement());
    // What is found of the flushed items, here by maintenance, is counted no second time.
    store_->Maintain();
    ASSERT_NO_FATAL_FAILURE(ExpectAgreement());
    EXPECT_EQ(Stats().flushed, flushed);
  }
}

TEST_F(TimedItemsTest, AreNoneAfterAFlush) {
  Open();
  Put("timed", "v", In(100));
  Put("lasting", "v");
  EXPECT_EQ(Stats().timed_items, 1u);
  store_->Flush();
  EXPECT_EQ(Stats().items, 0u);
  EXPECT_EQ(Stats().timed_items, 0u);
  Put("timed", "v", In(100));
  EXPECT_EQ(Stats().timed_items, 1u);
  store_->Maintain();
  EXPECT_EQ(Stats().timed_items, 1u);
}

// Evicted, moved by cleaning, or in a segment that goes round: the sum is what is there.
TEST_F(TimedItemsTest, AreRightAfterEvictions) {
  for (const EvictionStrategy strategy :
       {EvictionStrategy::kS3Fifo, EvictionStrategy::kLru, EvictionStrategy::kTtlBased}) {
    Open({.memory_limit = 4 * kMiB, .eviction = strategy, .shards = 1});
    const int items = kSlowBuild ? 20'000 : 60'000;
    for (int i = 0; i < items; ++i) {
      const std::string value(random_() % 400, 'v');
      Put("k" + std::to_string(i), value, random_() % 2 == 0 ? In(1000) : 0);
      if (i % 3 == 0) Has("k" + std::to_string(i / 2));
    }
    uint64_t held = 0;
    uint64_t timed = 0;
    for (int i = 0; i < items; ++i) {
      bool can_expire = false;
      if (store_->Read(KeyOf("k" + std::to_string(i)), [&](const ItemView& item) {
            can_expire = item.exptime() != 0;
          }) == Found::kHit) {
        ++held;
        timed += can_expire ? 1 : 0;
      }
    }
    EXPECT_GT(Stats().evictions, 0u);
    EXPECT_EQ(Stats().items, held);
    EXPECT_EQ(Stats().timed_items, timed);
    // All that could expire does.
    const uint64_t expired_before = Stats().expired;
    clock_.Advance(1000);
    MaintainToTheEnd();
    EXPECT_EQ(Stats().timed_items, 0u);
    EXPECT_EQ(Stats().expired - expired_before, timed);
    EXPECT_EQ(Stats().items, held - timed);
  }
}

}  // namespace
}  // namespace rat_memcache::store
