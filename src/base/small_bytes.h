// Comparing and copying a few bytes, such as keys and small values, without a call: most are
// shorter than the work that memcmp and memcpy do to find out which way is fastest. Never touches a
// byte outside [from, from + size): what lies there may be changing.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace rat_memcache {

namespace internal {

template <class Word>
inline Word LoadWord(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}
// Both ends of a range of sizeof(Word) to 2 * sizeof(Word) bytes; they overlap if it is shorter.
template <class Word>
inline bool EqualEnds(const char* a, const char* b, size_t size) {
  const size_t last = size - sizeof(Word);
  return ((LoadWord<Word>(a) ^ LoadWord<Word>(b)) |
          (LoadWord<Word>(a + last) ^ LoadWord<Word>(b + last))) == 0;
}
template <class Word>
inline void CopyEnds(char* to, const char* from, size_t size) {
  const size_t last = size - sizeof(Word);
  const Word head = LoadWord<Word>(from);
  const Word tail = LoadWord<Word>(from + last);
  std::memcpy(to, &head, sizeof head);
  std::memcpy(to + last, &tail, sizeof tail);
}

struct Block16 {
  uint64_t words[2];
};

}  // namespace internal

// memcmp(a, b, size) == 0
inline bool EqualBytes(const char* a, const char* b, size_t size) {
  if (size >= 8) {
    if (size > 64) return std::memcmp(a, b, size) == 0;
    for (; size > 16; a += 8, b += 8, size -= 8) {
      if (internal::LoadWord<uint64_t>(a) != internal::LoadWord<uint64_t>(b)) return false;
    }
    return internal::EqualEnds<uint64_t>(a, b, size);
  }
  if (size >= 4) return internal::EqualEnds<uint32_t>(a, b, size);
  if (size >= 2) return internal::EqualEnds<uint16_t>(a, b, size);
  return size == 0 || *a == *b;
}

// memcpy(to, from, size)
inline void CopyBytes(char* to, const char* from, size_t size) {
  if (size >= 16) {
    if (size > 128) {
      std::memcpy(to, from, size);
      return;
    }
    for (; size > 32; to += 16, from += 16, size -= 16) {
      std::memcpy(to, from, 16);
    }
    return internal::CopyEnds<internal::Block16>(to, from, size);
  }
  if (size >= 8) return internal::CopyEnds<uint64_t>(to, from, size);
  if (size >= 4) return internal::CopyEnds<uint32_t>(to, from, size);
  if (size >= 2) return internal::CopyEnds<uint16_t>(to, from, size);
  if (size == 1) *to = *from;
}

}  // namespace rat_memcache
