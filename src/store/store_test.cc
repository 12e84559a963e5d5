// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/store.h"

#include <array>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace rat_memcache::store {
namespace {

constexpr size_t kMiB = 1 << 20;

class StoreTest : public ::testing::Test {
 protected:
  void Open(StoreOptions options = {}) {
    auto store = Store::Open(options, &clock_);
    ASSERT_TRUE(store.ok()) << store.error().message;
    store_ = std::move(store).value();
  }
  PutStatus Put(std::string_view key, std::string_view value, PutMode mode = PutMode::kSet,
                uint32_t exptime = 0, uint32_t flags = 0) {
    const PutResult result = store_->Put({.key = store_->MakeKey(key),
                                          .mode = mode,
                                          .value = value,
                                          .client_flags = flags,
                                          .exptime = exptime});
    last_cas_ = result.cas;
    return result.status;
  }
  PutStatus PutIfCas(std::string_view key, std::string_view value, uint64_t cas) {
    return store_->Put({.key = store_->MakeKey(key), .value = value, .compare_cas = cas}).status;
  }
  // The value, or "-" for a miss.
  std::string Get(std::string_view key) {
    std::string value = "-";
    last_found_ = store_->Read(store_->MakeKey(key), [&](const ItemView& item) {
      value.resize(item.value_size());
      item.CopyValueTo(value.data());
      last_flags_ = item.client_flags();
      last_cas_ = item.cas();
    });
    EXPECT_EQ(value != "-", last_found_ == Found::kHit);
    return value;
  }
  std::string Count(std::string_view key, uint64_t delta, Direction direction = Direction::kUp) {
    const CountResult result =
        store_->Count({.key = store_->MakeKey(key), .delta = delta, .direction = direction});
    last_cas_ = result.cas;
    switch (result.status) {
      case CountStatus::kCreated:
      case CountStatus::kExists:
        return "UNEXPECTED";
      case CountStatus::kCounted:
        return std::to_string(result.value);
      case CountStatus::kNotFound:
        return "not found";
      case CountStatus::kNotANumber:
        return "not a number";
      case CountStatus::kNoMemory:
        return "no memory";
    }
    return "?";
  }
  Found Delete(std::string_view key) { return store_->Delete(store_->MakeKey(key)); }
  Found Touch(std::string_view key, uint32_t exptime) {
    return store_->Touch(store_->MakeKey(key), exptime);
  }
  uint32_t In(uint32_t seconds) const { return clock_.Now() + seconds; }
  ShardStats Stats() { return store_->Stats().total; }

