// An item's size as memcached counts it. Our own items are smaller; this figure is for what clients
// and tools see: the limit of -I, `bytes`, `mem_requested`.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

namespace rat_memcache::store {

// Header (8 more with CAS), key and NUL, client flags if there are any, value and CRLF.
constexpr size_t MemcachedItemSize(size_t key_size, uint32_t client_flags, size_t value_size,
                                   bool cas_enabled) {
  return 48 + (cas_enabled ? 8 : 0) + key_size + 1 + (client_flags != 0 ? 4 : 0) + value_size + 2;
}

}  // namespace rat_memcache::store
