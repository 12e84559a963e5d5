// SPDX-License-Identifier: LGPL-3.0-or-later
#include "replay/options.h"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace rat_memcache::replay {
namespace {

using Arguments = std::vector<const char*>;

TEST(ParseReplayOptions, TakesBothSpellings) {
  const auto parsed =
      ParseOptions(Arguments{"--trace", "a.trace", "--format=be64", "--policy", "s3-fifo",
                             "--memory=2M", "--value-size", "10-20", "--ttl=0,60,600"});
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  const Options& options = parsed.value();
  EXPECT_EQ(options.trace, "a.trace");
  EXPECT_EQ(options.format, TraceFormat::kBigEndian64);
  EXPECT_TRUE(options.engine);
  EXPECT_EQ(options.store.memory_limit, 2u << 20);
  EXPECT_EQ(options.store.item_size_max, 1u << 20);
  EXPECT_EQ(options.value_size.min, 10u);
  EXPECT_EQ(options.value_size.max, 20u);
  EXPECT_EQ(options.ttls, (std::vector<uint32_t>{0, 60, 600}));
}

TEST(ParseReplayOptions, TakesAServerAndItsOptionsInAnyOrder) {
  const auto parsed =
      ParseOptions(Arguments{"--window=7", "--server", "localhost:11211", "--send-ttl"});
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  ASSERT_TRUE(parsed.value().server.has_value());
  EXPECT_EQ(parsed.value().server->host, "localhost");
  EXPECT_EQ(parsed.value().server->port, 11211);
  EXPECT_EQ(parsed.value().server->window, 7u);
  EXPECT_TRUE(parsed.value().server->send_ttl);
}

TEST(ParseReplayOptions, SaysWhatToWrite) {
  const std::vector<std::pair<Arguments, const char*>> cases = {
      {{"--keys", "many"}, "--keys many: write a number from 1 to 1073741824"},
      {{"--keys"}, "--keys needs a value: write a number from 1 to 1073741824"},
      {{"--value-size=20-10"},
       "--value-size 20-10: write a size up to 1048576, or a range such as 20-500"},
      {{"--ttl=1,,2"}, "--ttl 1,,2: write seconds, or a list such as 0,60,600"},
      {{"--server=11211"}, "--server 11211: write an address such as 127.0.0.1:11211"},
      {{"--progress=yes"}, "--progress takes no value: write it alone"},
      {{"--speed"}, "unknown option --speed: write one of those that --help lists"},
      {{"--policy=Lru"}, "--policy NAME and --memory BYTES need each other: write both"},
      {{"--format=be32"}, "--format is for files: write --trace FILE too"},
      {{"--trace=a", "--synthetic=zipf"},
       "--trace and --synthetic exclude each other: leave one out"},
      {{"--policy=Lru", "--memory=2M", "--server=a:1"},
       "--policy and --server exclude each other: leave one out"},
  };
  for (const auto& [arguments, message] : cases) {
    const auto parsed = ParseOptions(arguments);
    ASSERT_FALSE(parsed.ok()) << message;
    EXPECT_EQ(parsed.error().message, message);
    EXPECT_EQ(parsed.error().exit_code, kExitUsage);
  }
}

}  // namespace
}  // namespace rat_memcache::replay
