// Checks for bugs of ours, as opposed to bad input or a failing disk.
//
// RAT_CHECK is always on: a broken invariant must not reach the data. RAT_DCHECK costs nothing in a
// release build and is on in debug and sanitizer builds; it belongs on hot paths.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

namespace rat_memcache {

// Prints "FILE:LINE: broken invariant: CONDITION (explanation)" to stderr and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              const char* explanation);

}  // namespace rat_memcache

#define RAT_CHECK(condition, explanation)                                       \
  do {                                                                          \
    if (!(condition)) [[unlikely]] {                                            \
      ::rat_memcache::CheckFailed(__FILE__, __LINE__, #condition, explanation); \
    }                                                                           \
  } while (false)

#ifdef RAT_DCHECKS
#define RAT_DCHECK(condition, explanation) RAT_CHECK(condition, explanation)
#else
#define RAT_DCHECK(condition, explanation) \
  do {                                     \
  } while (false && (condition))
#endif
