// SPDX-License-Identifier: LGPL-3.0-or-later
#include "policies/key_streams.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace rat_memcache::policies {
namespace {

constexpr StreamSize kSize{.requests = 100'000, .cache_items = 1000, .seed = 7};

std::map<uint32_t, size_t> RequestsPerKey(const KeyStream& stream) {
  std::map<uint32_t, size_t> counts;
  for (const Request& request : stream.requests) {
    ++counts[request.key];
  }
  return counts;
}

TEST(KeyStreams, TheSeedDecides) {
  const auto keys = [](uint64_t seed) {
    std::vector<uint32_t> drawn;
    for (const KeyStream& stream :
         AllStreams({.requests = 1000, .cache_items = 100, .seed = seed})) {
      for (const Request& request : stream.requests) {
        drawn.push_back(request.key);
      }
    }
    return drawn;
  };
  EXPECT_EQ(keys(1), keys(1));
  EXPECT_NE(keys(1), keys(2));
}

TEST(KeyStreams, TimeNeverFalls) {
  for (const KeyStream& stream : AllStreams(kSize)) {
    EXPECT_GE(stream.requests.size(), kSize.requests) << stream.name;
    EXPECT_TRUE(
        std::is_sorted(stream.requests.begin(), stream.requests.end(),
                       [](const Request& a, const Request& b) { return a.second < b.second; }))
        << stream.name;
    EXPECT_GT(stream.requests.back().second, 1000u) << stream.name;
  }
}

TEST(KeyStreams, ZipfHasItsExponent) {
  for (const double alpha : {0.8, 1.0, 1.2}) {
    size_t near = 0;
    size_t far = 0;
    for (const auto& [key, count] : RequestsPerKey(Zipf(kSize, alpha))) {
      if (key >= 10 && key < 20) near += count;
      if (key >= 1000 && key < 2000) far += count;
    }
    // A hundred times as far out there are a hundred times as many keys.
    const double wanted = std::pow(100, alpha - 1);
    EXPECT_NEAR(static_cast<double>(near) / static_cast<double>(far) / wanted, 1, 0.1) << alpha;
  }
}

TEST(KeyStreams, LoopsAndScansAreAsLongAsPromised) {
  const KeyStream loop = Loop(kSize);
  for (size_t i = 0; i < loop.requests.size(); ++i) {
    ASSERT_EQ(loop.requests[i].key, i % 1100);
  }
  size_t strays = 0;
  const KeyStream straying = StrayingLoop(kSize);
  for (size_t i = 0; i < straying.requests.size(); ++i) {
    ASSERT_LT(straying.requests[i].key, 1100u);
    if (straying.requests[i].key != i % 1100) ++strays;
  }
  EXPECT_NEAR(static_cast<double>(strays), 5000, 300);
  size_t scanned = 0;
  for (const auto& [key, count] : RequestsPerKey(ScannedZipf(kSize))) {
    if (key < 10'000) continue;
    EXPECT_EQ(count, 1u);
    ++scanned;
  }
  EXPECT_NEAR(static_cast<double>(scanned), 6 * 500, 500);
}

TEST(KeyStreams, ShiftsChangeWhatIsPopular) {
  const KeyStream stream = ShiftingZipf(kSize);
  const auto most_popular = [&](size_t begin, size_t end) {
    std::map<uint32_t, size_t> counts;
    for (size_t i = begin; i < end; ++i) {
      ++counts[stream.requests[i].key];
    }
    return std::max_element(counts.begin(), counts.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; })
        ->first;
  };
  EXPECT_EQ(most_popular(0, 10'000), most_popular(10'000, 19'000));
  EXPECT_NE(most_popular(0, 19'000), most_popular(21'000, 39'000));
}

TEST(KeyStreams, RecencyRepeatsWhatIsNear) {
  const KeyStream stream = Recency(kSize);
  std::map<uint32_t, size_t> last;
  size_t near = 0;
  for (size_t i = 0; i < stream.requests.size(); ++i) {
    const auto found = last.find(stream.requests[i].key);
    if (found != last.end() && i - found->second <= 1000) ++near;
    last[stream.requests[i].key] = i;
  }
  // Without the habit it would be 1 - e^(-1/3), 28 %.
  EXPECT_GT(near, stream.requests.size() / 2);
}

TEST(KeyStreams, EveryKeyHasItsTtl) {
  std::map<uint32_t, uint32_t> ttls;
  for (const Request& request : ExpiringZipf(kSize).requests) {
    EXPECT_GE(request.ttl, 10u);
    EXPECT_LE(request.ttl, 600u);
    EXPECT_EQ(ttls.try_emplace(request.key, request.ttl).first->second, request.ttl);
  }
  std::set<uint32_t> different;
  for (const auto& [key, ttl] : ttls) {
    different.insert(ttl);
  }
  EXPECT_GT(different.size(), 500u);
}

}  // namespace
}  // namespace rat_memcache::policies
