// Reads with effects, marks, and CAS uniques that clients choose: that they survive whatever
// happens to the item's place.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <map>
#include <random>
#include <set>
#include <string>

#include "store/store_for_test.h"

namespace rat_memcache::store {
namespace {

class FetchTest : public StoreForTest {
 protected:
  struct Seen {
    std::string value;
    uint64_t cas = 0;
    uint32_t exptime = 0;
    uint32_t client_flags = 0;
    bool stale = false;
    bool win_sent = false;
    bool base64_key = false;
    FetchEffects effects;
  };
  static Seen See(const ItemView& item) {
    Seen seen{.value = std::string(item.value_size(), '?'),
              .cas = item.cas(),
              .exptime = item.exptime(),
              .client_flags = item.client_flags(),
              .stale = item.stale(),
              .win_sent = item.win_sent(),
              .base64_key = item.base64_key()};
    item.CopyValueTo(seen.value.data());
    return seen;
  }
  std::optional<Seen> Peek(std::string_view key) {
    Seen seen;
    const Found found = store_->Peek(KeyOf(key), [&](const ItemView& item) { seen = See(item); });
    return found == Found::kHit ? std::optional(seen) : std::nullopt;
  }
  std::optional<Seen> Fetch(FetchRequest request, std::string_view key) {
    request.key = KeyOf(key);
    std::optional<Seen> seen;
    const Found found =
        store_->Fetch(request, [&](const ItemView& item, const FetchEffects& effects) {
          seen = See(item);
          seen->effects = effects;
        });
    EXPECT_EQ(found == Found::kHit, seen.has_value());
    return seen;
  }
  PutResult Store(std::string_view key, std::string_view value, PutRequest request = {}) {
    request.key = KeyOf(key);
    request.value = value;
    return store_->Put(request);
  }
};

TEST_F(FetchTest, AMissIsMadeForWhoeverAsksFirst) {
  Open({.memory_limit = 16 * kMiB});
  const FetchRequest request{.create = FetchRequest::Create{.exptime = In(30)}};
  auto seen = Fetch(request, "k");
  ASSERT_TRUE(seen);
  EXPECT_TRUE(seen->effects.created && seen->effects.won);
  EXPECT_EQ(seen->value, "");
  EXPECT_EQ(seen->exptime, In(30));
  seen = Fetch(request, "k");
  EXPECT_FALSE(seen->effects.created || seen->effects.won);
  EXPECT_TRUE(seen->effects.won_before);
  clock_.Advance(31);
  EXPECT_TRUE(Fetch({.create = FetchRequest::Create{.exptime = In(30)}}, "k")->effects.created);
  EXPECT_FALSE(Fetch({}, "none"));
}

TEST_F(FetchTest, OneIsToldToRecacheSoonEnough) {
  Open({.memory_limit = 16 * kMiB});
  ASSERT_EQ(Store("k", "v", {.exptime = In(100)}).status, PutStatus::kStored);
  EXPECT_FALSE(Fetch({.recache_before = In(100)}, "k")->effects.won);
  EXPECT_TRUE(Fetch({.recache_before = In(101)}, "k")->effects.won);
  EXPECT_FALSE(Fetch({.recache_before = In(101)}, "k")->effects.won);
  EXPECT_TRUE(Peek("k")->win_sent);
  ASSERT_EQ(Store("k", "new").status, PutStatus::kStored);
  EXPECT_FALSE(Peek("k")->win_sent);
  EXPECT_FALSE(Fetch({.recache_before = In(1000)}, "k")->effects.won) << "it never dies";
}

TEST_F(FetchTest, AStaleItemKeepsItsValueAndHasOneWinner) {
  for (const size_t bytes : {size_t{10}, size_t{1000}, size_t{300'000}}) {
    SCOPED_TRACE(bytes);
    Open({.memory_limit = 64 * kMiB});
    const std::string value(bytes, 's');
    const PutResult stored = Store("k", value, {.client_flags = 7, .exptime = In(50)});
    const auto result = store_->Delete({.key = KeyOf("k"), .mark_stale = true, .exptime = In(20)});
    EXPECT_EQ(result.status, DeleteStatus::kDone);
    EXPECT_EQ(result.value_size, bytes);
    const auto seen = Peek("k");
    ASSERT_TRUE(seen);
    EXPECT_TRUE(seen->stale);
    EXPECT_EQ(seen->exptime, In(20));
    EXPECT_EQ(seen->client_flags, 7u);
    EXPECT_GT(seen->cas, stored.cas);
    EXPECT_TRUE(seen->value == value);
    EXPECT_TRUE(Fetch({}, "k")->effects.won);
    EXPECT_FALSE(Fetch({}, "k")->effects.won);
    // An old unique may still store, but what it stores is stale too.
    PutRequest late{.compare_cas = stored.cas, .stale_over_newer = true};
    EXPECT_EQ(Store("k", "late", late).status, PutStatus::kStored);
    EXPECT_TRUE(Peek("k")->stale);
    EXPECT_TRUE(Peek("k")->win_sent);
    EXPECT_EQ(Peek("k")->exptime, In(20));
    late.compare_cas = Peek("k")->cas + 1000;
    EXPECT_EQ(Store("k", "x", late).status, PutStatus::kExists);
    late.compare_cas = Peek("k")->cas;
    EXPECT_EQ(Store("k", "fresh", late).status, PutStatus::kStored);
    EXPECT_FALSE(Peek("k")->stale);
  }
}

TEST_F(FetchTest, AChosenCasIsKeptWhole) {
  constexpr uint64_t kChosen = 0xfedcba9876543210;
  for (const size_t bytes : {size_t{5}, size_t{300}, size_t{70'000}, size_t{600'000}}) {
    SCOPED_TRACE(bytes);
    Open({.memory_limit = 64 * kMiB});
    const std::string value(bytes, 'c');
    EXPECT_EQ(Store("k", value, {.new_cas = kChosen}).cas, kChosen);
    EXPECT_EQ(Peek("k")->cas, kChosen);
    ASSERT_EQ(store_->Touch(KeyOf("k"), In(10)), Found::kHit);
    EXPECT_EQ(Peek("k")->cas, kChosen);
    EXPECT_TRUE(Peek("k")->value == value);
    EXPECT_EQ(Store("k", "x", {.compare_cas = kChosen & UINT32_MAX}).status, PutStatus::kExists);
    EXPECT_EQ(Store("k", "+", {.mode = PutMode::kAppend, .compare_cas = kChosen}).status,
              PutStatus::kStored);
    EXPECT_LT(Peek("k")->cas, 1000u) << "the next one again";
    EXPECT_TRUE(Peek("k")->value == value + "+");
  }
}

TEST_F(FetchTest, NumbersWithChosenUniques) {
  Open({.memory_limit = 16 * kMiB});
  ASSERT_EQ(Store("n", "10").status, PutStatus::kStored);
  CountRequest count{.key = KeyOf("n"), .delta = 5, .new_cas = 1ull << 40};
  EXPECT_EQ(store_->Count(count).cas, 1ull << 40);
  EXPECT_EQ(Peek("n")->value, "15");
  EXPECT_EQ(Peek("n")->cas, 1ull << 40);
  count = {.key = KeyOf("n"), .compare_cas = 1};
  EXPECT_EQ(store_->Count(count).status, CountStatus::kExists);
  count.compare_cas = 1ull << 40;
  EXPECT_EQ(store_->Count(count).value, 16u);
  EXPECT_LT(Peek("n")->cas, 1000u);
  count = {.key = KeyOf("new"), .create = CountRequest::Create{.number = 7, .exptime = In(9)}};
  EXPECT_EQ(store_->Count(count).status, CountStatus::kCreated);
  EXPECT_EQ(Peek("new")->value, "7");
  EXPECT_EQ(Peek("new")->exptime, In(9));
}

// Cleaning moves items about; what they carry must come along.
TEST_F(FetchTest, MarksAndUniquesSurviveCleaning) {
  Open({.memory_limit = 8 * kMiB, .eviction = EvictionStrategy::kNone, .shards = 1});
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "k" + std::to_string(i);
    ASSERT_EQ(Store(key, "value" + key,
                    {.new_cas = (1ull << 50) + static_cast<uint64_t>(i), .base64_key = true})
                  .status,
              PutStatus::kStored);
    (void)store_->Delete({.key = KeyOf(key),
                          .mark_stale = true,
                          .new_cas = (1ull << 51) + static_cast<uint64_t>(i)});
  }
  const std::string filler(5000, 'f');
  for (int round = 0; round < 20'000; ++round) {
    (void)Store("filler" + std::to_string(round % 700), filler);
    if (round % 3 == 0) (void)store_->Delete(KeyOf("filler" + std::to_string(round % 500)));
  }
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "k" + std::to_string(i);
    const auto seen = Peek(key);
    ASSERT_TRUE(seen) << key;
    EXPECT_EQ(seen->value, "value" + key);
    EXPECT_EQ(seen->cas, (1ull << 51) + static_cast<uint64_t>(i));
    EXPECT_TRUE(seen->stale && seen->base64_key);
  }
}

TEST_F(FetchTest, AWalkSeesEveryItem) {
  Open({.memory_limit = 64 * kMiB, .shards = 4});
  std::set<std::string> expected;
  for (int i = 0; i < 30'000; ++i) {
    const std::string key = "key" + std::to_string(i);
    ASSERT_EQ(Store(key, key, {.exptime = i % 10 == 0 ? In(5) : 0}).status, PutStatus::kStored);
    if (i % 10 != 0) expected.insert(key);
  }
  clock_.Advance(6);
  std::set<std::string> seen;
  Store::ScanCursor cursor;
  const auto visit = [&](std::string_view key, const ItemView& item) {
    EXPECT_EQ(See(item).value, key);
    EXPECT_TRUE(seen.emplace(key).second) << key;
  };
  while (store_->ScanPart(&cursor, visit)) {
  }
  EXPECT_EQ(seen, expected);
}

// Per size class, the same sums as in all.
TEST_F(FetchTest, FiguresByClassAddUp) {
  Open({.memory_limit = 8 * kMiB, .shards = 2});
  std::mt19937 random(3);
  for (int i = 0; i < 60'000; ++i) {
    const std::string key = "k" + std::to_string(random() % 5000);
    switch (random() % 8) {
      case 0:
        (void)store_->Delete(KeyOf(key));
        break;
      case 1:
        (void)store_->Touch(KeyOf(key), In(random() % 20));
        break;
      default:
        (void)Store(key, std::string(random() % 3000, 'v'), {.exptime = random() % 3 ? 0 : In(5)});
    }
    if (i % 5000 == 0) clock_.Advance(1);
    if (i == 40'000) store_->Flush();
  }
  const ShardStats total = Stats();
  const ClassTable table = store_->StatsByClass();
  ClassStats sum;
  uint64_t items = 0;
  for (const ClassStats& in_class : table) {
    items += in_class.items_in_all();
    sum.item_bytes += in_class.item_bytes;
    sum.evicted += in_class.evicted;
    sum.evicted_unfetched += in_class.evicted_unfetched;
    sum.reclaimed += in_class.reclaimed;
    sum.reused += in_class.reused;
  }
  EXPECT_EQ(items, total.items);
  EXPECT_EQ(sum.item_bytes, total.item_bytes);
  EXPECT_EQ(sum.evicted, total.evictions);
  EXPECT_GT(sum.evicted, 100u);
  EXPECT_EQ(sum.evicted_unfetched, total.evicted_unfetched);
  EXPECT_EQ(sum.reclaimed, total.reclaimed);
  EXPECT_EQ(sum.reused, total.reused);
}

}  // namespace
}  // namespace rat_memcache::store
