// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/find_byte.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace rat_memcache {
namespace {

TEST(FindEither, FindsTheFirstOfTwoAtEveryPlace) {
  // Bytes around the wanted ones, where a carry between bytes would show.
  std::mt19937 random(1);
  const std::string alphabet = std::string("\x1f\x21\x0b\x09\x00\xff\x80\x7f", 8) + "abc";
  for (size_t size = 0; size < 40; ++size) {
    for (int round = 0; round < 200; ++round) {
      std::vector<char> text(size);
      for (char& c : text) {
        c = round % 10 == 0 && random() % 8 == 0 ? " \n"[random() % 2]
                                                 : alphabet[random() % alphabet.size()];
      }
      if (size > 0 && round % 2 == 0) text[random() % size] = " \n"[random() % 2];
      size_t expected = 0;
      while (expected < size && text[expected] != ' ' && text[expected] != '\n') {
        ++expected;
      }
      const char* const from = text.data();
      ASSERT_EQ(FindEither(from, from + size, ' ', '\n') - from, std::ptrdiff_t(expected));
    }
  }
}

}  // namespace
}  // namespace rat_memcache
