// SPDX-License-Identifier: LGPL-3.0-or-later
#include "load/options.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace rat_memcache::load {
namespace {

using Arguments = std::vector<const char*>;

TEST(ParseOptions, TakesBothSpellings) {
  const auto parsed =
      ParseOptions(Arguments{"--keys", "5", "--value-size=10-20", "--prefill", "--distribution",
                             "zipf:0.99", "--on-miss=set", "--protocol", "binary", "--requests=7"});
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed.value().keys, 5u);
  EXPECT_EQ(parsed.value().value_size_min, 10u);
  EXPECT_EQ(parsed.value().value_size_max, 20u);
  EXPECT_EQ(parsed.value().zipf_theta, 0.99);
  EXPECT_EQ(parsed.value().on_miss, MissAction::kSet);
  EXPECT_TRUE(parsed.value().prefill);
  EXPECT_EQ(parsed.value().protocol, Protocol::kBinary);
  EXPECT_EQ(parsed.value().requests, 7u);
}

TEST(ParseOptions, SaysWhatToWrite) {
  const std::vector<std::pair<Arguments, const char*>> cases = {
      {{"--keys", "many"}, "--keys many: write a number from 1 to 4294967295"},
      {{"--keys"}, "--keys needs a value: write a number from 1 to 4294967295"},
      {{"--value-size=20-10"},
       "--value-size 20-10: write a size such as 32, or a range such as 100-1000"},
      {{"--distribution", "normal"}, "--distribution normal: write uniform or zipf:0.99"},
      {{"--protocol=udp"}, "--protocol udp: write classic, meta or binary"},
      {{"--prefill=yes"}, "--prefill takes no value: write it alone"},
      {{"--speed", "5"}, "unknown option --speed: write one of those that --help lists"},
      {{"keys"}, "unknown option keys: write one of those that --help lists"},
      {{"--keys=100000", "--key-size=4"},
       "--key-size 4 is too small for 100000 different keys: write --key-size 5 or more"},
  };
  for (const auto& [arguments, message] : cases) {
    const auto parsed = ParseOptions(arguments);
    ASSERT_FALSE(parsed.ok()) << message;
    EXPECT_EQ(parsed.error().message, message);
    EXPECT_EQ(parsed.error().exit_code, kExitUsage);
  }
}

TEST(HelpText, NamesEveryOption) {
  EXPECT_NE(HelpText().find("--idle-active-fraction F"), std::string::npos);
}

}  // namespace
}  // namespace rat_memcache::load
