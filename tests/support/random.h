// Random numbers of the tests in C++: SplitMix64, the same on every machine and with every library,
// which <random>'s distributions are not.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>

namespace rat_memcache {

class TestRandom {
 public:
  explicit TestRandom(uint64_t seed) : state_(seed) {}

  uint64_t Next() { return Mix(state_ += 0x9e3779b97f4a7c15u); }
  // 0 .. bound - 1; the bounds are small enough that nobody notices the bias.
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  bool OneIn(uint64_t bound) { return Below(bound) == 0; }
  // In [0, 1).
  double Fraction() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

  // A bijection of 64 bits in which every input bit moves every output bit.
  static uint64_t Mix(uint64_t word) {
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
    word = (word ^ word >> 27) * 0x94d049bb133111ebu;
    return word ^ word >> 31;
  }

 private:
  uint64_t state_;
};

}  // namespace rat_memcache
