// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/small_bytes.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace rat_memcache {
namespace {

// Sizes around every border of the implementation, in memory of exactly that size so that
// AddressSanitizer sees a byte too many.
TEST(SmallBytes, CopiesExactly) {
  for (size_t size = 0; size <= 300; ++size) {
    std::vector<char> from(size);
    for (size_t i = 0; i < size; ++i) {
      from[i] = static_cast<char>(i * 7 + 1);
    }
    std::vector<char> to(size);
    CopyBytes(to.data(), from.data(), size);
    EXPECT_EQ(to, from) << size;
  }
}

TEST(SmallBytes, ComparesEveryByte) {
  for (size_t size = 0; size <= 300; ++size) {
    std::vector<char> a(size, 'x');
    std::vector<char> b(size, 'x');
    EXPECT_TRUE(EqualBytes(a.data(), b.data(), size)) << size;
    for (size_t i = 0; i < size; ++i) {
      b[i] = 'y';
      EXPECT_FALSE(EqualBytes(a.data(), b.data(), size)) << size << " differs at " << i;
      b[i] = 'x';
    }
  }
}

}  // namespace
}  // namespace rat_memcache
