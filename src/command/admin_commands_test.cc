// Administration by text: what is said, and what it does.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/admin_commands.h"

#include <algorithm>
#include <set>
#include <string>

#include "command/executor_for_test.h"

namespace rat_memcache::command {
namespace {

const std::string kOk = "OK\r\n";
const std::string kError = "ERROR\r\n";
const std::string kBadLine = "CLIENT_ERROR bad command line format\r\n";

class AdminCommandsTest : public ExecutorForTest {
 protected:
  AdminCommandsTest() { Open(); }
};

TEST_F(AdminCommandsTest, WhatOursHasNoCounterpartForIsCheckedAndKept) {
  for (const char* line :
       {"slabs reassign 1 5", "slabs reassign -1 5", "slabs automove 0", "slabs automove 2",
        "slabs automove ratio 0.5", "slabs automove freeratio 0.02", "slabs automove window 30",
        "lru tune 10 20 0.1 3.0", "lru mode flat", "lru mode segmented", "lru temp_ttl 30",
        "lru temp_ttl -1", "lru_crawler sleep 1000000", "lru_crawler tocrawl 100",
        "extstore item_size 100", "extstore max_frag 0.5", "extstore free_memchunks 1 2",
        "extstore drop_unread 1"}) {
    EXPECT_EQ(Talk(line + std::string("\r\n")), kOk) << line;
    EXPECT_EQ(Talk(line + std::string(" noreply\r\n")), "") << line;
  }
  const config::EngineHints hints = tunables_->hints();
  EXPECT_EQ(hints.slab_automove, 2u);
  EXPECT_EQ(hints.slab_automove_ratio, 0.5);
  EXPECT_EQ(hints.slab_automove_window, 30u);
  EXPECT_EQ(hints.hot_lru_pct, 10u);
  EXPECT_EQ(hints.warm_max_factor, 3.0);
  EXPECT_EQ(hints.temporary_ttl, 30u);
  EXPECT_FALSE(hints.temp_lru);
  EXPECT_EQ(hints.lru_crawler_sleep, 1'000'000u);
  EXPECT_EQ(tunables_->extstore().item_size, 100u);
  EXPECT_TRUE(tunables_->extstore().drop_unread);
}

TEST_F(AdminCommandsTest, FaultsHaveMemcachedsWords) {
  const std::pair<const char*, std::string> lines[] = {
      {"slabs", kError},
      {"slabs reassign 1", kError},
      {"slabs reassign x 1", kBadLine},
      {"slabs reassign 1 1", "SAME src and dst class are identical\r\n"},
      {"slabs reassign 1 200", "BADCLASS invalid src or dst class id\r\n"},
      {"slabs automove", kError},
      {"slabs automove x", kBadLine},
      {"slabs automove 3", kError},
      {"slabs automove ratio x", kError},
      {"slabs automove window 2", "CLIENT_ERROR automove window too low or too high\r\n"},
      {"lru", kError},
      {"lru tune 10 20 0.1", kError},
      {"lru tune 50 31 1 1", "ERROR hot and warm pcts must not exceed 80\r\n"},
      {"lru tune 10 20 0 1", "ERROR hot/warm age factors must be greater than 0\r\n"},
      {"lru mode other", kError},
      {"lru_crawler", kError},
      {"lru_crawler other", kError},
      {"lru_crawler enable", "ERROR failed to start lru crawler thread\r\n"},
      {"lru_crawler sleep x", kBadLine},
      {"lru_crawler sleep 1000001", "CLIENT_ERROR sleep must be one second or less\r\n"},
      {"lru_crawler crawl 0", "BADCLASS invalid class id\r\n"},
      {"lru_crawler crawl 64", "BADCLASS invalid class id\r\n"},
      {"lru_crawler crawl 1,x", "BADCLASS invalid class id\r\n"},
      {"lru_crawler crawl hash", "ERROR an unknown error happened\r\n"},
      {"lru_crawler metadump 0", "BADCLASS invalid class id\r\n"},
      {"extstore item_size", kError},
      {"extstore item_size x", kError},
      {"extstore other 1", kError},
      {"refresh_certs", "Error TLS not enabled\r\n"},
      {"shutdown", "SERVER_ERROR: shutdown not enabled\r\n"},
      {"debugtime p", kError},
      {"misbehave", kError}};
  for (const auto& [line, reply] : lines) {
    EXPECT_EQ(Talk(line + std::string("\r\n")), reply) << line;
  }
}

TEST_F(AdminCommandsTest, TheCrawlerCanBeSwitchedOffAndAsked) {
  EXPECT_EQ(Talk("lru_crawler disable\r\n"), kOk);
  EXPECT_EQ(Talk("lru_crawler crawl all\r\n"), "CLIENT_ERROR lru crawler disabled\r\n");
  Set("k", 10, 5);
  Pass(10);
  EXPECT_EQ(StatOf("", "curr_items"), 1u) << "nobody looks";
  EXPECT_EQ(Talk("lru_crawler enable\r\n"), kOk);
  EXPECT_EQ(Talk("lru_crawler crawl 1\r\n"), kOk);
  Pass(1);
  EXPECT_EQ(StatOf("", "curr_items"), 0u);
}

TEST_F(AdminCommandsTest, AShutdownMustBeAllowed) {
  config::ServerOptions options;
  options.shutdown_enabled = true;
  Open(options);
  EXPECT_EQ(Talk("shutdown now\r\n"), "CLIENT_ERROR invalid shutdown mode\r\n");
  EXPECT_FALSE(closed_);
  EXPECT_EQ(Talk("shutdown\r\n"), "");
  EXPECT_TRUE(closed_);
  EXPECT_EQ(stopped_, "at once");
  EXPECT_EQ(Talk("shutdown graceful\r\n"), "");
  EXPECT_EQ(stopped_, "graceful");
}

// --- Dumps ---

TEST_F(AdminCommandsTest, ADumpShowsWhatIsKnownOfAnItem) {
  Set("a b"[0] + std::string("/\xff"), 3, 100);
  Pass(5);
  Talk("ms Zm9v 1 b F7\r\nx\r\n");
  const std::string now = std::to_string(context_.unix_at_zero + cache_->Now());
  const std::string exp = std::to_string(context_.unix_at_zero + cache_->Now() + 95);
  const std::string la = std::to_string(context_.unix_at_zero + cache_->Now() - 5);
  const std::string dump = Talk("lru_crawler metadump all\r\n");
  EXPECT_TRUE(dump.starts_with("OK\r\n"));
  EXPECT_TRUE(dump.ends_with("END\r\n"));
  EXPECT_NE(dump.find("key=a%2F%FF exp=" + exp + " la=" + la +
                      " cas=2 fetch=no cls=1 size=65 flags=0 \n"),
            std::string::npos)
      << dump;
  EXPECT_NE(dump.find("key=foo exp=-1 la=" + now + " cas=3 fetch=no cls=1 size=67 flags=7 \n"),
            std::string::npos)
      << dump;
  const std::string keys = Talk("lru_crawler mgdump hash\r\n");
  EXPECT_NE(keys.find("mg Zm9v b\r\n"), std::string::npos);
  EXPECT_NE(keys.find("mg a/\xff\r\n"), std::string::npos);
  EXPECT_TRUE(keys.ends_with("EN\r\n"));
}

TEST_F(AdminCommandsTest, ADumpHasEveryItemOnce) {
  std::string requests;
  std::multiset<std::string> expected;
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = "key" + std::to_string(i);
    requests += "set " + key + " 0 0 1 noreply\r\nv\r\n";
    expected.insert("mg " + key);
  }
  Talk(requests);
  Talk("set dead 0 -1 1\r\nv\r\n");
  const std::string dump = Talk("lru_crawler mgdump all\r\n").substr(4);
  std::multiset<std::string> seen;
  size_t at = 0;
  for (size_t end = dump.find("\r\n"); end != std::string::npos;
       at = end + 2, end = dump.find("\r\n", at)) {
    seen.insert(dump.substr(at, end - at));
  }
  EXPECT_EQ(seen.extract("EN").empty(), false);
  EXPECT_EQ(seen, expected);
}

TEST_F(AdminCommandsTest, ADumpCanBeOfSomeClasses) {
  Set("small", 1);
  Set("large", 1000);
  EXPECT_EQ(Talk("lru_crawler mgdump 1\r\n"), "OK\r\nmg small\r\nEN\r\n");
  EXPECT_EQ(Talk("lru_crawler mgdump 12,39\r\n"), "OK\r\nmg large\r\nEN\r\n");
}

TEST_F(AdminCommandsTest, ADumpHasTheConnectionToItself) {
  Set("k", 1);
  EXPECT_EQ(Talk("get none\r\nlru_crawler metadump all\r\n"),
            "END\r\nERROR cannot pipeline other commands before metadump\r\n");
  EXPECT_EQ(Talk("lru_crawler mgdump all\r\nget none\r\n"), "OK\r\nmg k\r\nEN\r\nEND\r\n");
}

TEST_F(AdminCommandsTest, DumpsCanBeForbidden) {
  config::ServerOptions options;
  options.dump_enabled = false;
  Open(options);
  EXPECT_EQ(Talk("lru_crawler metadump all\r\n"), "ERROR metadump not allowed\r\n");
  EXPECT_EQ(Talk("lru_crawler mgdump all\r\n"), "ERROR key dump not allowed\r\n");
}

}  // namespace
}  // namespace rat_memcache::command
