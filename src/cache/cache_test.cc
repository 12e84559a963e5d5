// SPDX-License-Identifier: LGPL-3.0-or-later
#include "cache/cache.h"

#include <gtest/gtest.h>

namespace rat_memcache::cache {
namespace {

class CacheTest : public ::testing::Test {
 protected:
  CacheTest() : cache_(std::move(Cache::Open({}, &clock_)).value()) {}

  void Put(std::string_view key) {
    EXPECT_EQ(cache_->Put({.key = cache_->MakeKey(key), .value = "v"}).status, PutStatus::kStored);
  }
  bool Has(std::string_view key) {
    return cache_->Get(cache_->MakeKey(key), [](const ItemView&) {}) == Found::kHit;
  }
  void Pass(uint32_t seconds) {
    for (uint32_t i = 0; i < seconds; ++i) {
      cache_->Tick(clock_.Now() + 1);
    }
  }

  CoarseClock clock_;
  std::unique_ptr<Cache> cache_;
};

TEST_F(CacheTest, FlushInTheFutureTakesWhatIsThereThen) {
  Put("before");
  cache_->FlushAt(clock_.Now() + 3);
  Put("after the command");
  Pass(2);
  EXPECT_TRUE(Has("before"));
  Pass(1);
  EXPECT_FALSE(Has("before"));
  EXPECT_FALSE(Has("after the command"));
  Put("later");
  Pass(10);
  EXPECT_TRUE(Has("later"));
}

TEST_F(CacheTest, ANewFlushTakesThePlaceOfAPendingOne) {
  Put("k");
  cache_->FlushAt(clock_.Now() + 3);
  cache_->FlushAt(clock_.Now() + 6);
  Pass(5);
  EXPECT_TRUE(Has("k"));
  cache_->Flush();
  EXPECT_FALSE(Has("k"));
  Put("k");
  Pass(5);
  EXPECT_TRUE(Has("k"));
}

}  // namespace
}  // namespace rat_memcache::cache
