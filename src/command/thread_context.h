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
  // Of the connection that is being served; for reports.
  int64_t descriptor = -1;

  // The second of the coarse clock at which an item with this exptime dies; 0: never.
  uint32_t Exptime(int64_t exptime) const {
    return ResolveExptime(exptime, cache->Now(), shared->unix_at_zero);
  }
  bool watched(observe::WatchStream stream) const { return shared->watch->wanted(stream); }
  void CountInClass(observe::ClassCount what, uint64_t item_size) const {
    counters->Add(what, cache->classes().Of(item_size));
  }

  // What was found, if something was.
  struct Hit {
    int pool = 0;
    uint64_t item_size = 0;
    uint32_t value_size = 0;

    void Note(const cache::ItemView& item) {
      pool = item.pool();
      item_size = item.item_size();
      value_size = item.value_size();
    }
  };
  // A read of one key, a touch, a deletion, a change of a number: counted as memcached does, and
  // told to watchers.
  void NoteGet(std::string_view key, cache::Found found, const Hit& hit) const {
    counters->Add(observe::Count::kCmdGet);
    counters->Add(found == cache::Found::kHit ? observe::Count::kGetHits
                                              : observe::Count::kGetMisses);
    if (found == cache::Found::kHit) {
      counters->Add(observe::CountOfPool(hit.pool));
      CountInClass(observe::ClassCount::kGetHits, hit.item_size);
    }
    if (found == cache::Found::kExpired) counters->Add(observe::Count::kGetExpired);
    if (found == cache::Found::kFlushed) counters->Add(observe::Count::kGetFlushed);
    if (watched(observe::WatchStream::kFetchers)) [[unlikely]] {
      ReportGet(key, found, hit);
    }
  }
  void NoteTouch(std::string_view key, cache::Found found, const Hit& hit) const;
  // `command`: memcached's word.
  void NoteDelete(std::string_view key, const cache::DeleteResult& result,
                  std::string_view command) const;
  void NoteNumber(std::string_view key, const cache::CountResult& result, bool up) const;

  // To watchers. Only worth the work if there are some: watched().
  void ReportGet(std::string_view key, cache::Found found, const Hit& hit) const;
  // An attempt to store an item. `status` and `command`: memcached's words.
  struct StoreReport {
    std::string_view key;
    std::string_view status;
    std::string_view command;
    uint32_t exptime = 0;
    uint64_t item_size = 0;
    uint32_t value_size = 0;
  };
  void ReportStore(const StoreReport& report) const;
};

inline void Say(bool noreply, std::string_view text, GatherBuffer* out) {
  if (!noreply) out->Append(text);
}

}  // namespace rat_memcache::command
