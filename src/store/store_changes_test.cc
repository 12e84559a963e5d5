// Everything at once: items of all sizes and lives, while strategy, limit and rules are changed
// under them. A model knows the newest value of each key; the store may have evicted it, but must
// never show anything else.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <array>
#include <chrono>
#include <map>
#include <random>
#include <string>

#include "store/store_for_test.h"

namespace rat_memcache::store {
namespace {

class StoreChangesTest : public StoreForTest {
 protected:
  struct Item {
    std::string value;
    uint32_t exptime;
  };

  bool InModel(const std::string& key) const {
    const auto found = model_.find(key);
    return found != model_.end() &&
           (found->second.exptime == 0 || found->second.exptime > clock_.Now());
  }
  void Check(const std::string& key) {
    uint32_t exptime = 0;
    std::string value;
    const Found found = store_->Read(KeyOf(key), [&](const ItemView& item) {
      value.resize(item.value_size());
      item.CopyValueTo(value.data());
      exptime = item.exptime();
    });
    if (found != Found::kHit) {
      model_.erase(key);  // evicted, expired or never there
      return;
    }
    ASSERT_TRUE(InModel(key)) << key << " came back";
    ASSERT_TRUE(value == model_[key].value) << key;
    ASSERT_EQ(exptime, model_[key].exptime) << key;
  }
  void ChangeItem(const std::string& key) {
    const bool present = InModel(key);
    const size_t bytes = random_() % 12 == 0 ? random_() % 60'000 : random_() % 600;
    const std::string value(bytes, static_cast<char>('a' + random_() % 26));
    constexpr std::array<uint32_t, 8> kLives = {3, 30, 300, 3000, 10'000, 50'000, 500'000, 0};
    const uint32_t life = kLives[random_() % kLives.size()];
    const uint32_t exptime = life == 0 ? 0 : In(1 + random_() % life);
    switch (random_() % 8) {
      case 0:
      case 1:
      case 2: {
        const PutStatus status = Put(key, value, exptime);
        if (status == PutStatus::kStored) model_[key] = {value, exptime};
        ASSERT_TRUE(status == PutStatus::kStored || strategy_ == EvictionStrategy::kNone);
        break;
      }
      case 3: {
        auto upload = store_->BeginUpload({.key = KeyOf(key), .exptime = exptime},
                                          static_cast<uint32_t>(bytes));
        const bool received = upload->Append(value);
        ASSERT_TRUE(received || strategy_ == EvictionStrategy::kNone);
        // The client may go away before the end.
        if (received && random_() % 4 != 0 && upload->Commit().status == PutStatus::kStored) {
          model_[key] = {value, exptime};
        }
        break;
      }
      case 4:
        if (Put(key, value, PutMode::kAppend) == PutStatus::kStored) {
          ASSERT_TRUE(present);
          model_[key].value += value;
        }
        break;
      case 5:
        if (Touch(key, exptime) == Found::kHit) {
          ASSERT_TRUE(present);
          model_[key].exptime = exptime;
        }
        break;
      case 6:
        if (store_->ReadAndTouch(KeyOf(key), exptime, [](const ItemView&) {}) == Found::kHit) {
          ASSERT_TRUE(present);
          model_[key].exptime = exptime;
        }
        break;
      case 7:
        if (Delete(key) == Found::kHit) {
          ASSERT_TRUE(present);
        }
        model_.erase(key);
        break;
    }
  }
  void ChangeRules() {
    switch (random_() % 8) {
      case 0:
        strategy_ = config::kAllEvictionStrategies[random_() % 10];
        store_->SetEviction(strategy_);
        break;
      case 1:
        limit_ = (2 + random_() % 10) * kMiB;
        ASSERT_TRUE(store_->SetMemoryLimit(limit_));
        break;
      case 2:
        store_->SetLazyExpiration(random_() % 2 == 0);
        break;
      case 3:
        if (random_() % 20 == 0) {
          store_->Flush();
          model_.clear();
        }
        break;
      case 4:
        store_->Maintain({.entries_max = random_() % 300, .expire = random_() % 2 == 0});
        break;
      case 5:
        store_->Maintain({.sweep_time = std::chrono::nanoseconds(0)});
        break;
      case 6:
        store_->Maintain();
        break;
      case 7:
        clock_.Advance(random_() % 10 == 0 ? random_() % 2000 : random_() % 3);
        break;
    }
  }

  std::mt19937 random_;
  std::map<std::string, Item> model_;
  EvictionStrategy strategy_ = EvictionStrategy::kAdaptive;
  size_t limit_ = 8 * kMiB;
};

TEST_F(StoreChangesTest, NothingIsEverWrong) {
  constexpr int kSteps = kSlowBuild ? 8'000 : 40'000;
  for (uint32_t seed = 1; seed <= 3; ++seed) {
    random_.seed(seed);
    model_.clear();
    Open({.memory_limit = limit_ = 8 * kMiB,
          .memory_max = 64 * kMiB,
          .item_size_max = kMiB,
          .seed = seed,
          .shards = 1 + seed % 2});
    strategy_ = EvictionStrategy::kAdaptive;
    for (int step = 0; step < kSteps; ++step) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(step));
      const std::string key = "key" + std::to_string(random_() % 4000);
      ASSERT_NO_FATAL_FAILURE(Check(key));
      ASSERT_NO_FATAL_FAILURE(ChangeItem(key));
      ASSERT_NO_FATAL_FAILURE(Check(key));
      if (random_() % 30 == 0) {
        ASSERT_NO_FATAL_FAILURE(ChangeRules());
      }
    }
    // What is counted is what is there, and the limit is kept.
    store_->SetEviction(EvictionStrategy::kLru);
    MaintainToTheEnd();
    EXPECT_LE(BytesUsed(), limit_);
    uint64_t held = 0;
    for (int i = 0; i < 4000; ++i) {
      const std::string key = "key" + std::to_string(i);
      ASSERT_NO_FATAL_FAILURE(Check(key));
      held += Has(key) ? 1 : 0;
    }
    EXPECT_EQ(Stats().items, held);
    // And nothing else: without the items there is no live byte.
    store_->Flush();
    MaintainToTheEnd();
    EXPECT_EQ(Stats().live_bytes, 0u);
    EXPECT_EQ(Stats().dead_bytes, 0u);
  }
}

}  // namespace
}  // namespace rat_memcache::store
