// Bytes that one thread writes while others may be reading them and find out afterwards that they
// should not have (a sequence lock, index.h). Every access goes through aligned 64-bit words with
// relaxed atomic loads and stores: no data race in the language's sense, and plain moves on the
// machine.
//
// "Shared" memory below is 8-byte aligned as a whole; addresses inside it may have any alignment.
// Loads may read up to 7 bytes in front of a range and behind it, stores keep such bytes as they
// are; so neighbours that different threads write must not share a word.
//
// Threads: any number of readers; one writer per word at a time.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/inlining.h"

namespace rat_memcache {

static_assert(std::endian::native == std::endian::little,
              "words are taken apart with the first byte lowest");

inline uint64_t LoadSharedWord(const char* at) {
  // atomic_ref wants a mutable object even to load from it.
  auto* const word = reinterpret_cast<uint64_t*>(const_cast<char*>(at));
  return std::atomic_ref<uint64_t>(*word).load(std::memory_order_relaxed);
}

inline void StoreSharedWord(char* at, uint64_t value) {
  std::atomic_ref<uint64_t>(*reinterpret_cast<uint64_t*>(at))
      .store(value, std::memory_order_relaxed);
}

// The number of sizeof(T) bytes that lies `offset` bytes behind `at`, which is aligned to 8.
template <class T>
inline T LoadSharedNumber(const char* at, size_t offset) {
  const size_t shift = offset % 8 * 8;
  const char* const word_at = at + offset / 8 * 8;
  uint64_t bytes = LoadSharedWord(word_at) >> shift;
  if (shift + sizeof(T) * 8 > 64) bytes |= LoadSharedWord(word_at + 8) << (64 - shift);
  return static_cast<T>(bytes);
}

namespace internal {

inline size_t WordOffset(const char* at) { return reinterpret_cast<uintptr_t>(at) % 8; }

// Hands a shared range out eight bytes at a time, wherever it starts. No word is loaded twice, and
// none beyond the end of the range.
class SharedReader {
 public:
  explicit SharedReader(const char* at)
      : shift_(static_cast<int>(WordOffset(at) * 8)), next_(at - WordOffset(at)) {
    if (shift_ != 0) Load();
  }
  uint64_t Next8() {
    if (shift_ == 0) return Load();
    const uint64_t low = word_ >> shift_;
    return low | Load() << (64 - shift_);
  }
  // The last 1 to 7 bytes, in the low end; what lies above them is noise.
  uint64_t Last(size_t size) {
    if (shift_ == 0) return Load();
    const uint64_t low = word_ >> shift_;
    if (size * 8 <= static_cast<size_t>(64 - shift_)) return low;
    return low | Load() << (64 - shift_);
  }

 private:
  uint64_t Load() {
    word_ = LoadSharedWord(next_);
    next_ += 8;
    return word_;
  }

