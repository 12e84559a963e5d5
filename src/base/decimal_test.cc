// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/decimal.h"

#include <string>

#include <gtest/gtest.h>

namespace rat_memcache {
namespace {

using std::nullopt;

TEST(ParseStrict, TakesDigitsOnly) {
  EXPECT_EQ(ParseStrict<uint32_t>("0"), 0u);
  EXPECT_EQ(ParseStrict<uint32_t>("4294967295"), 4294967295u);
  EXPECT_EQ(ParseStrict<uint32_t>("00000000042"), 42u);
  EXPECT_EQ(ParseStrict<int32_t>("-2147483648"), INT32_MIN);
  for (const char* bad : {"", " 1", "1 ", "+1", "0x1", "1.5", "-", "-1", "4294967296"}) {
    EXPECT_EQ(ParseStrict<uint32_t>(bad), nullopt) << '"' << bad << '"';
  }
}

TEST(ParseStrict, RefusesTextsLongerThanMemcachedReads) {
  EXPECT_EQ(ParseStrict<uint32_t>("000000000042"), nullopt);
  EXPECT_EQ(ParseStrict<uint64_t>("0018446744073709551615"), UINT64_MAX);
  EXPECT_EQ(ParseStrict<uint64_t>("00018446744073709551615"), nullopt);
  EXPECT_EQ(ParseStrict<uint64_t>("18446744073709551616"), nullopt);
}

TEST(ParseLenient, TakesWhatStrtolTakes) {
  EXPECT_EQ(ParseLenientSigned("+5"), 5);
  EXPECT_EQ(ParseLenientSigned("\t-5"), -5);
  EXPECT_EQ(ParseLenientSigned("5\t"), 5);
  EXPECT_EQ(ParseLenientSigned("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(ParseLenientSigned("9223372036854775808"), nullopt);
  EXPECT_EQ(ParseLenientUnsigned("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(ParseLenientUnsigned("18446744073709551616"), nullopt);
  EXPECT_EQ(ParseLenientUnsigned("-1"), nullopt);
  for (const char* bad : {"", "+", "-", "x", "5x", "5,", "--5"}) {
    EXPECT_EQ(ParseLenientSigned(bad), nullopt) << '"' << bad << '"';
    EXPECT_EQ(ParseLenientUnsigned(bad), nullopt) << '"' << bad << '"';
  }
}

TEST(WriteDecimal, WritesSmallNumbers) {
  for (uint64_t value = 0; value < 20'000; ++value) {
    char text[kMaxDecimalDigits];
    ASSERT_EQ(std::string(text, WriteDecimal(text, value)), std::to_string(value));
  }
}

TEST(WriteDecimal, WritesEveryLength) {
  uint64_t value = 0;
  for (int digits = 1; digits <= 20; ++digits) {
    char text[kMaxDecimalDigits];
    EXPECT_EQ(std::string(text, WriteDecimal(text, value)), std::to_string(value));
    value = value * 10 + 9;
  }
}

}  // namespace
}  // namespace rat_memcache
