// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/size_classes.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <gtest/gtest.h>

namespace rat_memcache::store {
namespace {

// As `memcached -vv` lists them.
constexpr std::array<size_t, 39> kMemcachedsChunks = {
    96,    120,    152,    192,    240,    304,    384,    480,    600,   752,
    944,   1184,   1480,   1856,   2320,   2904,   3632,   4544,   5680,  7104,
    8880,  11104,  13880,  17352,  21696,  27120,  33904,  42384,  52984, 66232,
    82792, 103496, 129376, 161720, 202152, 252696, 315872, 394840, 524288};

TEST(SizeClasses, AreMemcacheds) {
  ASSERT_EQ(kMemcachedsChunks.size(), static_cast<size_t>(SizeClasses::kClasses));
  for (int i = 0; i < SizeClasses::kClasses; ++i) {
    const size_t chunk = kMemcachedsChunks[static_cast<size_t>(i)];
    EXPECT_EQ(SizeClasses::Of(chunk), i) << chunk;
    EXPECT_EQ(SizeClasses::Of(chunk - 1), i) << chunk;
    EXPECT_EQ(SizeClasses::Of(chunk + 1), std::min(i + 1, SizeClasses::kClasses - 1)) << chunk;
  }
}

TEST(SizeClasses, TheFirstAndTheLastTakeWhatIsBeyondThem) {
  EXPECT_EQ(SizeClasses::Of(0), 0);
  EXPECT_EQ(SizeClasses::Of(59), 0);  // the smallest item
  EXPECT_EQ(SizeClasses::Of(size_t{1} << 30), SizeClasses::kClasses - 1);
}

}  // namespace
}  // namespace rat_memcache::store
