// The hash of a key: 64-bit XXH3 with a seed drawn once per process, so that a client cannot choose
// keys that fall into one bucket. Never stored on disk and never shown to a client.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string_view>

namespace rat_memcache {

uint64_t HashBytes(std::string_view bytes, uint64_t seed);

// A seed from the system's random source.
uint64_t RandomSeed();

}  // namespace rat_memcache
