// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/item_classes.h"

#include <gtest/gtest.h>

namespace rat_memcache::command {
namespace {

// The figures that memcached 1.6 prints with -vv.
TEST(ItemClasses, ByDefaultTheyAreMemcacheds) {
  const ItemClasses classes({});
  EXPECT_EQ(classes.last(), 39);
  const size_t first[] = {96, 120, 152, 192, 240, 304, 384, 480, 600, 752, 944, 1184, 1480, 1856};
  for (int i = 0; i < 14; ++i) {
    EXPECT_EQ(classes.chunk_size(i + 1), first[i]) << i;
  }
  EXPECT_EQ(classes.chunk_size(30), 66232u);
  EXPECT_EQ(classes.chunk_size(38), 394840u);
  EXPECT_EQ(classes.chunk_size(39), 524288u);
  EXPECT_EQ(classes.chunks_per_page(1), 10922u);
  EXPECT_EQ(classes.Of(1), 1);
  EXPECT_EQ(classes.Of(96), 1);
  EXPECT_EQ(classes.Of(97), 2);
  EXPECT_EQ(classes.Of(394840), 38);
  EXPECT_EQ(classes.Of(394841), 39);
  EXPECT_EQ(classes.Of(1 << 30), 39);
}

TEST(ItemClasses, TheOldDefaultsHaveLargerChunks) {
  const ItemClasses classes({.slab_chunk_max = 1 << 20});
  EXPECT_EQ(classes.last(), 42);
  EXPECT_EQ(classes.chunk_size(39), 493552u);
  EXPECT_EQ(classes.chunk_size(41), 771184u);
  EXPECT_EQ(classes.chunk_size(42), 1048576u);
}

TEST(ItemClasses, NeverMoreThanSixtyThree) {
  const ItemClasses classes({.growth_factor = 1.01});
  EXPECT_EQ(classes.last(), 63);
  EXPECT_EQ(classes.chunk_size(63), 524288u);
  EXPECT_EQ(classes.Of(400'000), 63);
}

TEST(ItemClasses, AListOfSizesIsTaken) {
  const ItemClasses classes({.slab_sizes = {100, 1000}});
  EXPECT_EQ(classes.last(), 3);
  EXPECT_EQ(classes.chunk_size(1), 104u);
  EXPECT_EQ(classes.chunk_size(2), 1000u);
  EXPECT_EQ(classes.Of(1001), 3);
}

}  // namespace
}  // namespace rat_memcache::command
