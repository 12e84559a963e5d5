// How counts of hits age where old favourites must be able to leave: once per turnover of the shard
// an item loses a quarter of its count, so that a count halves in some two and a half of them.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>

namespace rat_memcache::store {

constexpr uint8_t AgedCount(uint8_t count) { return static_cast<uint8_t>(count - (count + 3) / 4); }

}  // namespace rat_memcache::store
