// An item as reports describe it: me, dumps, watchers.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string_view>

#include "cache/cache.h"
#include "command/context.h"
#include "store/item_size.h"

namespace rat_memcache::command {

struct ItemReport {
  uint32_t exptime = 0;  // second of the coarse clock; 0: never
  uint32_t idle_seconds = 0;
  uint64_t cas = 0;
  bool fetched = false;
  bool base64_key = false;
  uint32_t client_flags = 0;
  uint64_t size = 0;  // as memcached counts it
  int item_class = 0;
};

inline ItemReport ReportOf(const cache::ItemView& item, std::string_view key,
                           const Context& context) {
  const uint32_t client_flags = item.client_flags();
  const uint64_t size = store::MemcachedItemSize(key.size(), client_flags, item.value_size(),
                                                 context.options->cas_enabled);
  return {.exptime = item.exptime(),
          .idle_seconds = item.idle_seconds(),
          .cas = item.cas(),
          .fetched = item.fetched(),
          .base64_key = item.base64_key(),
          .client_flags = client_flags,
          .size = size,
          .item_class = context.cache->classes().Of(size)};
}

}  // namespace rat_memcache::command
