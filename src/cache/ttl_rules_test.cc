// SPDX-License-Identifier: LGPL-3.0-or-later
#include "cache/ttl_rules.h"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace rat_memcache::cache {
namespace {

constexpr uint32_t kNow = 1000;
constexpr uint32_t kLongAgo = 1;

TtlRules Rules(uint32_t default_ttl, uint32_t max_ttl) {
  return TtlRules({.default_ttl = default_ttl, .max_ttl = max_ttl});
}
void ExpectOutcome(TtlRules::Outcome outcome, uint32_t exptime, bool clamped) {
  EXPECT_EQ(outcome.exptime, exptime);
  EXPECT_EQ(outcome.clamped, clamped);
}

TEST(TtlRules, WithoutRulesTimesStayAsTheyAre) {
  const TtlRules rules = Rules(0, 0);
  EXPECT_FALSE(rules.any());
  for (const uint32_t exptime : {0u, kLongAgo, kNow + 5, UINT32_MAX}) {
    ExpectOutcome(rules.ForStore(exptime, kNow), exptime, false);
    ExpectOutcome(rules.ForTouch(exptime, kNow), exptime, false);
  }
}

TEST(TtlRules, TheDefaultIsForStoresThatNameNone) {
  const TtlRules rules = Rules(60, 0);
  EXPECT_TRUE(rules.any());
  ExpectOutcome(rules.ForStore(0, kNow), kNow + 60, false);
  ExpectOutcome(rules.ForStore(kNow + 5, kNow), kNow + 5, false);
  ExpectOutcome(rules.ForStore(kNow + 5000, kNow), kNow + 5000, false);
  ExpectOutcome(rules.ForStore(kLongAgo, kNow), kLongAgo, false);
  // A touch with 0 asks for an item that never expires.
  ExpectOutcome(rules.ForTouch(0, kNow), 0, false);
}

TEST(TtlRules, ALongerLifeThanTheLongestIsCut) {
  const TtlRules rules = Rules(0, 100);
  EXPECT_TRUE(rules.any());
  for (const auto outcome_of : {&TtlRules::ForStore, &TtlRules::ForTouch}) {
    const auto outcome = [&](uint32_t exptime) { return (rules.*outcome_of)(exptime, kNow); };
    ExpectOutcome(outcome(0), kNow + 100, true);
    ExpectOutcome(outcome(kNow + 101), kNow + 100, true);
    ExpectOutcome(outcome(UINT32_MAX), kNow + 100, true);
    ExpectOutcome(outcome(kNow + 100), kNow + 100, false);
    ExpectOutcome(outcome(kNow + 1), kNow + 1, false);
    ExpectOutcome(outcome(kNow), kNow, false);
    ExpectOutcome(outcome(kLongAgo), kLongAgo, false);
  }
}

TEST(TtlRules, BothTogether) {
  const TtlRules rules = Rules(60, 100);
  ExpectOutcome(rules.ForStore(0, kNow), kNow + 60, false);
  ExpectOutcome(rules.ForStore(kNow + 200, kNow), kNow + 100, true);
  ExpectOutcome(rules.ForTouch(0, kNow), kNow + 100, true);
  ExpectOutcome(Rules(100, 100).ForStore(0, kNow), kNow + 100, false);
}

TEST(TtlRules, TimesDoNotWrap) {
  constexpr uint32_t kMost = std::numeric_limits<int32_t>::max();
  constexpr uint32_t kLate = UINT32_MAX - 10;
  EXPECT_EQ(Rules(kMost, 0).ForStore(0, kNow).exptime, kNow + kMost);
  EXPECT_GT(Rules(kMost, 0).ForStore(0, kLate).exptime, kLate);
  EXPECT_GT(Rules(0, kMost).ForTouch(0, kLate).exptime, kLate);
  // The highest number is a segment's word for "never".
  EXPECT_LT(Rules(UINT32_MAX, 0).ForStore(0, kLate).exptime, UINT32_MAX);
}

}  // namespace
}  // namespace rat_memcache::cache
