// stats items, slabs, sizes, cachedump, detail and conns.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/class_stats.h"

#include <algorithm>
#include <string>

#include "command/executor_for_test.h"

namespace rat_memcache::command {
namespace {

class ClassStatsTest : public ExecutorForTest {
 protected:
  ClassStatsTest() { Open(); }
};

TEST_F(ClassStatsTest, AnEmptyCacheHasNoClasses) {
  EXPECT_EQ(Talk("stats items\r\n"), "END\r\n");
  EXPECT_EQ(Talk("stats slabs\r\n"), "STAT active_slabs 0\r\nSTAT total_malloced 0\r\nEND\r\n");
}

TEST_F(ClassStatsTest, ItemsAreCountedByClass) {
  for (int i = 0; i < 10; ++i) {
    Set("small" + std::to_string(i), 10);
  }
  Set("large", 1000, 50);
  Pass(7);
  auto items = StatsOf("items");
  EXPECT_EQ(items["items:1:number"], "10");
  EXPECT_EQ(items["items:1:mem_requested"], std::to_string(10 * (56 + 7 + 12)));
  EXPECT_EQ(items["items:12:number"], "1");
  EXPECT_EQ(items["items:12:age"], "7");
  const auto number = [&](const std::string& name) { return std::stoi(items["items:1:" + name]); };
  EXPECT_EQ(number("number_hot") + number("number_warm") + number("number_cold"), 10);
  // Overwritten in place, by another size, and gone.
  Set("small0", 11);
  Set("large", 5);
  Talk("delete small1\r\n");
  items = StatsOf("items");
  EXPECT_EQ(items["items:1:number"], "10");
  EXPECT_FALSE(items.contains("items:12:number"));
  // The pages stay.
  EXPECT_EQ(StatsOf("slabs")["12:total_pages"], "1");
  EXPECT_EQ(StatsOf("slabs")["12:used_chunks"], "0");
  Talk("flush_all\r\n");
  EXPECT_EQ(Talk("stats items\r\n"), "END\r\n");
  EXPECT_EQ(StatsOf("slabs")["total_malloced"], std::to_string(2 << 20));
}

TEST_F(ClassStatsTest, CommandsAreCountedByClass) {
  Set("k", 1000);
  Set("n", 1);
  Talk("get k\r\nget k n\r\ngat 0 k\r\ntouch k 0\r\nset n 0 0 1\r\n1\r\nincr n 1\r\ndecr n 1\r\n");
  Talk("cas k 0 0 1 99\r\nx\r\nmg k v\r\ndelete k\r\n");
  auto slabs = StatsOf("slabs");
  EXPECT_EQ(slabs["12:get_hits"], "3");
  EXPECT_EQ(slabs["12:cmd_set"], "1");
  EXPECT_EQ(slabs["12:touch_hits"], "2");
  EXPECT_EQ(slabs["12:cas_badval"], "1");
  EXPECT_EQ(slabs["12:delete_hits"], "1");
  EXPECT_EQ(slabs["1:get_hits"], "1");
  EXPECT_EQ(slabs["1:incr_hits"], "1");
  EXPECT_EQ(slabs["1:decr_hits"], "1");
  EXPECT_EQ(slabs["1:chunk_size"], "96");
  EXPECT_EQ(slabs["1:chunks_per_page"], "10922");
  EXPECT_EQ(slabs["active_slabs"], "2");
  Talk("stats reset\r\n");
  EXPECT_EQ(StatsOf("slabs")["12:get_hits"], "0");
}

TEST_F(ClassStatsTest, EvictionsAreCountedByClass) {
  config::ServerOptions options;
  options.memory_limit = size_t{8} << 20;
  options.item_size_max = 1 << 20;
  Open(options);
  for (int i = 0; i < 30'000; ++i) {
    Talk("set key" + std::to_string(i) + " 0 " + (i % 2 == 0 ? "0" : "1000") + " 500 noreply\r\n" +
         std::string(500, 'v') + "\r\n");
  }
  auto items = StatsOf("items");
  const uint64_t evicted = std::stoull(items["items:9:evicted"]);
  EXPECT_EQ(evicted, StatOf("", "evictions"));
  EXPECT_GT(evicted, 10'000u);
  EXPECT_GT(std::stoull(items["items:9:evicted_nonzero"]), evicted / 4);
  EXPECT_EQ(std::stoull(items["items:9:evicted_unfetched"]), evicted);
}

TEST_F(ClassStatsTest, SizesAreShownIfTheyAreTracked) {
  EXPECT_EQ(Talk("stats sizes\r\n"), "STAT sizes_status disabled\r\nEND\r\n");
  config::ServerOptions options;
  options.hints.track_sizes = true;
  Open(options);
  Set("k", 5);  // 56 + 1 + 1 + 5 + 2 = 65
  Set("kk", 5);
  Set("big", 1000);
  EXPECT_EQ(Talk("stats sizes\r\n"), "STAT 96 2\r\nSTAT 1088 1\r\nEND\r\n");
}

TEST_F(ClassStatsTest, CacheDumpShowsItemsOfAClass) {
  Set("k", 5, 100);
  Set("big", 1000);
  const std::string when = std::to_string(context_.unix_at_zero + cache_->Now() + 100);
  EXPECT_EQ(Talk("stats cachedump 1 0\r\n"), "ITEM k [5 b; " + when + " s]\r\nEND\r\n");
  EXPECT_EQ(Talk("stats cachedump 12 10\r\n"), "ITEM big [1000 b; 0 s]\r\nEND\r\n");
  EXPECT_EQ(Talk("stats cachedump 63 10\r\n"), "END\r\n");
  EXPECT_EQ(Talk("stats cachedump 64 10\r\n"), "CLIENT_ERROR Illegal slab id\r\n");
  EXPECT_EQ(Talk("stats cachedump 1\r\n"), "CLIENT_ERROR bad command line\r\n");
  EXPECT_EQ(Talk("stats cachedump x 1\r\n"), "CLIENT_ERROR bad command line format\r\n");
  for (int i = 0; i < 100; ++i) {
    Set("key" + std::to_string(i), 5);
  }
  const std::string ten = Talk("stats cachedump 1 10\r\n");
  EXPECT_EQ(std::count(ten.begin(), ten.end(), '\n'), 11);
}

TEST_F(ClassStatsTest, DetailsByPrefix) {
  Talk("set off:k 0 0 1\r\nx\r\n");
  EXPECT_EQ(Talk("stats detail dump\r\n"), "END\r\n");
  EXPECT_EQ(Talk("stats detail on\r\n"), "OK\r\n");
  Talk("set a:k 0 0 1\r\nx\r\nget a:k\r\nget a:none\r\nget plain\r\nmg a:k\r\ndelete b:x\r\n");
  EXPECT_EQ(Talk("stats detail dump\r\n"),
            "PREFIX a get 2 hit 1 set 1 del 0\r\nPREFIX b get 0 hit 0 set 0 del 1\r\nEND\r\n");
  EXPECT_EQ(Talk("stats detail off\r\n"), "OK\r\n");
  Talk("get a:k\r\n");
  EXPECT_EQ(Talk("stats detail dump\r\n").substr(0, 14), "PREFIX a get 2");
  EXPECT_EQ(Talk("stats detail\r\n"), "CLIENT_ERROR usage: stats detail on|off|dump\r\n");
  Talk("stats reset\r\n");
  EXPECT_EQ(Talk("stats detail dump\r\n"), "END\r\n");
}

TEST_F(ClassStatsTest, WhatCanBeForbidden) {
  config::ServerOptions options;
  options.dump_enabled = false;
  Open(options);
  EXPECT_EQ(Talk("stats cachedump 1 1\r\n"), "CLIENT_ERROR stats cachedump not allowed\r\n");
  EXPECT_EQ(Talk("stats detail on\r\n"), "CLIENT_ERROR stats detail not allowed\r\n");
}

}  // namespace
}  // namespace rat_memcache::command
