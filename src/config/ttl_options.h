// What is to be done about items that expire. The names are those of the table [ttl] of the
// configuration.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>

namespace rat_memcache::config {

struct TtlOptions {
  // Seconds; of stores that name none. 0: such items never expire.
  uint32_t default_ttl = 0;
  // Seconds; a longer life, or one without an end, is cut to this. 0: no limit.
  uint32_t max_ttl = 0;
  // Seconds between two searches for expired items.
  uint32_t cleanup_interval = 1;
  // Items that such a search examines at most, per shard. 0: as many as 2 % of a core allows; that
  // holds in any case.
  uint64_t max_cleanup_entries = 0;
  // Whether a read that finds an expired item frees it.
  bool lazy_expiration = true;
  // Whether expired items are searched for and freed without being asked for. At least one of the
  // two must be on; an expired item is never returned in any case.
  bool active_expiration = true;
};

}  // namespace rat_memcache::config
