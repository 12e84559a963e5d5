// A memory of keys that were evicted a short while ago: 16-bit fingerprints, 20 to a cache line.
//
// Entries age: a generation is 1/64 of the capacity in additions, and an entry counts as long as it
// is younger than 64 generations. So the table behaves as a FIFO of its capacity without any links,
// at 3.2 bytes per entry. A wrong "yes" has a probability of 20 / 65536.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rat_memcache::store {

class GhostTable {
 public:
  // Makes the capacity follow `entries`. Small differences are ignored; a large one empties the
  // table, which costs nothing while a cache fills and little when its items change their size.
  void FitTo(size_t entries);
  void Add(uint64_t hash);
  // Whether the key was added lately; forgets it.
  bool Take(uint64_t hash);

  size_t capacity() const { return lines_.size() * kPerLine; }
  size_t bytes() const { return lines_.size() * sizeof(Line); }

 private:
  static constexpr size_t kPerLine = 20;
  static constexpr uint8_t kLifetime = 64;  // generations

  struct alignas(64) Line {
    std::array<uint16_t, kPerLine> fingerprints{};
    std::array<uint8_t, kPerLine> generations{};
  };
  static_assert(sizeof(Line) == 64);

  Line& LineOf(uint64_t hash) {
    return lines_[static_cast<uint32_t>(hash >> 20) * uint64_t{lines_.size()} >> 32];
  }
  static uint16_t FingerprintOf(uint64_t hash) { return static_cast<uint16_t>(hash); }
  uint8_t AgeOf(uint8_t generation) const { return static_cast<uint8_t>(generation_ - generation); }

  std::vector<Line> lines_;
  uint8_t generation_ = kLifetime;
  size_t additions_left_ = 0;  // in this generation
};

}  // namespace rat_memcache::store
