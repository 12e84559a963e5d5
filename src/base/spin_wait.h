// Waiting for a lock that is held for well under a microsecond: spin, then let others run, since
// the holder may have been taken off its core.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <thread>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace rat_memcache {

// Tells the processor that this is a loop that waits.
inline void PauseProcessor() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

class SpinWait {
 public:
  void Once() {
    if (++rounds_ > kRoundsBeforeYield) {
      std::this_thread::yield();
      return;
    }
    PauseProcessor();
  }

 private:
  static constexpr int kRoundsBeforeYield = 100;
  int rounds_ = 0;
};

}  // namespace rat_memcache
