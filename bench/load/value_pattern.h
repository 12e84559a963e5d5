// The value that belongs to a key: size and every byte follow from the key's id, so that a reply
// can be checked without keeping what was stored.
//
//   +-----------+----------------------------------------------+
//   | stamp, 8  | a piece of one random text, start by the id   |
//   +-----------+----------------------------------------------+
//
// The stamp is a bijection of the id: no two keys have the same value, if it has 8 bytes or more.
// Any byte may occur, line ends included.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "load/random.h"

namespace rat_memcache::load {

class ValuePattern {
 public:
  ValuePattern(uint32_t size_min, uint32_t size_max);

  // Stable per id, uniform between the two bounds.
  uint32_t SizeOf(uint32_t id) const {
    if (size_min_ == size_max_) return size_min_;
    const uint32_t bits = static_cast<uint32_t>(Mix(~uint64_t{id}) >> 32);
    return size_min_ + Random::Scale(bits, size_max_ - size_min_ + 1);
  }
  uint32_t size_max() const { return size_max_; }

  static constexpr size_t kStampSize = sizeof(uint64_t);

  // The value in two parts: the stamp is written to `out`, which has room for kStampSize bytes, and
  // its end is returned; the rest, often empty, is shared and lives as long as the pattern.
  char* WriteStamp(char* out, uint32_t id) const;
  std::string_view RestOf(uint32_t id) const;

  // Whether `bytes` are what the value of `id` has at `offset`.
  bool Matches(uint32_t id, size_t offset, std::string_view bytes) const;

 private:
  // Few enough that the pieces of small values stay in cache.
  static constexpr size_t kStarts = 16384;

  static uint64_t StampOf(uint32_t id) { return Mix(uint64_t{id} + 1); }
  const char* TextOf(uint64_t stamp) const { return text_.data() + stamp % kStarts; }

  const uint32_t size_min_;
  const uint32_t size_max_;
  std::string text_;
};

}  // namespace rat_memcache::load
