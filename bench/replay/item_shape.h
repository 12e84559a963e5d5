// What a key's item looks like where the trace does not say: value size and TTL, each drawn from
// the key's hash, so that a key keeps them for ever.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "load/random.h"

namespace rat_memcache::replay {

struct SizeRange {
  uint32_t min = 0;
  uint32_t max = 0;
};

// Log-uniform: as many sizes between 20 and 100 as between 100 and 500. Sizes in caches spread over
// orders of magnitude, with small ones being the many.
inline uint32_t SizeByHash(uint64_t id, const SizeRange& range) {
  if (range.min == range.max) return range.min;
  constexpr uint64_t kSalt = 0x517e;  // so that sizes and TTLs know nothing of each other
  constexpr double kUnit = 1.0 / 9007199254740992.0;  // 2^-53
  const double share = static_cast<double>(load::Mix(id + (kSalt << 32)) >> 11) * kUnit;
  const double low = std::max<double>(range.min, 1);
  const double size = low * std::pow((range.max + 1.0) / low, share);
  return std::clamp(static_cast<uint32_t>(size), range.min, range.max);
}

inline uint32_t TtlByHash(uint64_t id, const std::vector<uint32_t>& ttls) {
  constexpr uint64_t kSalt = 0x771;
  if (ttls.size() == 1) return ttls[0];
  return ttls[load::Mix(id + (kSalt << 32)) % ttls.size()];
}

}  // namespace rat_memcache::replay
