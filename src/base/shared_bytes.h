// Bytes that one thread writes while others may be reading them and find out afterwards that they
// should not have (a sequence lock, index.h). Every access goes through aligned 64-bit words with
// relaxed atomic loads and stores: no data race in the language's sense, and plain moves on the machine.
//
// "Shared" memory below is 8-byte aligned as a whole; addresses inside it may have any alignment.
// Loads may read up to 7 bytes in front of and behind a range, stores keep such bytes as they are;
// so neighbours that different threads write must not share a word.
//
// Threads: any number of readers; one writer per word at a time.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

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

namespace internal {

inline size_t WordOffset(const char* at) { return reinterpret_cast<uintptr_t>(at) % 8; }

// Reads a shared range eight bytes at a time, wherever it starts.
class SharedReader {
 public:
  explicit SharedReader(const char* at)
      : next_(at - WordOffset(at)), shift_(static_cast<int>(WordOffset(at) * 8)) {
    word_ = LoadSharedWord(next_);
  }
  // The next eight bytes of the range.
  uint64_t Next() {
    next_ += 8;
    if (shift_ == 0) {
      const uint64_t value = word_;
      word_ = LoadSharedWord(next_);
      return value;
    }
    const uint64_t following = LoadSharedWord(next_);
    const uint64_t value = word_ >> shift_ | following << (64 - shift_);
    word_ = following;
    return value;
  }
  // The last `size` bytes of it, 1 to 8, in the low end.
  uint64_t Last(size_t size) {
    uint64_t value = word_ >> shift_;
    if (size * 8 > static_cast<size_t>(64 - shift_)) {
      value |= LoadSharedWord(next_ + 8) << (64 - shift_);
    }
    return size == 8 ? value : value & ((uint64_t{1} << size * 8) - 1);
  }

 private:
  const char* next_;
  const int shift_;
  uint64_t word_;
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

inline void StoreUpTo8(char* to, uint64_t value, size_t size) {
  if (size == 8) {
    std::memcpy(to, &value, 8);
  } else if (size >= 4) {
    const auto low = static_cast<uint32_t>(value);
    const auto high = static_cast<uint32_t>(value >> (size - 4) * 8);
    std::memcpy(to, &low, 4);
    std::memcpy(to + size - 4, &high, 4);
  } else {
    for (size_t i = 0; i < size; ++i) {
      to[i] = static_cast<char>(value >> i * 8);
    }
  }
}

}  // namespace internal

// Out of shared memory into private memory.
inline void LoadSharedBytes(char* to, const char* from, size_t size) {
  if (size == 0) return;
  internal::SharedReader reader(from);
  for (; size > 8; to += 8, size -= 8) {
    const uint64_t word = reader.Next();
    std::memcpy(to, &word, 8);
  }
  internal::StoreUpTo8(to, reader.Last(size), size);
}

// Whether a shared range equals a private one.
inline bool EqualSharedBytes(const char* shared, const char* bytes, size_t size) {
  if (size == 0) return true;
  internal::SharedReader reader(shared);
  for (; size > 8; bytes += 8, size -= 8) {
    if (reader.Next() != internal::LoadUpTo8(bytes, 8)) return false;
  }
  return reader.Last(size) == internal::LoadUpTo8(bytes, size);
}

// Out of private memory into shared memory.
inline void StoreSharedBytes(char* to, const char* from, size_t size) {
  while (size > 0) {
    const size_t offset = internal::WordOffset(to);
    const size_t taken = offset == 0 && size >= 8 ? 8 : size < 8 - offset ? size : 8 - offset;
    char* const word_at = to - offset;
    const uint64_t bytes = internal::LoadUpTo8(from, taken);
    if (taken == 8) {
      StoreSharedWord(word_at, bytes);
    } else {
      const uint64_t mask = ((uint64_t{1} << taken * 8) - 1) << offset * 8;
      StoreSharedWord(word_at, (LoadSharedWord(word_at) & ~mask) | bytes << offset * 8);
    }
    to += taken;
    from += taken;
    size -= taken;
  }
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
    if (size == 0) return;
    const uint64_t bytes = internal::LoadUpTo8(from, size);
    word_ |= bytes << filled_ * 8;
    filled_ += size;
    if (filled_ < 8) return;
    StoreSharedWord(at_, word_);
    at_ += 8;
    filled_ -= 8;
    // What did not fit into the word; the shift is below 64, since not all of `bytes` is left.
    word_ = filled_ == 0 ? 0 : bytes >> (size - filled_) * 8;
  }
  template <class T>
  void AppendNumber(T number) {
    Append(reinterpret_cast<const char*>(&number), sizeof number);
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
