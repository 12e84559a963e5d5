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
  void CountInClass(observe::ClassCount what, uint64_t item_size) const {
    counters->Add(what, cache->classes().Of(item_size));
  }
  // A read of one key, as memcached counts it. What was found, if something was.
  struct Hit {
    int pool = 0;
    uint64_t item_size = 0;

    void Note(const cache::ItemView& item) {
      pool = item.pool();
      item_size = item.item_size();
    }
  };
  void CountGet(cache::Found found, const Hit& hit) const {
    counters->Add(observe::Count::kCmdGet);
    counters->Add(found == cache::Found::kHit ? observe::Count::kGetHits
                                              : observe::Count::kGetMisses);
    if (found == cache::Found::kHit) {
      counters->Add(observe::CountOfPool(hit.pool));
      CountInClass(observe::ClassCount::kGetHits, hit.item_size);
    }
    if (found == cache::Found::kExpired) counters->Add(observe::Count::kGetExpired);
    if (found == cache::Found::kFlushed) counters->Add(observe::Count::kGetFlushed);
  }
  void CountTouch(cache::Found found, const Hit& hit) const {
    const bool is_hit = found == cache::Found::kHit;
    counters->Add(observe::Count::kCmdTouch);
    counters->Add(is_hit ? observe::Count::kTouchHits : observe::Count::kTouchMisses);
    if (is_hit) CountInClass(observe::ClassCount::kTouchHits, hit.item_size);
  }
  void CountDelete(const cache::DeleteResult& result) const {
    const bool hit = result.status == cache::DeleteStatus::kDone;
    if (hit) {
      counters->Add(observe::Count::kDeleteHits);
      CountInClass(observe::ClassCount::kDeleteHits, result.item_size);
    } else if (result.status == cache::DeleteStatus::kNotFound) {
      counters->Add(observe::Count::kDeleteMisses);
    }
  }
  void CountNumber(const cache::CountResult& result, bool up) const {
    if (result.status == cache::CountStatus::kCounted) {
      counters->Add(up ? observe::Count::kIncrHits : observe::Count::kDecrHits);
      CountInClass(up ? observe::ClassCount::kIncrHits : observe::ClassCount::kDecrHits,
                   result.item_size);
    } else if (result.status == cache::CountStatus::kNotFound) {
      counters->Add(up ? observe::Count::kIncrMisses : observe::Count::kDecrMisses);
    }
  }
};

inline void Say(bool noreply, std::string_view text, GatherBuffer* out) {
  if (!noreply) out->Append(text);
}

}  // namespace rat_memcache::command
