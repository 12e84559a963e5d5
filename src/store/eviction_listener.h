// Who is told what is evicted.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rat_memcache::store {

struct EvictedItem {
  std::string_view key;
  bool fetched = false;                  // was asked for since it was stored
  std::optional<uint32_t> seconds_left;  // nothing: would never have expired
  uint32_t idle_seconds = 0;
  uint64_t item_size = 0;  // as memcached counts it
  uint32_t value_size = 0;
};

class EvictionListener {
 public:
  virtual ~EvictionListener() = default;
  // Asked before each call below.
  virtual bool wanted() const = 0;
  // Under the lock of a shard: short, and without calls into the store.
  virtual void OnEvicted(const EvictedItem& item) = 0;
};

}  // namespace rat_memcache::store
