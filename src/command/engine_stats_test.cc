// stats l1, ttl, memory and rat: that each name is there, and counts what it says.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <map>
#include <string>
#include <string_view>

#include "base/version.h"
#include "command/executor_for_test.h"
#include "store/shard.h"

namespace rat_memcache::command {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

class EngineStatsTest : public ExecutorForTest {
 protected:
  void OpenSmall() {
    config::ServerOptions options;
    options.memory_limit = 8 * kMiB;
    options.item_size_max = kMiB;
    options.threads = 1;
    Open(options);
  }
  void SetMany(const std::string& prefix, int items, size_t bytes, uint32_t exptime = 0) {
    for (int i = 0; i < items; ++i) {
      ASSERT_NO_FATAL_FAILURE(Set(prefix + std::to_string(i), bytes, exptime));
    }
  }
};

TEST_F(EngineStatsTest, RatIsAllThree) {
  Open();
  const auto all = StatsOf("rat");
  EXPECT_EQ(all.at("rat_memcache_version"), kVersion);
  size_t lines = 1;
  for (const char* word : {"l1", "ttl", "memory"}) {
    const auto part = StatsOf(word);
    EXPECT_FALSE(part.contains("rat_memcache_version"));
    for (const auto& [name, value] : part) {
      EXPECT_TRUE(all.contains(name)) << name;
    }
    lines += part.size();
  }
  EXPECT_EQ(all.size(), lines) << "no name stands for two things";
}

TEST_F(EngineStatsTest, OtherWordsAreUnknown) {
  Open();
  for (const char* word : {"l2", "L1", "rats", "memor", "ttls", "l"}) {
    EXPECT_EQ(Talk("stats " + std::string(word) + "\r\n"), "ERROR\r\n") << word;
  }
}

TEST_F(EngineStatsTest, TheTierTellsOfItself) {
  OpenSmall();
  SetMany("k", 100, 1000);
  auto stats = StatsOf("l1");
  EXPECT_EQ(stats["shards"], "1");
  EXPECT_EQ(stats["entry_count"], "100");
  EXPECT_EQ(stats["max_memory"], std::to_string(8 * kMiB));
  EXPECT_EQ(stats["memory_usage"], std::to_string(cache_->Stats().total.live_bytes));
  EXPECT_EQ(stats["eviction_strategy"], "Adaptive");
  EXPECT_EQ(stats["eviction_at_work"], "S3Fifo");
  EXPECT_EQ(stats["eviction_switches"], "0");
  EXPECT_GT(std::stoull(stats["pool0_bytes"]), 100'000u);
  EXPECT_EQ(std::stoull(stats["pool0_bytes"]) % std::stoull(stats["segment_bytes"]), 0u);
  EXPECT_EQ(stats["pool1_bytes"], "0");
  EXPECT_EQ(stats["miss_ratio"], "0.0000");
  EXPECT_FALSE(stats.contains("miss_ratio_half_memory")) << "nobody has missed anything";
}

TEST_F(EngineStatsTest, HitsAreCountedByQueue) {
  OpenSmall();
  SetMany("k", 3, 100);
  Talk("get k0\r\nget k0 k1 nothing\r\nget nothing\r\n");
  const auto stats = StatsOf("l1");
  EXPECT_EQ(stats.at("pool0_hits"), "3");
  EXPECT_EQ(stats.at("pool1_hits"), "0");
  EXPECT_EQ(stats.at("pool2_hits"), "0");
  EXPECT_EQ(stats.at("miss_ratio"), "0.4000");
}

TEST_F(EngineStatsTest, RemovalsAreCountedByReason) {
  OpenSmall();
  SetMany("deleted", 3, 100);
  Talk("delete deleted0\r\ndelete deleted1\r\ndelete deleted1\r\n");
  SetMany("asked", 4, 100, 5);
  SetMany("searched", 6, 100, 10);
  clock_.Advance(5);
  Talk("get asked0 asked1 asked2 asked3\r\n");
  clock_.Advance(4);
  Pass(20);
  auto l1 = StatsOf("l1");
  EXPECT_EQ(l1["removed_deleted"], "2");
  EXPECT_EQ(l1["removed_expired"], "10");
  EXPECT_EQ(l1["removed_flushed"], "0");
  EXPECT_EQ(l1["removed_evicted"], "0");
  auto ttl = StatsOf("ttl");
  EXPECT_EQ(ttl["total_expired"], "10");
  EXPECT_EQ(ttl["lazy_expired"], "4");
  EXPECT_EQ(ttl["active_expired"], "6");
  EXPECT_EQ(ttl["managed_keys"], "0");

  Talk("flush_all\r\n");
  Pass(20);
  l1 = StatsOf("l1");
  EXPECT_EQ(l1["removed_flushed"], "1");
  EXPECT_EQ(l1["entry_count"], "0");

  SetMany("many", 12'000, 1000);
  l1 = StatsOf("l1");
  const uint64_t evicted = std::stoull(l1["removed_evicted"]);
  EXPECT_GT(evicted, 4000u);
  EXPECT_EQ(std::stoull(l1["entry_count"]) + evicted, 12'000u);
  EXPECT_EQ(l1["removed_evicted"], l1["evicted_never_read"]);
  EXPECT_EQ(l1["pool0_evictions"], l1["removed_evicted"]);
  EXPECT_EQ(StatOf("", "evictions"), evicted);

  Talk("stats reset\r\n");
  l1 = StatsOf("l1");
  for (const char* name : {"removed_deleted", "removed_expired", "removed_flushed",
                           "removed_evicted", "evicted_never_read", "ghost_hits"}) {
    EXPECT_EQ(l1[name], "0") << name;
  }
  EXPECT_EQ(std::stoull(l1["entry_count"]), 12'000 - evicted);
}

// One line per age, and every eviction in one of them.
TEST_F(EngineStatsTest, EvictionsAreCountedByAge) {
  OpenSmall();
  const auto by_age = [&] {
    std::map<std::string, uint64_t> counts;
    for (const auto& [name, value] : StatsOf("l1")) {
      constexpr std::string_view kPrefix = "evicted_idle_below_";
      if (name.starts_with(kPrefix)) counts[name.substr(kPrefix.size())] = std::stoull(value);
    }
    return counts;
  };
  SetMany("old", 6000, 1000);
  EXPECT_EQ(by_age().size(), store::kEvictionAges.size());
  clock_.Advance(700);  // above 600, below 3600
  // More than memory holds: all of the old go, and some of the young.
  Talk("lru eviction fifo\r\n");
  SetMany("young", 16'000, 1000);
  const auto counts = by_age();
  const uint64_t evicted = StatOf("l1", "removed_evicted");
  EXPECT_EQ(counts.at("3600"), 6000u);
  EXPECT_EQ(counts.at("60"), evicted - 6000);
  EXPECT_EQ(counts.at("600") + counts.at("21600") + counts.at("ever"), 0u);
  EXPECT_EQ(StatOf("l1", "evicted_idle_last"), 0u);
}

TEST_F(EngineStatsTest, LivesAreCounted) {
  config::ServerOptions options;
  options.ttl = {.default_ttl = 60, .max_ttl = 3600};
  Open(options);
  SetMany("default", 3, 10);
  SetMany("longer", 2, 10, 10'000);
  Talk("touch default0 10000\r\ngat 0 default1\r\n");
  auto stats = StatsOf("ttl");
  EXPECT_EQ(stats["managed_keys"], "5");
  EXPECT_EQ(stats["ttl_clamped"], "4");
  EXPECT_EQ(stats["default_ttl"], "60");
  EXPECT_EQ(stats["max_ttl"], "3600");
  EXPECT_EQ(stats["cleanup_runs"], "0");
  EXPECT_EQ(stats["avg_cleanup_time_ms"], "0.0000");
  Pass(3);
  EXPECT_EQ(StatsOf("ttl")["cleanup_runs"], "3");
  Pass(60);
  EXPECT_EQ(StatsOf("ttl")["managed_keys"], "4");
  Talk("stats reset\r\n");
  EXPECT_EQ(StatsOf("ttl")["ttl_clamped"], "0");
  EXPECT_EQ(StatsOf("ttl")["cleanup_runs"], "0");
  EXPECT_EQ(StatsOf("ttl")["managed_keys"], "4");
}

TEST_F(EngineStatsTest, FlushedItemsCanExpireNoMore) {
  Open();
  SetMany("k", 5, 10, 100);
  EXPECT_EQ(StatsOf("ttl")["managed_keys"], "5");
  Talk("flush_all\r\n");
  EXPECT_EQ(StatsOf("ttl")["managed_keys"], "0");
}

TEST_F(EngineStatsTest, MemoryIsAccountedFor) {
  OpenSmall();
  cache_->ChargeExternal(123'456);
  SetMany("k", 2000, 1000);
  for (int i = 0; i < 2000; i += 4) {
    Talk("delete k" + std::to_string(i) + "\r\n");
  }
  auto stats = StatsOf("memory");
  const auto number = [&](const std::string& name) {
    EXPECT_TRUE(stats.contains(name)) << name;
    return std::stoull(stats[name]);
  };
  EXPECT_EQ(number("memory_limit"), 8 * kMiB);
  EXPECT_EQ(number("memory_granted"), 8 * kMiB);
  EXPECT_GE(number("memory_items"), 1500u * 1000);
  EXPECT_LE(number("memory_items"), 1500u * 1030);
  EXPECT_GE(number("memory_dead"), 500u * 1000);
  EXPECT_EQ(number("memory_connections"), 123'456u);
  EXPECT_EQ(number("memory_process"), 1'000'000u);
  EXPECT_GT(number("memory_index"), 2000u * 8);
  EXPECT_GT(number("memory_models"), 0u);
  uint64_t sum = 0;
  for (const char* part :
       {"memory_items", "memory_dead", "memory_free", "memory_index", "memory_ghosts",
        "memory_segment_headers", "memory_models", "memory_connections", "memory_process"}) {
    sum += number(part);
  }
  EXPECT_EQ(number("memory_sum"), sum);
  EXPECT_EQ(std::stoll(stats["memory_unaccounted"]),
            static_cast<int64_t>(number("memory_resident")) - static_cast<int64_t>(sum));
}

TEST_F(EngineStatsTest, ASmallLimitGrantsAPagePerSizeClass) {
  config::ServerOptions options;
  options.memory_limit = 2 * kMiB;
  Open(options);
  for (const size_t bytes : {10, 60, 200, 500, 1000, 3000}) {
    SetMany("k" + std::to_string(bytes) + "_", 1, bytes);
  }
  EXPECT_EQ(StatOf("memory", "memory_limit"), 2 * kMiB);
  EXPECT_EQ(StatOf("memory", "memory_granted"), 6 * kMiB + kMiB / 2);
  EXPECT_EQ(StatOf("l1", "max_memory"), 2 * kMiB);
  EXPECT_EQ(StatOf("", "limit_maxbytes"), 2 * kMiB);
}

TEST_F(EngineStatsTest, TheCurveOfMissesIsShownWhenThereIsOne) {
  config::ServerOptions options;
  options.eviction = config::EvictionStrategy::kLru;
  Open(options);
  // Four times what fits, one after the other: at any size LRU misses all of it.
  for (int i = 0; i < 80'000; ++i) {
    const std::string key = "k" + std::to_string(i);
    Talk("get " + key + "\r\nset " + key + " 0 0 1000 noreply\r\n" + std::string(1000, 'v') +
         "\r\n");
  }
  const auto stats = StatsOf("l1");
  ASSERT_TRUE(stats.contains("miss_ratio_half_memory"));
  EXPECT_EQ(stats.at("miss_ratio"), "1.0000");
  EXPECT_EQ(stats.at("miss_ratio_half_memory"), "1.0000");
  EXPECT_EQ(stats.at("miss_ratio_twice_memory"), "1.0000");
}

}  // namespace
}  // namespace rat_memcache::command