  const int shift_;
  const char* next_;
  uint64_t word_ = 0;
};

// The first `size` bytes at `from`, 1 to 8.
inline uint64_t LoadUpTo8(const char* from, size_t size) {
  uint64_t value = 0;
  if (size == 8) {
    std::memcpy(&value, from, 8);
  } else if (size >= 4) {
    uint32_t low;
    uint32_t high;
    std::memcpy(&low, from, 4);
    std::memcpy(&high, from + size - 4, 4);
    value = low | uint64_t{high} << (size - 4) * 8;
  } else {
    for (size_t i = 0; i < size; ++i) {
      value |= uint64_t{static_cast<uint8_t>(from[i])} << i * 8;
    }
  }
  return value;
}

// The low `size` bytes of `value`, 0 to 7.
inline void StoreUpTo7(char* to, uint64_t value, size_t size) {
  if ((size & 4) != 0) {
    const auto four = static_cast<uint32_t>(value);
    std::memcpy(to, &four, 4);
    to += 4;
    value >>= 32;
  }
  if ((size & 2) != 0) {
    const auto two = static_cast<uint16_t>(value);
    std::memcpy(to, &two, 2);
    to += 2;
    value >>= 16;
  }
  if ((size & 1) != 0) *to = static_cast<char>(value);
}

}  // namespace internal

// Both functions below wait for data that is on its way from memory, and a processor can look ahead
// only as long as the instructions that wait fit into its queue. So there are few of them, and no
// address is computed from data: where control flow decides instead, the processor predicts it and
// goes on to the next request meanwhile.

// Out of shared memory into private memory.
inline void LoadSharedBytes(char* to, const char* from, size_t size) {
  if (size == 0) return;
  internal::SharedReader reader(from);
  for (; size >= 8; to += 8, size -= 8) {
    const uint64_t word = reader.Next8();
    std::memcpy(to, &word, 8);
  }
  if (size > 0) internal::StoreUpTo7(to, reader.Last(size), size);
}

// Whether a shared range equals a private one.
inline bool EqualSharedBytes(const char* shared, const char* bytes, size_t size) {
  if (size == 0) return true;
  internal::SharedReader reader(shared);
  for (; size >= 8; bytes += 8, size -= 8) {
    if (reader.Next8() != internal::LoadUpTo8(bytes, 8)) return false;
  }
  return size == 0 ||
         (reader.Last(size) ^ internal::LoadUpTo8(bytes, size)) << (64 - size * 8) == 0;
}

namespace internal {

// Bytes within one word, 1 to 7 of them; the rest of the word stays.
inline void StoreSharedPart(char* word_at, size_t offset, const char* from, size_t size) {
  const uint64_t mask = ((uint64_t{1} << size * 8) - 1) << offset * 8;
  StoreSharedWord(word_at, (LoadSharedWord(word_at) & ~mask) | LoadUpTo8(from, size) << offset * 8);
}

}  // namespace internal

// Out of private memory into shared memory.
inline void StoreSharedBytes(char* to, const char* from, size_t size) {
  const size_t offset = internal::WordOffset(to);
  if (offset != 0 && size > 0) {
    const size_t head = size < 8 - offset ? size : 8 - offset;
    internal::StoreSharedPart(to - offset, offset, from, head);
    to += head;
    from += head;
    size -= head;
  }
  for (; size >= 8; to += 8, from += 8, size -= 8) {
    StoreSharedWord(to, internal::LoadUpTo8(from, 8));
  }
  if (size > 0) internal::StoreSharedPart(to, 0, from, size);
}

// Whole words from one shared place to another.
inline void CopySharedWords(char* to, const char* from, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 8) {
    StoreSharedWord(to + i, LoadSharedWord(from + i));
  }
}

// Writes ranges one behind the other into shared memory, from an aligned place on. The last word is
// filled up with zeros.
class SharedWriter {
 public:
  explicit SharedWriter(char* at) : at_(at) {}

  void Append(const char* from, size_t size) {
    if (filled_ == 0) {
      for (; size >= 8; from += 8, size -= 8, at_ += 8) {
        StoreSharedWord(at_, internal::LoadUpTo8(from, 8));
      }
    } else {
      for (; size >= 8; from += 8, size -= 8, at_ += 8) {
        const uint64_t bytes = internal::LoadUpTo8(from, 8);
        StoreSharedWord(at_, word_ | bytes << filled_ * 8);
        word_ = bytes >> (64 - filled_ * 8);
      }
    }
    if (size > 0) AppendLow(internal::LoadUpTo8(from, size), size);
  }
  // The low `size` bytes of `bytes`, 1 to 8; the others are 0.
  RAT_ALWAYS_INLINE void AppendLow(uint64_t bytes, size_t size) {
    word_ |= bytes << filled_ * 8;
    filled_ += size;
    if (filled_ < 8) return;
    StoreSharedWord(at_, word_);
    at_ += 8;
    filled_ -= 8;
    // What did not fit into the word. Shifted by less than 64, since not all of `bytes` is left.
    word_ = filled_ == 0 ? 0 : bytes >> (size - filled_) * 8;
  }
  void Finish() {
    if (filled_ > 0) StoreSharedWord(at_, word_);
  }

 private:
  char* at_;
  uint64_t word_ = 0;
  size_t filled_ = 0;  // bytes in word_
};

}  // namespace rat_memcache