  CoarseClock clock_;
  std::unique_ptr<Store> store_;
  uint64_t last_cas_ = 0;
  uint32_t last_flags_ = 0;
  Found last_found_ = Found::kMiss;
};

TEST_F(StoreTest, StoresAndFinds) {
  Open();
  EXPECT_EQ(Get("k"), "-");
  EXPECT_EQ(Put("k", "value", PutMode::kSet, 0, 77), PutStatus::kStored);
  EXPECT_EQ(Get("k"), "value");
  EXPECT_EQ(last_flags_, 77u);
  EXPECT_EQ(Put("k", ""), PutStatus::kStored);
  EXPECT_EQ(Get("k"), "");
  EXPECT_EQ(last_flags_, 0u);
  EXPECT_EQ(Delete("k"), Found::kHit);
  EXPECT_EQ(Delete("k"), Found::kMiss);
  EXPECT_EQ(Get("k"), "-");
  EXPECT_EQ(last_found_, Found::kMiss);
}

TEST_F(StoreTest, ModesLookAtWhatIsThere) {
  Open();
  EXPECT_EQ(Put("k", "1", PutMode::kReplace), PutStatus::kNotStored);
  EXPECT_EQ(Put("k", "1", PutMode::kAppend), PutStatus::kNotStored);
  EXPECT_EQ(Put("k", "1", PutMode::kPrepend), PutStatus::kNotStored);
  EXPECT_EQ(Put("k", "1", PutMode::kAdd, 0, 5), PutStatus::kStored);
  EXPECT_EQ(Put("k", "2", PutMode::kAdd), PutStatus::kNotStored);
  EXPECT_EQ(Put("k", "3", PutMode::kAppend, In(5), 9), PutStatus::kStored);
  EXPECT_EQ(Put("k", "0", PutMode::kPrepend), PutStatus::kStored);
  EXPECT_EQ(Get("k"), "013");
  EXPECT_EQ(last_flags_, 5u);
  clock_.Advance(10);
  EXPECT_EQ(Get("k"), "013");
  EXPECT_EQ(Put("k", "4", PutMode::kReplace), PutStatus::kStored);
  EXPECT_EQ(Get("k"), "4");
}

TEST_F(StoreTest, CasUniquesCountFromTwoAndGuardStores) {
  Open();
  EXPECT_EQ(PutIfCas("k", "x", 1), PutStatus::kNotFound);
  Put("k", "a");
  EXPECT_EQ(last_cas_, 2u);
  Put("k2", "a");
  EXPECT_EQ(last_cas_, 3u);
  EXPECT_EQ(PutIfCas("k", "x", 3), PutStatus::kExists);
  EXPECT_EQ(PutIfCas("k", "x", 0), PutStatus::kExists);
  EXPECT_EQ(PutIfCas("k", "b", 2), PutStatus::kStored);
  EXPECT_EQ(Get("k"), "b");
  EXPECT_EQ(last_cas_, 4u);
  EXPECT_EQ(Touch("k", In(100)), Found::kHit);
  EXPECT_EQ(Get("k"), "b");
  EXPECT_EQ(last_cas_, 4u);
}

TEST_F(StoreTest, WithoutCasEveryUniqueIsZero) {
  Open({.cas_enabled = false});
  Put("k", "a");
  EXPECT_EQ(last_cas_, 0u);
  Get("k");
  EXPECT_EQ(last_cas_, 0u);
}

TEST_F(StoreTest, CountsInPlaceAndBeyond) {
  Open();
  EXPECT_EQ(Count("n", 1), "not found");
  Put("n", "10");
  EXPECT_EQ(Count("n", 3, Direction::kDown), "7");
  EXPECT_EQ(Get("n"), "7 ");
  EXPECT_EQ(Count("n", 100, Direction::kDown), "0");
  EXPECT_EQ(Get("n"), "0 ");
  EXPECT_EQ(Count("n", 99), "99");
  EXPECT_EQ(Count("n", 1), "100");
  EXPECT_EQ(Get("n"), "100");
  Put("n", "18446744073709551615");
  EXPECT_EQ(Count("n", 1), "0");
  EXPECT_EQ(Get("n"), "0                   ");
  for (const char* text : {"", "x", "1x", "-1", "18446744073709551616"}) {
    Put("n", text);
    EXPECT_EQ(Count("n", 1), "not a number") << text;
  }
  for (const char* text : {" 1", "1 ", "000000000000000000000001", "1\tx"}) {
    Put("n", text);
    EXPECT_EQ(Count("n", 1), "2") << text;
  }
}

TEST_F(StoreTest, CountKeepsFlagsAndTime) {
  Open();
  Put("n", "9", PutMode::kSet, In(10), 3);
  EXPECT_EQ(Count("n", 1), "10");
  Get("n");
  EXPECT_EQ(last_flags_, 3u);
  clock_.Advance(10);
  EXPECT_EQ(Count("n", 1), "not found");
}

TEST_F(StoreTest, ItemsDieInTheSecondOfTheirExptime) {
  Open();
  Put("k", "v", PutMode::kSet, In(3));
  clock_.Advance(2);
  EXPECT_EQ(Get("k"), "v");
  clock_.Advance(1);
  EXPECT_EQ(Get("k"), "-");
  EXPECT_EQ(last_found_, Found::kExpired);
  EXPECT_EQ(Get("k"), "-");
  EXPECT_EQ(last_found_, Found::kMiss) << "an expired item is removed when it is noticed";
  EXPECT_EQ(Stats().items, 0u);
  Put("k", "v", PutMode::kSet, In(3));
  clock_.Advance(3);
  EXPECT_EQ(Put("k", "w", PutMode::kReplace), PutStatus::kNotStored);
  EXPECT_EQ(Put("k", "w", PutMode::kAdd), PutStatus::kStored);
}

TEST_F(StoreTest, TouchChangesTheTimeWhetherOrNotTheRecordHasOne) {
  Open();
  for (const bool has_time : {false, true}) {
    Put("k", "some value", PutMode::kSet, has_time ? In(5) : 0, 12);
    EXPECT_EQ(Touch("k", In(20)), Found::kHit);
    clock_.Advance(19);
    EXPECT_EQ(Get("k"), "some value");
    EXPECT_EQ(last_flags_, 12u);
    EXPECT_EQ(Touch("k", 0), Found::kHit);
    clock_.Advance(1000);
    EXPECT_EQ(Get("k"), "some value");
    EXPECT_EQ(Touch("k", 1), Found::kHit);
    EXPECT_EQ(Get("k"), "-");
    EXPECT_EQ(Touch("k", In(1)), Found::kMiss);
  }
}

TEST_F(StoreTest, ReadAndTouchReturnsTheItemOnceMore) {
  Open();
  Put("k", "v");
  std::string seen;
  const auto visit = [&](const ItemView& item) {
    seen.resize(item.value_size());
    item.CopyValueTo(seen.data());
  };
  EXPECT_EQ(store_->ReadAndTouch(store_->MakeKey("k"), 1, visit), Found::kHit);
  EXPECT_EQ(seen, "v");
  EXPECT_EQ(store_->ReadAndTouch(store_->MakeKey("k"), 1, visit), Found::kExpired);
}

TEST_F(StoreTest, FlushDropsEverythingBeforeItAndNothingAfter) {
  Open();
  for (int i = 0; i < 1000; ++i) {
    Put("k" + std::to_string(i), "old");
  }
  Put("big", std::string(500'000, 'x'));
  clock_.Advance(1);
  Put("just now", "old");
  store_->Flush();
  EXPECT_EQ(Stats().items, 0u);
  EXPECT_EQ(Stats().item_bytes, 0u);
  EXPECT_EQ(Get("k1"), "-");
  EXPECT_EQ(last_found_, Found::kFlushed);
  EXPECT_EQ(Get("just now"), "-");
  EXPECT_EQ(last_found_, Found::kMiss);
  EXPECT_EQ(Put("k2", "x", PutMode::kAppend), PutStatus::kNotStored);
  Put("k3", "new");
  EXPECT_EQ(Get("k3"), "new");
  EXPECT_EQ(Get("big"), "-");
  EXPECT_EQ(Stats().items, 1u);
  store_->Maintain();
  EXPECT_EQ(Get("k3"), "new");
  EXPECT_EQ(Get("k4"), "-");
  EXPECT_EQ(last_found_, Found::kMiss) << "maintenance has removed the slots of flushed items";
  EXPECT_EQ(Stats().items, 1u);
}

TEST_F(StoreTest, LargeValuesOfEverySize) {
  Open({.memory_limit = 64 * kMiB, .item_size_max = 20 * kMiB});
  std::mt19937 random(1);
  for (const size_t size :
       {4000ul, 8000ul, 8192ul, 20'000ul, 65'536ul, 100'000ul, 1'000'000ul, 10'000'000ul}) {
    std::string value(size, 0);
    for (char& c : value) {
      c = static_cast<char>(random());
    }
    ASSERT_EQ(Put("big", value, PutMode::kSet, 0, 5), PutStatus::kStored) << size;
    ASSERT_TRUE(Get("big") == value) << size;
    EXPECT_EQ(last_flags_, 5u);
    ASSERT_EQ(Touch("big", In(50)), Found::kHit);
    ASSERT_TRUE(Get("big") == value) << size;
    ASSERT_EQ(Put("big", "tail", PutMode::kAppend), PutStatus::kStored);
    ASSERT_EQ(Put("big", "head", PutMode::kPrepend), PutStatus::kStored);
    ASSERT_TRUE(Get("big") == "head" + value + "tail") << size;
    EXPECT_EQ(Count("big", 1), "not a number");
  }
  EXPECT_EQ(Delete("big"), Found::kHit);
  EXPECT_EQ(Get("big"), "-");
}

TEST_F(StoreTest, AppendRefusesWhatBecomesTooLarge) {
  Open({.memory_limit = 8 * kMiB, .item_size_max = 10'000});
  Put("k", std::string(9'900, 'a'));
  EXPECT_EQ(Put("k", std::string(100, 'b'), PutMode::kAppend), PutStatus::kTooLarge);
  EXPECT_EQ(Get("k"), std::string(9'900, 'a'));
}

TEST_F(StoreTest, UploadsAreInvisibleUntilCommitted) {
  Open();
  Put("k", "old");
  const std::string value(300'000, 'u');
  const auto fill = [&](Upload* upload) {
    for (std::string_view rest = value; !rest.empty();) {
      const std::string_view part = rest.substr(0, 7777);
      ASSERT_TRUE(upload->Append(part));
      rest.remove_prefix(part.size());
    }
  };
  {
    auto upload = store_->BeginUpload({.key = store_->MakeKey("k"), .client_flags = 3},
                                      static_cast<uint32_t>(value.size()));
    fill(upload.get());
    EXPECT_EQ(Get("k"), "old");
  }  // given up
  EXPECT_EQ(Get("k"), "old");
  auto upload = store_->BeginUpload({.key = store_->MakeKey("k"), .client_flags = 3},
                                    static_cast<uint32_t>(value.size()));
  fill(upload.get());
  store_->Flush();  // an upload stores later than the flush
  EXPECT_EQ(upload->Commit().status, PutStatus::kStored);
  EXPECT_TRUE(Get("k") == value);
  EXPECT_EQ(last_flags_, 3u);
  store_->Maintain();  // frees the flushed segments, but not the pieces in them
  EXPECT_TRUE(Get("k") == value);
}

TEST_F(StoreTest, UploadsObeyModes) {
  Open();
  const std::string value(200'000, 'u');
  const auto put = [&](PutMode mode) {
    auto upload = store_->BeginUpload({.key = store_->MakeKey("k"), .mode = mode},
                                      static_cast<uint32_t>(value.size()));
    EXPECT_TRUE(upload->Append(value));
    return upload->Commit().status;
  };
  EXPECT_EQ(put(PutMode::kReplace), PutStatus::kNotStored);
  EXPECT_EQ(put(PutMode::kAppend), PutStatus::kNotStored);
  EXPECT_EQ(put(PutMode::kAdd), PutStatus::kStored);
  EXPECT_EQ(put(PutMode::kAdd), PutStatus::kNotStored);
  EXPECT_EQ(put(PutMode::kAppend), PutStatus::kStored);
  EXPECT_EQ(put(PutMode::kPrepend), PutStatus::kStored);
  EXPECT_TRUE(Get("k") == value + value + value);
  Put("k", "small");
  EXPECT_EQ(put(PutMode::kAppend), PutStatus::kStored);
  EXPECT_TRUE(Get("k") == "small" + value);
  Put("k", "small");
  EXPECT_EQ(put(PutMode::kPrepend), PutStatus::kStored);
  EXPECT_TRUE(Get("k") == value + "small");
}

TEST_F(StoreTest, PinnedValuesOutliveTheirItem) {
  Open({.memory_limit = kMiB, .item_size_max = 400'000});
  const std::string value(200'000, 'p');
  Put("k", value);
  GatherBuffer out;
  EXPECT_EQ(
      store_->Read(store_->MakeKey("k"), [&](const ItemView& item) { item.PinValueInto(&out); }),
      Found::kHit);
  Delete("k");
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_EQ(Put("k" + std::to_string(i), std::string(100, 'x')), PutStatus::kStored);
  }
  std::string sent;
  std::array<std::string_view, 8> parts;
  while (!out.empty()) {
    const size_t n = out.Peek(parts);
    size_t bytes = 0;
    for (size_t i = 0; i < n; ++i) {
      sent += parts[i];
      bytes += parts[i].size();
    }
    out.Consume(bytes);
  }
  EXPECT_TRUE(sent == value);
}

TEST_F(StoreTest, MemoryStaysWithinTheLimit) {
  for (const size_t limit : {1 * kMiB, 3 * kMiB, 40 * kMiB}) {
    Open({.memory_limit = limit, .item_size_max = limit / 2});
    const int items = static_cast<int>(limit / 40);
    for (int i = 0; i < items; ++i) {
      ASSERT_EQ(Put("key" + std::to_string(i), "12345678"), PutStatus::kStored);
    }
    const ShardStats stats = Stats();
    const uint64_t used =
        stats.resident_bytes + stats.index_bytes + stats.policy_bytes + stats.bookkeeping_bytes;
    EXPECT_LE(used, limit) << limit;
    EXPECT_GE(used, limit * 9 / 10) << limit;
    EXPECT_GT(stats.evictions, 0u);
    EXPECT_EQ(stats.items + stats.evictions, static_cast<uint64_t>(items));
    // The newest item is always there.
    EXPECT_EQ(Get("key" + std::to_string(items - 1)), "12345678");
  }
}

TEST_F(StoreTest, ExternalMemoryShrinksTheStore) {
  Open({.memory_limit = 64 * kMiB});
  const auto fill = [&] {
    for (int i = 0; i < 100'000; ++i) {
      Put("key" + std::to_string(i), std::string(1000, 'x'));
    }
  };
  fill();
  const uint64_t before = Stats().resident_bytes;
  store_->ChargeExternal(16 * kMiB);
  fill();
  EXPECT_LE(Stats().resident_bytes + 15 * kMiB, before);
  store_->ChargeExternal(-int64_t{16 * kMiB});
  fill();
  EXPECT_GE(Stats().resident_bytes + kMiB, before);
}

TEST_F(StoreTest, MaintenanceKeepsToALimitThatDropped) {
  Open({.memory_limit = 16 * kMiB, .shards = 1});
  for (int i = 0; i < 40'000; ++i) {
    Put("key" + std::to_string(i), std::string(1000, 'x'));
  }
  // Nobody stores anything any more.
  store_->ChargeExternal(8 * kMiB);
  for (int i = 0; i < 10; ++i) {
    store_->Maintain();
  }
  const ShardStats stats = Stats();
  EXPECT_LE(stats.resident_bytes + stats.index_bytes + stats.policy_bytes + stats.bookkeeping_bytes,
            8 * kMiB);
  EXPECT_GT(stats.items, 5000u);
}

TEST_F(StoreTest, ALimitThatDropsIsKeptThoughEverythingIsInUse) {
  Open({.memory_limit = 16 * kMiB, .shards = 1});
  for (int i = 0; i < 14'000; ++i) {
    Put("key" + std::to_string(i), std::string(1000, 'x'));
  }
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 14'000; ++i) {
      Get("key" + std::to_string(i));
    }
  }
  store_->ChargeExternal(8 * kMiB);
  for (int i = 0; i < 10; ++i) {
    store_->Maintain();
  }
  EXPECT_LE(Stats().resident_bytes, 8 * kMiB);
}

TEST_F(StoreTest, MaintenanceKeepsLiveItemsWhileDeadOnesFillTheLog) {
  Open({.memory_limit = 16 * kMiB, .shards = 1});
  // Every segment is about half dead, and every live item hot.
  constexpr int kItems = 14'000;
  for (int i = 0; i < kItems; ++i) {
    Put("key" + std::to_string(i), std::string(1000, 'x'));
  }
  int kept = 0;
  for (int i = 0; i < kItems; ++i) {
    i % 2 == 0 ? (void)Delete("key" + std::to_string(i)) : (void)++kept;
  }
  for (int round = 0; round < 5; ++round) {
    for (int i = 1; i < kItems; i += 2) {
      Get("key" + std::to_string(i));
    }
  }
  store_->ChargeExternal(6 * kMiB);
  for (int i = 0; i < 10; ++i) {
    store_->Maintain();
  }
  EXPECT_LE(Stats().resident_bytes, 10 * kMiB);
  EXPECT_GT(Stats().items, static_cast<uint64_t>(kept) * 9 / 10);
}

TEST_F(StoreTest, ALimitThatDropsEvictsNoMoreThanItMust) {
  Open({.memory_limit = 16 * kMiB, .eviction = EvictionStrategy::kLru, .shards = 1});
  // Dead records for three quarters of the log, and small live items among them.
  constexpr int kItems = 4000;
  for (int i = 0; i < kItems; ++i) {
    Put("live" + std::to_string(i), "value");
    Put("dead" + std::to_string(i), std::string(3000, 'x'));
    if (i % 4 != 0) Delete("dead" + std::to_string(i));
  }
  store_->ChargeExternal(10 * kMiB);
  for (int i = 0; i < 200; ++i) {
    Put("new" + std::to_string(i), std::string(1000, 'x'));
  }
  int live = 0;
  for (int i = 0; i < kItems; ++i) {
    if (Get("live" + std::to_string(i)) != "-") ++live;
  }
  EXPECT_GT(live, kItems * 9 / 10);
}

TEST_F(StoreTest, AnUploadOfNothingIsAnEmptyItem) {
  Open();
  const auto upload = store_->BeginUpload({.key = store_->MakeKey("k"), .client_flags = 3}, 0);
  EXPECT_EQ(upload->Commit().status, PutStatus::kStored);
  EXPECT_EQ(Get("k"), "");
  EXPECT_EQ(last_flags_, 3u);
}

TEST_F(StoreTest, ExpiredItemsMakeRoomBeforeLiveOnesGo) {
  Open({.memory_limit = 16 * kMiB});
  const std::string value(1000, 'x');
  for (int i = 0; i < 5'000; ++i) {
    Put("live" + std::to_string(i), value);
  }
  for (int i = 0; i < 7'000; ++i) {
    Put("dying" + std::to_string(i), value, PutMode::kSet, In(10));
  }
  EXPECT_EQ(Stats().evictions, 0u);
  clock_.Advance(10);
  for (int i = 0; i < 7'000; ++i) {
    Put("next" + std::to_string(i), value);
  }
  EXPECT_EQ(Stats().evictions, 0u);
  for (int i = 0; i < 5'000; ++i) {
    ASSERT_EQ(Get("live" + std::to_string(i)), value);
  }
}

TEST_F(StoreTest, MaintenanceGivesExpiredMemoryBack) {
  Open({.memory_limit = 16 * kMiB});
  for (int i = 0; i < 5'000; ++i) {
    Put("dying" + std::to_string(i), std::string(1000, 'x'), PutMode::kSet, In(10));
  }
  const uint64_t free_before = Stats().free_bytes;
  clock_.Advance(10);
  for (int i = 0; i < 20; ++i) {
    store_->Maintain();
  }
  EXPECT_GT(Stats().free_bytes, free_before + 4 * kMiB);
  EXPECT_GT(Stats().crawler_reclaimed, 4'000u);
  EXPECT_EQ(Stats().reclaimed, 0u);
}

TEST_F(StoreTest, OverwritesOfEqualSizeLeaveNothingBehind) {
  Open({.memory_limit = 16 * kMiB});
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 10'000; ++i) {
      Put("key" + std::to_string(i), std::string(1000, static_cast<char>('a' + round % 26)));
    }
  }
  EXPECT_EQ(Stats().segments_cleaned_inline, 0u);
  EXPECT_EQ(Stats().evictions, 0u);
}

TEST_F(StoreTest, OverwritesOfChangingSizeEvictNothingWhileThereIsRoom) {
  Open({.memory_limit = 16 * kMiB});
  std::mt19937 random(3);
  for (int i = 0; i < 500'000; ++i) {
    const size_t size = random() % 2000;
    ASSERT_EQ(Put("key" + std::to_string(random() % 8'000), std::string(size, 'x')),
              PutStatus::kStored);
  }
  const ShardStats stats = Stats();
  EXPECT_EQ(stats.evictions, 0u);
  EXPECT_EQ(stats.items, 8'000u);
}

TEST_F(StoreTest, RefusesImpossibleOptions) {
  EXPECT_FALSE(Store::Open({.memory_limit = 1000}, &clock_).ok());
  EXPECT_FALSE(Store::Open({.memory_limit = kMiB, .item_size_max = kMiB}, &clock_).ok());
}

// Hits under every policy: a hot set that is asked for again and again must survive a scan.
TEST_F(StoreTest, PoliciesKeepWhatIsUsed) {
  for (const EvictionStrategy policy :
       {EvictionStrategy::kLru, EvictionStrategy::kS3Fifo, EvictionStrategy::kFifo}) {
    Open({.memory_limit = 16 * kMiB, .eviction = policy});
    int lost = 0;
    for (int i = 0; i < 200'000; ++i) {
      Put("scan" + std::to_string(i), std::string(200, 's'));
      const std::string hot = "hot" + std::to_string(i % 1000);
      if (Get(hot) == "-") {
        ++lost;
        Put(hot, "h");
      }
    }
    if (policy == EvictionStrategy::kFifo) {
      EXPECT_GT(lost, 2000);
    } else {
      EXPECT_LE(lost, 1010) << store_->Stats().shards;
    }
  }
}

// Every operation against a model. The model knows the newest value of a key; a cache may have
// evicted it, but must never show anything else.
TEST_F(StoreTest, AgreesWithAModel) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  struct Value {
    std::string bytes;
    uint32_t flags;
    uint32_t exptime;
  };
  for (const size_t limit : {1 * kMiB, 20 * kMiB}) {
    for (const EvictionStrategy policy :
         {EvictionStrategy::kS3Fifo, EvictionStrategy::kLru, EvictionStrategy::kFifo}) {
      std::mt19937 random(seed);
      Open({.memory_limit = limit, .item_size_max = limit / 4, .eviction = policy});
      std::map<std::string, Value> model;
      const auto check = [&](const std::string& key) {
        const std::string got = Get(key);
        const auto expected = model.find(key);
        if (got == "-") {
          model.erase(key);  // evicted, expired or never there
        } else {
          ASSERT_NE(expected, model.end()) << "a deleted value came back";
          ASSERT_TRUE(got == expected->second.bytes) << key;
          ASSERT_EQ(last_flags_, expected->second.flags);
          ASSERT_TRUE(expected->second.exptime == 0 || expected->second.exptime > clock_.Now());
        }
      };
      for (int step = 0; step < 60'000 && !HasFatalFailure(); ++step) {
        const std::string key = "key" + std::to_string(random() % 2000);
        ASSERT_NO_FATAL_FAILURE(check(key)) << "step " << step;
        const bool present = model.contains(key);
        const size_t size = random() % 8 == 0 ? random() % 30'000 : random() % 500;
        const std::string value(size, static_cast<char>('a' + random() % 26));
        const uint32_t exptime = random() % 3 == 0 ? In(random() % 200) : 0;
        const uint32_t flags = random() % 2 == 0 ? random() : 0;
        switch (random() % 10) {
          case 0:
          case 1:
          case 2:
            ASSERT_EQ(Put(key, value, PutMode::kSet, exptime, flags), PutStatus::kStored);
            model[key] = {value, flags, exptime};
            break;
          case 3:
            if (Put(key, value, PutMode::kAdd, exptime, flags) == PutStatus::kStored) {
              ASSERT_FALSE(present);
              model[key] = {value, flags, exptime};
            }
            break;
          case 4:
            if (Put(key, value, PutMode::kReplace, exptime, flags) == PutStatus::kStored) {
              ASSERT_TRUE(present);
              model[key] = {value, flags, exptime};
            }
            break;
          case 5:
            if (Put(key, value, PutMode::kAppend) == PutStatus::kStored) {
              ASSERT_TRUE(present);
              model[key].bytes += value;
            }
            break;
          case 6:
            if (Put(key, value, PutMode::kPrepend) == PutStatus::kStored) {
              ASSERT_TRUE(present);
              model[key].bytes = value + model[key].bytes;
            }
            break;
          case 7:
            if (Touch(key, exptime) == Found::kHit) {
              ASSERT_TRUE(present);
              model[key].exptime = exptime;
            }
            break;
          case 8:
            ASSERT_EQ(Delete(key) == Found::kHit, present);
            model.erase(key);
            break;
          case 9:
            if (random() % 50 == 0) clock_.Advance(1 + random() % 30);
            if (random() % 2000 == 0) {
              store_->Flush();
              model.clear();
            }
            if (random() % 20 == 0) store_->Maintain();
            break;
        }
        ASSERT_NO_FATAL_FAILURE(check(key)) << "step " << step;
      }
      const ShardStats stats = Stats();
      EXPECT_LE(stats.resident_bytes + stats.index_bytes + stats.policy_bytes, limit);
    }
  }
}

}  // namespace
}  // namespace rat_memcache::store
