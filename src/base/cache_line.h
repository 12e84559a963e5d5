// Bytes that processors take from each other at a time. What one thread writes often stands on
// other lines than what others read often.
//
// Not std::hardware_destructive_interference_size: that may differ between compilers, and so the
// layout of types in headers.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>

namespace rat_memcache {

inline constexpr size_t kCacheLine = 64;

}  // namespace rat_memcache
