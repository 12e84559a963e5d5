// The time that items live by: whole seconds, moved forward by one owner and read by everyone.
//
// Seconds count from a moment before the cache was opened, as in memcached: a clock starts at
// kStartSeconds, so that 0 can mean "never" and 1 "long ago" in an item's exptime. The owner takes
// the ticks from a monotonic source, so that a step of the wall clock expires nothing. Tests own a
// clock and move it by hand.
//
// Threads: Now() from any thread. Set() from the owner only.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>

namespace rat_memcache {

class CoarseClock {
 public:
  // memcached dates its start back by 62 seconds; its `uptime` begins at 2 for that reason.
  static constexpr uint32_t kStartSeconds = 62;

  CoarseClock() = default;
  CoarseClock(const CoarseClock&) = delete;
  CoarseClock& operator=(const CoarseClock&) = delete;

  // Relaxed: a reader may see the second that has just ended, which a client cannot tell from
  // having asked a moment earlier.
  uint32_t Now() const { return now_.load(std::memory_order_relaxed); }
  void Set(uint32_t seconds) { now_.store(seconds, std::memory_order_relaxed); }
  void Advance(uint32_t seconds) { Set(Now() + seconds); }

 private:
  std::atomic<uint32_t> now_{kStartSeconds};
};

}  // namespace rat_memcache
