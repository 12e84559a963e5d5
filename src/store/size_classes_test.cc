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
  const SizeClasses classes;
  ASSERT_EQ(classes.last(), 39);
  for (int i = 1; i <= classes.last(); ++i) {
    const size_t chunk = kMemcachedsChunks[static_cast<size_t>(i - 1)];
    EXPECT_EQ(classes.chunk_size(i), chunk);
    EXPECT_EQ(classes.Of(chunk), i) << chunk;
    EXPECT_EQ(classes.Of(chunk - 1), i) << chunk;
    EXPECT_EQ(classes.Of(chunk + 1), std::min(i + 1, classes.last())) << chunk;
  }
  EXPECT_EQ(classes.chunks_per_page(1), 10922u);
}

TEST(SizeClasses, TheFirstAndTheLastTakeWhatIsBeyondThem) {
  const SizeClasses classes;
  EXPECT_EQ(classes.Of(0), 1);
  EXPECT_EQ(classes.Of(59), 1);  // the smallest item
  EXPECT_EQ(classes.Of(size_t{1} << 30), classes.last());
}

TEST(SizeClasses, TheOldDefaultsHaveLargerChunks) {
  const SizeClasses classes({.largest_chunk = 1 << 20});
  EXPECT_EQ(classes.last(), 42);
  EXPECT_EQ(classes.chunk_size(39), 493552u);
  EXPECT_EQ(classes.chunk_size(41), 771184u);
  EXPECT_EQ(classes.chunk_size(42), 1048576u);
}

TEST(SizeClasses, NeverMoreThanSixtyThree) {
  const SizeClasses classes({.growth_factor = 1.01});
  EXPECT_EQ(classes.last(), 63);
  EXPECT_EQ(classes.chunk_size(63), 524288u);
  EXPECT_EQ(classes.Of(400'000), 63);
}

TEST(SizeClasses, AChunkMayBeLargerThanAPage) {
  const SizeClasses classes({.largest_chunk = 4 << 20});
  EXPECT_EQ(classes.chunk_size(classes.last()), 4u << 20);
  EXPECT_EQ(classes.chunks_per_page(classes.last()), 1u);
}

TEST(SizeClasses, AListOfSizesIsTaken) {
  const SizeClasses classes({.chunks = {100, 1000}});
  EXPECT_EQ(classes.last(), 3);
  EXPECT_EQ(classes.chunk_size(1), 104u);
  EXPECT_EQ(classes.chunk_size(2), 1000u);
  EXPECT_EQ(classes.Of(1001), 3);
}

}  // namespace
}  // namespace rat_memcache::store
