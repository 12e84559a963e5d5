// Random numbers of the load generator: fast, seeded, the same on every machine.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>

namespace rat_memcache::load {

// A bijection of 64 bits in which every input bit moves every output bit.
inline uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

class Random {
 public:
  explicit Random(uint64_t seed) : state_(Mix(seed + kStep)) {}

  uint64_t Next() { return Mix(state_ += kStep); }
  // Uniform in [0, bound). The bias is below bound / 2^32.
  uint32_t Below(uint32_t bound) { return Scale(static_cast<uint32_t>(Next() >> 32), bound); }

  // Maps 32 random bits to [0, bound).
  static uint32_t Scale(uint32_t bits, uint32_t bound) {
    return static_cast<uint32_t>((uint64_t{bits} * bound) >> 32);
  }

 private:
  static constexpr uint64_t kStep = 0x9e3779b97f4a7c15u;

  uint64_t state_;
};

}  // namespace rat_memcache::load
