// SPDX-License-Identifier: LGPL-3.0-or-later
#include "config/eviction_strategy.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace rat_memcache::config {
namespace {

TEST(EvictionStrategyNames, EveryNameIsReadBack) {
  std::set<std::string_view> names;
  for (const EvictionStrategy strategy : kAllEvictionStrategies) {
    const std::string_view name = NameOf(strategy);
    EXPECT_FALSE(name.empty());
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(ParseEvictionStrategy(name), strategy) << name;
  }
  EXPECT_EQ(names.size(), 10u);
}

TEST(EvictionStrategyNames, CaseAndDashesDoNotMatter) {
  for (const char* text : {"S3Fifo", "s3fifo", "S3-FIFO", "s3_fifo", "S3FIFO", "-s3--fifo_"}) {
    EXPECT_EQ(ParseEvictionStrategy(text), EvictionStrategy::kS3Fifo) << text;
  }
  EXPECT_EQ(ParseEvictionStrategy("tiny_lfu"), EvictionStrategy::kTinyLfu);
  EXPECT_EQ(ParseEvictionStrategy("LRU"), EvictionStrategy::kLru);
  EXPECT_EQ(ParseEvictionStrategy("lru-lfu"), EvictionStrategy::kLruLfu);
  EXPECT_EQ(ParseEvictionStrategy("TTL_BASED"), EvictionStrategy::kTtlBased);
  EXPECT_EQ(ParseEvictionStrategy("none"), EvictionStrategy::kNone);
}

TEST(EvictionStrategyNames, HaveAliases) {
  EXPECT_EQ(ParseEvictionStrategy("hybrid"), EvictionStrategy::kLruLfu);
  EXPECT_EQ(ParseEvictionStrategy("Hybrid"), EvictionStrategy::kLruLfu);
  EXPECT_EQ(ParseEvictionStrategy("LRFU"), EvictionStrategy::kLruLfu);
  EXPECT_EQ(ParseEvictionStrategy("ttl"), EvictionStrategy::kTtlBased);
}

TEST(EvictionStrategyNames, NothingElseIsOne) {
  for (const char* text :
       {"", "-", "_", "lr", "lruu", "lru ", " lru", "s3", "fifo2", "lru,lfu", "0", "default"}) {
    EXPECT_EQ(ParseEvictionStrategy(text), std::nullopt) << text;
  }
}

TEST(EvictionStrategyNames, AreListedForErrorTexts) {
  const std::string names = EvictionStrategyNames();
  EXPECT_TRUE(names.starts_with("Fifo, Clock, ")) << names;
  EXPECT_TRUE(names.ends_with(", None")) << names;
  for (const EvictionStrategy strategy : kAllEvictionStrategies) {
    EXPECT_NE(names.find(NameOf(strategy)), std::string::npos);
  }
}

}  // namespace
}  // namespace rat_memcache::config
