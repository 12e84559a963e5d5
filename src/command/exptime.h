// Expiry times as clients write them, and as items carry them.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>

namespace rat_memcache::command {

// Relative times end here; a larger number is a Unix time (memcached's doc/protocol.txt).
inline constexpr int32_t kRelativeMaxSeconds = 60 * 60 * 24 * 30;
// A second that is over when the server starts (coarse_clock.h): an item with it is dead at once.
inline constexpr uint32_t kLongAgo = 1;

// The second of the coarse clock at which an item with this exptime dies; 0: never.
// `now`: the coarse clock; `unix_at_zero`: the Unix time when it stood at 0.
constexpr uint32_t ResolveExptime(int64_t exptime, uint32_t now, int64_t unix_at_zero) {
  if (exptime == 0) return 0;
  if (exptime < 0) return kLongAgo;
  if (exptime <= kRelativeMaxSeconds) return now + static_cast<uint32_t>(exptime);
  const int64_t seconds = exptime - unix_at_zero;
  return seconds <= kLongAgo ? kLongAgo : static_cast<uint32_t>(seconds);
}

}  // namespace rat_memcache::command
