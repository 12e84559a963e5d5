// What the tests of tables of hashes share.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>

namespace rat_memcache::store {

// Numbers in, spread as hashes are.
inline uint64_t HashForTest(uint64_t number) {
  number = (number + 1) * 0x9e3779b97f4a7c15u;
  number = (number ^ number >> 32) * 0xd6e8feb86659fd93u;
  return number ^ number >> 32;
}

}  // namespace rat_memcache::store
