// cache_memlimit and `lru eviction`: the engine changed while it works.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <string>

#include "command/executor_for_test.h"

namespace rat_memcache::command {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

class EngineCommandsTest : public ExecutorForTest {};

TEST_F(EngineCommandsTest, CacheMemlimitSetsTheLimitInMegabytes) {
  Open();
  EXPECT_EQ(Talk("cache_memlimit 32\r\n"), "OK\r\n");
  EXPECT_EQ(cache_->Stats().memory_limit, 32 * kMiB);
  EXPECT_EQ(StatOf("", "limit_maxbytes"), 32 * kMiB);
  EXPECT_EQ(StatOf("settings", "maxbytes"), 32 * kMiB);
  EXPECT_EQ(Talk("cache_memlimit 100 noreply\r\nversion\r\n").find("VERSION"), 0u);
  EXPECT_EQ(cache_->Stats().memory_limit, 100 * kMiB);
}

TEST_F(EngineCommandsTest, CacheMemlimitHasBounds) {
  Open();
  const std::string too_small = "MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m\r\n";
  const std::string in_bytes = "MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes\r\n";
  const std::string out_of_bounds = "MEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust\r\n";
  EXPECT_EQ(Talk("cache_memlimit 7\r\n"), too_small);
  EXPECT_EQ(Talk("cache_memlimit 0\r\n"), too_small);
  EXPECT_EQ(Talk("cache_memlimit 1000000001\r\n"), in_bytes);
  EXPECT_EQ(Talk("cache_memlimit 4294967295\r\n"), in_bytes);
  EXPECT_EQ(Talk("cache_memlimit 1000000000\r\n"), out_of_bounds);
  EXPECT_EQ(Talk("cache_memlimit 1025\r\n"), out_of_bounds) << "1 GiB is what there is";
  EXPECT_EQ(Talk("cache_memlimit x\r\n"), "ERROR\r\n");
  EXPECT_EQ(Talk("cache_memlimit 7 noreply\r\ncache_memlimit noreply\r\n"), "");
  EXPECT_EQ(cache_->Stats().memory_limit, 64 * kMiB);
  EXPECT_EQ(Talk("cache_memlimit 8\r\n"), "OK\r\n");
  EXPECT_EQ(Talk("cache_memlimit 1024\r\n"), "OK\r\n");
  EXPECT_EQ(StatOf("memory", "memory_limit_max"), 1024 * kMiB);
}

TEST_F(EngineCommandsTest, LruEvictionChangesTheStrategy) {
  Open();
  EXPECT_EQ(StatsOf("l1")["eviction_strategy"], "Adaptive");
  for (const config::EvictionStrategy strategy : config::kAllEvictionStrategies) {
    const std::string name(config::NameOf(strategy));
    EXPECT_EQ(Talk("lru eviction " + name + "\r\n"), "OK\r\n");
    EXPECT_EQ(StatsOf("l1")["eviction_strategy"], name);
    EXPECT_EQ(StatsOf("settings")["evictions"],
              strategy == config::EvictionStrategy::kNone ? "off" : "on");
  }
  EXPECT_EQ(Talk("lru eviction HYBRID\r\n"), "OK\r\n");
  EXPECT_EQ(StatsOf("l1")["eviction_strategy"], "LruLfu");
  EXPECT_EQ(StatsOf("l1")["eviction_at_work"], "LruLfu");
}

TEST_F(EngineCommandsTest, LruEvictionKeepsTheItems) {
  Open();
  for (int i = 0; i < 1000; ++i) {
    Set("k" + std::to_string(i), 100);
  }
  EXPECT_EQ(Talk("lru eviction lfu\r\n"), "OK\r\n");
  EXPECT_EQ(Talk("lru eviction tiny-lfu\r\n"), "OK\r\n");
  for (int i = 0; i < 1000; ++i) {
    ASSERT_NE(Talk("get k" + std::to_string(i) + "\r\n"), "END\r\n") << i;
  }
}

TEST_F(EngineCommandsTest, LruThatIsWrong) {
  Open();
  const std::string names = "CLIENT_ERROR unknown eviction strategy; there are " +
                            config::EvictionStrategyNames() + "\r\n";
  EXPECT_EQ(Talk("lru eviction belady\r\n"), names);
  EXPECT_EQ(Talk("lru eviction lru lfu\r\n"), names);
  for (const char* line : {"lru\r\n", "lru eviction\r\n", "lru evict lru\r\n"}) {
    EXPECT_EQ(Talk(line), "ERROR\r\n") << line;
  }
  EXPECT_EQ(StatsOf("l1")["eviction_strategy"], "Adaptive");
}

// memcached says nothing to an lru command that ends with noreply, right or wrong.
TEST_F(EngineCommandsTest, LruMayBeSilent) {
  Open();
  EXPECT_EQ(Talk("lru eviction lru noreply\r\n"), "");
  EXPECT_EQ(StatsOf("l1")["eviction_strategy"], "Lru");
  EXPECT_EQ(Talk("lru eviction belady noreply\r\n"), "");
  EXPECT_EQ(Talk("lru mode flat noreply\r\n"), "");
}

TEST_F(EngineCommandsTest, WithoutEvictionASetIsRefusedAndTakesTheOldValueWithIt) {
  config::ServerOptions options;
  options.memory_limit = 8 * kMiB;
  options.eviction = config::EvictionStrategy::kNone;
  Open(options);
  const std::string refused = "SERVER_ERROR out of memory storing object\r\n";
  const std::string body = " 0 0 2000\r\n" + std::string(2000, 'v') + "\r\n";
  int stored = 0;
  while (Talk("set k" + std::to_string(stored) + body) == "STORED\r\n") {
    ++stored;
  }
  EXPECT_GT(stored, 3000);
  EXPECT_EQ(Talk("add new" + body), refused);
  EXPECT_EQ(Talk("set new" + body), refused);
  EXPECT_EQ(Talk("append k1 0 0 2000\r\n" + std::string(2000, 'v') + "\r\n"), refused);
  EXPECT_NE(Talk("get k1\r\n"), "END\r\n");
  EXPECT_EQ(Talk("set k1 0 0 4000\r\n" + std::string(4000, 'v') + "\r\n"), refused);
  EXPECT_EQ(Talk("get k1\r\n"), "END\r\n");
  EXPECT_EQ(StatOf("", "evictions"), 0u);
  EXPECT_GE(StatOf("", "store_no_memory"), 4u);
  EXPECT_GE(StatOf("l1", "stores_without_memory"), 4u);
}

}  // namespace
}  // namespace rat_memcache::command
