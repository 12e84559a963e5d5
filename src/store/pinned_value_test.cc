// Values that are held while their items go.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/pinned_value.h"

#include <array>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "store/store_for_test.h"

namespace rat_memcache::store {
namespace {

constexpr size_t kLargeBytes = kMiB;

class PinnedValueTest : public StoreForTest {
 protected:
  void OpenOne(EvictionStrategy eviction = EvictionStrategy::kS3Fifo) {
    Open({.memory_limit = 16 * kMiB, .item_size_max = 8 * kMiB, .eviction = eviction, .shards = 1});
  }
  static std::string Value(char first, size_t bytes) {
    std::string value(bytes, '\0');
    for (size_t i = 0; i < bytes; ++i) {
      value[i] = static_cast<char>(first + i % 61);
    }
    return value;
  }
  PinnedValue Hold(std::string_view key) {
    PinnedValue value;
    EXPECT_EQ(store_->Read(KeyOf(key), [&](const ItemView& item) { item.HoldIn(&value); }),
              Found::kHit);
    return value;
  }
  // The next `bytes` of it.
  static std::string Take(PinnedValue* value, uint32_t bytes) {
    GatherBuffer out;
    value->AppendTo(&out, bytes);
    std::string text;
    std::array<std::string_view, 8> parts;
    while (!out.empty()) {
      size_t seen = 0;
      const size_t filled = out.Peek(parts);
      for (size_t i = 0; i < filled; ++i) {
        text += parts[i];
        seen += parts[i].size();
      }
      out.Consume(seen);
    }
    return text;
  }
  static std::string TakeAll(PinnedValue* value) { return Take(value, value->left()); }
  // Sets of many keys, so that everything that can be evicted is, several times.
  void Churn(int rounds = 4) {
    const std::string value(2000, 'c');
    for (int i = 0; i < rounds * 8000; ++i) {
      ASSERT_EQ(Put("churn" + std::to_string(i), value), PutStatus::kStored) << i;
    }
  }
};

TEST_F(PinnedValueTest, SizesAndVersions) {
  OpenOne();
  const std::array<size_t, 9> sizes = {0, 1, 512, 513, 4096, 5000, 16384, 16385, kLargeBytes};
  for (const size_t bytes : sizes) {
    const std::string expected = Value('a', bytes);
    ASSERT_EQ(store_->Put({.key = KeyOf("k"), .value = expected, .client_flags = 7}).status,
              PutStatus::kStored);
    PinnedValue value = Hold("k");
    EXPECT_EQ(value.size(), bytes);
    EXPECT_EQ(value.client_flags(), 7u);
    EXPECT_NE(value.cas(), 0u);
    EXPECT_EQ(value.pins(), bytes > PinnedValue::kCopiedMax);
    EXPECT_EQ(value.copied_bytes(), bytes > PinnedValue::kCopiedMax ? 0 : bytes);
    EXPECT_EQ(TakeAll(&value), expected);
    EXPECT_EQ(value.left(), 0u);
    EXPECT_FALSE(value.pins());
  }
}

TEST_F(PinnedValueTest, PiecesOfAnySize) {
  OpenOne();
  const std::string expected = Value('a', kLargeBytes);
  ASSERT_EQ(Put("k", expected), PutStatus::kStored);
  for (const uint32_t piece : {1000u, 4096u, 5001u, 70'000u, 999'999u}) {
    PinnedValue value = Hold("k");
    std::string got;
    while (value.left() > 0) {
      got += Take(&value, std::min(piece, value.left()));
    }
    EXPECT_TRUE(got == expected) << piece;
  }
  PinnedValue value = Hold("k");
  value.Skip(300'000);
  EXPECT_EQ(Take(&value, 100), expected.substr(300'000, 100));
  value.Skip(value.left());
  EXPECT_FALSE(value.pins());
}

TEST_F(PinnedValueTest, OutlivesOverwriteDeletionFlushExpiryAndEviction) {
  for (const size_t bytes : {size_t{10}, size_t{12'000}, size_t{40'000}, kLargeBytes}) {
    OpenOne();
    const std::string expected = Value('a', bytes);
    const std::string other = Value('B', bytes);
    ASSERT_EQ(Put("overwritten", expected), PutStatus::kStored);
    PinnedValue overwritten = Hold("overwritten");
    ASSERT_EQ(Put("overwritten", other), PutStatus::kStored);
    ASSERT_EQ(Put("deleted", expected), PutStatus::kStored);
    PinnedValue deleted = Hold("deleted");
    ASSERT_EQ(Delete("deleted"), Found::kHit);
    ASSERT_EQ(Put("expired", expected, In(5)), PutStatus::kStored);
    PinnedValue expired = Hold("expired");
    clock_.Set(In(10));
    MaintainToTheEnd();
    ASSERT_EQ(Put("flushed", expected), PutStatus::kStored);
    PinnedValue flushed = Hold("flushed");
    store_->Flush();
    MaintainToTheEnd();
    ASSERT_EQ(Put("evicted", expected), PutStatus::kStored);
    PinnedValue evicted = Hold("evicted");
    Churn();
    for (PinnedValue* value : {&overwritten, &deleted, &expired, &flushed, &evicted}) {
      EXPECT_TRUE(TakeAll(value) == expected) << bytes;
    }
  }
}

TEST_F(PinnedValueTest, MemoryComesBackAsItIsReadAndWhenItIsLetGo) {
  OpenOne(EvictionStrategy::kNone);
  const std::string expected = Value('a', 7 * kMiB);
  const auto fits = [&](const char* key) { return Put(key, expected) == PutStatus::kStored; };
  ASSERT_TRUE(fits("k"));
  {
    PinnedValue value = Hold("k");
    ASSERT_EQ(Delete("k"), Found::kHit);
    ASSERT_TRUE(fits("second"));
    // The place of the first is not free yet, though the item is gone.
    EXPECT_FALSE(fits("third"));
    ASSERT_EQ(Take(&value, 6 * kMiB).size(), 6 * kMiB);
    // Most of it is, now.
    EXPECT_EQ(Put("third", Value('c', 5 * kMiB)), PutStatus::kStored);
    ASSERT_EQ(Delete("third"), Found::kHit);
    EXPECT_TRUE(TakeAll(&value) == expected.substr(6 * kMiB));
  }
  EXPECT_TRUE(fits("third"));
  {
    const PinnedValue value = Hold("third");
    ASSERT_EQ(Delete("third"), Found::kHit);
    EXPECT_FALSE(fits("fourth"));
  }
  EXPECT_TRUE(fits("fourth"));
}

TEST_F(PinnedValueTest, HoldersMayNotTakeAllOfAShard) {
  OpenOne();
  std::vector<PinnedValue> held;
  std::vector<bool> may;
  for (int i = 0; i < 14; ++i) {
    const std::string key = "k" + std::to_string(i);
    ASSERT_EQ(Put(key, Value('a', kLargeBytes)), PutStatus::kStored);
    held.push_back(Hold(key));
    may.push_back(store_->MayHold(KeyOf(key), held.back()));
    if (!may.back()) held.pop_back();
  }
  EXPECT_TRUE(may.front());
  EXPECT_TRUE(may[3]);
  EXPECT_FALSE(may.back());
  EXPECT_GE(held.size(), 5u);
  EXPECT_LE(held.size(), 8u);
  // So everybody else finds room.
  Churn();
  // Any number may read one and the same.
  held.clear();
  ASSERT_EQ(Put("one", Value('a', 7 * kMiB)), PutStatus::kStored);
  for (int i = 0; i < 20; ++i) {
    held.push_back(Hold("one"));
    EXPECT_TRUE(store_->MayHold(KeyOf("one"), held.back())) << i;
  }
  Churn();
}

TEST_F(PinnedValueTest, ReadersAndWritersAtTheSameTime) {
  OpenOne();
  ASSERT_EQ(Put("k", std::string(100'000, '0')), PutStatus::kStored);
  std::thread writer([&] {
    for (int i = 0; i < 300; ++i) {
      const std::string value(100'000, static_cast<char>('0' + i % 10));
      EXPECT_EQ(Put("k", value), PutStatus::kStored);
      EXPECT_EQ(Put("other" + std::to_string(i), value), PutStatus::kStored);
    }
  });
  for (int i = 0; i < 300; ++i) {
    PinnedValue value = Hold("k");
    const char first = Take(&value, 1)[0];
    while (value.left() > 0) {
      const std::string part = Take(&value, std::min(30'000u, value.left()));
      ASSERT_EQ(part.find_first_not_of(first), std::string::npos);
    }
  }
  writer.join();
}

}  // namespace
}  // namespace rat_memcache::store
