// SPDX-License-Identifier: LGPL-3.0-or-later
#include "config/option_numbers.h"

#include <gtest/gtest.h>

namespace rat_memcache::config {
namespace {

TEST(OptionNumbers, AreReadToTheirEnd) {
  const NumberRule rule{.option = "-x", .what = "a number", .min = 1, .max = 100};
  Parse good{};
  EXPECT_EQ(ReadNumber(&good, rule, "1"), 1u);
  EXPECT_EQ(ReadNumber(&good, rule, "100"), 100u);
  EXPECT_EQ(ReadNumber(&good, rule, "007"), 7u);
  EXPECT_FALSE(good.error);
  for (const char* text : {"", " 1", "1 ", "+1", "-1", "0", "101", "1x", "0x1", "1e1", "1.0",
                           "18446744073709551616"}) {
    Parse parse{};
    EXPECT_EQ(ReadNumber(&parse, rule, text), std::nullopt) << text;
    ASSERT_TRUE(parse.error) << text;
    EXPECT_EQ(parse.error->message,
              "-x takes a number from 1 to 100; '" + std::string(text) + "' is none");
    EXPECT_EQ(parse.error->exit_code, 1);
  }
}

TEST(OptionNumbers, MemcachedsWordsStandFirst) {
  NumberRule rule{.option = "-x", .what = "a number", .min = 1, .max = 9, .fault = "Too bad"};
  Parse parse{};
  EXPECT_FALSE(ReadNumber(&parse, rule, "10"));
  EXPECT_EQ(parse.error->message, "Too bad: -x takes a number from 1 to 9; '10' is none");
  rule.fault_above = false;
  Parse above{};
  EXPECT_FALSE(ReadNumber(&above, rule, "10"));
  EXPECT_EQ(above.error->message, "-x takes a number from 1 to 9; '10' is none");
  Parse below{};
  EXPECT_FALSE(ReadNumber(&below, rule, "0"));
  EXPECT_EQ(below.error->message, "Too bad: -x takes a number from 1 to 9; '0' is none");
}

TEST(OptionNumbers, AFaultLeavesTheOptionAsItIs) {
  Parse parse{};
  uint32_t value = 7;
  ReadNumber(&parse, {.option = "-x", .what = "a number", .max = 9}, "10", &value);
  EXPECT_EQ(value, 7u);
  ReadUnits(&parse, {.option = "-x", .what = "a number", .max = 9}, kKiB, "9", &value);
  EXPECT_EQ(value, 9216u);
}

TEST(OptionNumbers, Fractions) {
  EXPECT_EQ(ParseFraction("1.25"), 1.25);
  EXPECT_EQ(ParseFraction("2"), 2);
  EXPECT_EQ(ParseFraction("-.5"), -0.5);
  EXPECT_EQ(ParseFraction("1e3"), 1000);
  for (const char* text : {"", ".", "x", "1,5", "1.5x", " 1", "nan", "inf", "1e999", "0x1p3"}) {
    EXPECT_EQ(ParseFraction(text), std::nullopt) << text;
  }
}

TEST(OptionNumbers, Sizes) {
  EXPECT_EQ(ParseSize("0"), 0u);
  EXPECT_EQ(ParseSize("1000"), 1000u);
  EXPECT_EQ(ParseSize("2k"), 2048u);
  EXPECT_EQ(ParseSize("2K"), 2048u);
  EXPECT_EQ(ParseSize("3m"), 3u << 20);
  EXPECT_EQ(ParseSize("3M"), 3u << 20);
  for (const char* text : {"", "k", "1g", "1kk", "1.5m", "-1k", "18446744073709551615k"}) {
    EXPECT_EQ(ParseSize(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace rat_memcache::config
