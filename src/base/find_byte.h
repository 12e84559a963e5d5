// The first of two byte values in a short text, eight bytes at a time. For words and keys of a
// request line, which are shorter than what a call of memchr costs.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace rat_memcache {

// The first position in [from, end) that holds `a` or `b`; `end` if there is none.
inline const char* FindEither(const char* from, const char* end, char a, char b) {
  if constexpr (std::endian::native == std::endian::little) {
    constexpr uint64_t kOnes = 0x0101010101010101u;
    constexpr uint64_t kHighBits = 0x8080808080808080u;
    const uint64_t all_a = kOnes * static_cast<uint8_t>(a);
    const uint64_t all_b = kOnes * static_cast<uint8_t>(b);
    for (; end - from >= 8; from += 8) {
      uint64_t word;
      std::memcpy(&word, from, sizeof word);
      // A byte of zero gets its high bit set; so may bytes above it, but never one below.
      const uint64_t not_a = word ^ all_a;
      const uint64_t not_b = word ^ all_b;
      const uint64_t found = (((not_a - kOnes) & ~not_a) | ((not_b - kOnes) & ~not_b)) & kHighBits;
      if (found != 0) return from + std::countr_zero(found) / 8;
    }
  }
  while (from < end && *from != a && *from != b) {
    ++from;
  }
  return from;
}

}  // namespace rat_memcache
