// How often keys were asked for of late, of all keys, in a few bits each: a count-min sketch with
// 4-bit counters.
//
// A key has four counters in one cache line; its estimate is the smallest, and only the smallest
// are raised. Counters are halved line by line, all of them once per 10 x capacity additions, so
// that no single call does much. After Cormode and Muthukrishnan, "An improved data stream summary:
// the count-min sketch", 2005, with the ageing of Einziger, Friedman and Manes, "TinyLFU: a highly
// efficient cache admission policy", ACM ToS 2017. Four bytes per entry of capacity.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rat_memcache::store {

class FrequencySketch {
 public:
  static constexpr uint32_t kCountMax = 15;

  // Makes the capacity follow `entries`; a large difference begins anew.
  void FitTo(size_t entries);
  void Add(uint64_t hash, uint32_t times);
  uint32_t Estimate(uint64_t hash) const;
  size_t bytes() const { return lines_.size() * sizeof(Line); }

 private:
  static constexpr size_t kEntriesPerLine = 16;
  static constexpr size_t kAdditionsPerEntry = 10;  // until all counters have been halved
  static constexpr int kProbes = 4;

  struct alignas(64) Line {
    std::array<uint64_t, 8> words{};
  };

  size_t LineOf(uint64_t hash) const {
    return static_cast<uint32_t>(hash >> 20) * uint64_t{lines_.size()} >> 32;
  }
  void Halve(Line* line);

  std::vector<Line> lines_;
  size_t next_to_halve_ = 0;
  size_t additions_ = 0;  // since a line was halved
};

}  // namespace rat_memcache::store
