// For the few functions on the path of every request, where a compiler's guess costs nanoseconds:
// measured, not assumed (docs/performance.md).
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#if defined(_MSC_VER) && !defined(__clang__)
#define RAT_ALWAYS_INLINE __forceinline
#define RAT_NEVER_INLINE __declspec(noinline)
#else
#define RAT_ALWAYS_INLINE inline __attribute__((always_inline))
#define RAT_NEVER_INLINE __attribute__((noinline))
#endif
