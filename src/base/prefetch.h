// Hints that a cache line will be needed soon. They never fault, whatever the address.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

namespace rat_memcache {

inline void PrefetchForRead(const void* address) {
#if defined(_MSC_VER) && !defined(__clang__)
  _mm_prefetch(static_cast<const char*>(address), _MM_HINT_T0);
#else
  __builtin_prefetch(address, 0);
#endif
}

}  // namespace rat_memcache
