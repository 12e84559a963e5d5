// SPDX-License-Identifier: LGPL-3.0-or-later
#include "replay/synthetic_trace.h"

#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "replay/distinct_keys.h"
#include "replay/item_shape.h"
#include "replay/key_name.h"
#include "replay/zipf_ranks.h"

namespace rat_memcache::replay {
namespace {

std::vector<uint64_t> IdsOf(const SyntheticOptions& options) {
  const auto source = MakeSyntheticTrace(options);
  std::vector<uint64_t> ids;
  for (TraceRequest request; source->Next(&request);) {
    ids.push_back(request.id);
  }
  EXPECT_EQ(source->Done(), 1);
  return ids;
}

TEST(ZipfRanks, GivesRanksTheirShares) {
  constexpr uint32_t kRanks = 1000;
  constexpr int kDraws = 2000000;
  for (const double skew : {0.0, 0.5, 0.9, 1.0, 1.0 + 1e-12, 1.5, 3.0}) {
    const ZipfRanks ranks(kRanks, skew);
    load::Random random(1);
    std::vector<double> shares(kRanks + 1);
    for (int i = 0; i < kDraws; ++i) {
      shares.at(ranks.Next(&random)) += 1.0 / kDraws;
    }
    double sum = 0;
    for (uint32_t rank = 1; rank <= kRanks; ++rank) {
      sum += std::pow(rank, -skew);
    }
    EXPECT_EQ(shares[0], 0);
    for (const uint32_t rank : {1, 2, 3, 10, 100, 999, 1000}) {
      const double expected = std::pow(rank, -skew) / sum;
      // Five standard deviations.
      EXPECT_NEAR(shares[rank], expected, 5 * std::sqrt(expected / kDraws) + 1e-9)
          << "rank " << rank << " of skew " << skew;
    }
  }
}

TEST(ZipfRanks, TakesASingleRank) {
  load::Random random(1);
  for (const double skew : {0.0, 1.0, 2.0}) {
    EXPECT_EQ(ZipfRanks(1, skew).Next(&random), 1u);
  }
}

TEST(SyntheticTrace, RepeatsFromItsSeed) {
  for (const Shape shape : {Shape::kZipf, Shape::kShift, Shape::kScan, Shape::kLoop, Shape::kMix}) {
    SyntheticOptions options{.shape = shape, .keys = 1000, .requests = 20000};
    const std::vector<uint64_t> ids = IdsOf(options);
    EXPECT_EQ(ids.size(), options.requests);
    EXPECT_EQ(ids, IdsOf(options));
    options.seed = 2;
    EXPECT_NE(ids, IdsOf(options));
  }
}

TEST(SyntheticTrace, StaysAmongItsKeys) {
  for (const Shape shape : {Shape::kZipf, Shape::kShift, Shape::kLoop, Shape::kMix}) {
    const std::vector<uint64_t> ids = IdsOf({.shape = shape, .keys = 1001, .requests = 50000});
    EXPECT_LE(std::set<uint64_t>(ids.begin(), ids.end()).size(), 1001u);
  }
}

TEST(SyntheticTrace, LoopComesAround) {
  const std::vector<uint64_t> ids = IdsOf({.shape = Shape::kLoop, .keys = 10, .requests = 30});
  EXPECT_EQ(std::set<uint64_t>(ids.begin(), ids.end()).size(), 10u);
  for (size_t i = 10; i < ids.size(); ++i) {
    EXPECT_EQ(ids[i], ids[i - 10]);
  }
}

TEST(SyntheticTrace, ScanTakesEveryKeyOnce) {
  const std::vector<uint64_t> ids = IdsOf(
      {.shape = Shape::kScan, .keys = 1000, .requests = 700, .interval = 500, .scan_length = 200});
  const std::set<uint64_t> before(ids.begin(), ids.begin() + 500);
  const std::set<uint64_t> scanned(ids.begin() + 500, ids.end());
  EXPECT_EQ(scanned.size(), 200u);
  for (const uint64_t id : scanned) {
    EXPECT_EQ(before.count(id), 0u);
  }
}

// The favourite keys change by quarters: four intervals later none of them is what it was.
TEST(SyntheticTrace, ShiftReplacesTheFavourites) {
  constexpr uint32_t kInterval = 20000;
  const std::vector<uint64_t> ids = IdsOf(
      {.shape = Shape::kShift, .keys = 1000, .requests = 5 * kInterval, .interval = kInterval});
  const auto favourites = [&](size_t interval) {
    std::map<uint64_t, uint32_t> counts;
    for (size_t i = interval * kInterval; i < (interval + 1) * kInterval; ++i) {
      ++counts[ids[i]];
    }
    std::set<uint64_t> often;
    for (const auto& [id, count] : counts) {
      if (count > kInterval / 100) often.insert(id);
    }
    return often;
  };
  const auto common = [](const std::set<uint64_t>& a, const std::set<uint64_t>& b) {
    size_t count = 0;
    for (const uint64_t id : a)
      count += b.count(id);
    return count;
  };
  const std::set<uint64_t> first = favourites(0);
  ASSERT_GE(first.size(), 8u);
  EXPECT_GE(common(first, favourites(1)), first.size() / 2);
  EXPECT_LT(common(first, favourites(1)), first.size());
  EXPECT_EQ(common(first, favourites(4)), 0u);
}

TEST(ScatterId, IsABijection) {
  DistinctKeys seen;
  for (uint32_t number = 0; number < 1000000; ++number) {
    ASSERT_TRUE(seen.Add(ScatterId(number, 7)));
  }
  EXPECT_FALSE(seen.Add(ScatterId(0, 7)));
  EXPECT_EQ(seen.size(), 1000000u);
}

TEST(DistinctKeys, CountsEveryIdOnce) {
  DistinctKeys seen;
  for (const uint64_t id : {uint64_t{0}, uint64_t{1}, ~uint64_t{0}}) {
    EXPECT_TRUE(seen.Add(id));
    EXPECT_FALSE(seen.Add(id));
  }
  EXPECT_EQ(seen.size(), 3u);
}

TEST(SizeByHash, IsLogUniformAndStaysInItsRange) {
  constexpr SizeRange kRange{20, 500};
  constexpr int kIds = 100000;
  int below_100 = 0;
  for (uint64_t id = 0; id < kIds; ++id) {
    const uint32_t size = SizeByHash(id, kRange);
    ASSERT_GE(size, kRange.min);
    ASSERT_LE(size, kRange.max);
    ASSERT_EQ(size, SizeByHash(id, kRange));
    below_100 += size < 100;
  }
  EXPECT_NEAR(below_100, kIds / 2, kIds / 100);
  EXPECT_EQ(SizeByHash(5, {7, 7}), 7u);
  EXPECT_LE(SizeByHash(5, {0, 1}), 1u);
}

TEST(KeyName, IsPaddedAndGrows) {
  EXPECT_EQ(KeyName(14).Of(1234), "key:0000001234");
  EXPECT_EQ(KeyName(5).Of(1234), "key:1234");
  EXPECT_EQ(KeyName(14).Of(~uint64_t{0}), "key:18446744073709551615");
  KeyName name(14);
  EXPECT_EQ(name.Of(99999999999), "key:99999999999");
  EXPECT_EQ(name.Of(1), "key:0000000001");
}

}  // namespace
}  // namespace rat_memcache::replay
