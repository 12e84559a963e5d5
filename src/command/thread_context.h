// What the commands of one thread work with.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string_view>

#include "base/gather_buffer.h"
#include "cache/cache.h"
#include "command/context.h"
#include "command/exptime.h"
#include "observe/counters.h"

namespace rat_memcache::command {

struct ThreadContext {
  const Context* shared;
  cache::Cache* cache;
  observe::ThreadCounters* counters;

  // The second of the coarse clock at which an item with this exptime dies; 0: never.
  uint32_t Exptime(int64_t exptime) const {
    return ResolveExptime(exptime, cache->Now(), shared->unix_at_zero);
  }
  // A read of one key, as memcached counts it.
  void CountGet(cache::Found found, int pool) const {
    counters->Add(observe::Count::kCmdGet);
    counters->Add(found == cache::Found::kHit ? observe::Count::kGetHits
                                              : observe::Count::kGetMisses);
    if (found == cache::Found::kHit) counters->Add(observe::CountOfPool(pool));
    if (found == cache::Found::kExpired) counters->Add(observe::Count::kGetExpired);
    if (found == cache::Found::kFlushed) counters->Add(observe::Count::kGetFlushed);
  }
  void CountTouch(bool hit) const {
    counters->Add(observe::Count::kCmdTouch);
    counters->Add(hit ? observe::Count::kTouchHits : observe::Count::kTouchMisses);
  }
};

inline void Say(bool noreply, std::string_view text, GatherBuffer* out) {
  if (!noreply) out->Append(text);
}

}  // namespace rat_memcache::command
