// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/hash.h"

#include <random>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace rat_memcache {

uint64_t HashBytes(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

uint64_t RandomSeed() {
  std::random_device source;
  return (uint64_t{source()} << 32) | source();
}

}  // namespace rat_memcache
