// What an eviction policy decides: which queue a new item joins, which segment is cleaned next, and
// which of its items stay.
//
// The hot path knows no policy: a hit sets the same few bits of a slot (slot.h) under every one of
// them. So a policy is asked once per insert and once per item cleaned, and it can be exchanged
// while items stay where they are.
//
// To add a policy: a header in this folder, with a source file if it needs one, a value of
// EvictionStrategy, a line in policy.cc.
//
// Threads: one policy belongs to one shard and is called under its lock.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "config/eviction_strategy.h"
#include "store/segment_log.h"
#include "store/slot.h"

namespace rat_memcache::store {

using config::EvictionStrategy;

enum class Verdict : uint8_t {
  kDrop,  // evict the item
  kKeep,  // move it to the young end of its own pool, or of the pool named
  kKeepInPool1,
  kKeepInPool2,
};
constexpr int PoolAfter(Verdict verdict, int pool) {
  return verdict == Verdict::kKeepInPool1 ? 1 : verdict == Verdict::kKeepInPool2 ? 2 : pool;
}

// What a policy may know of an item.
struct ItemTraits {
  SlotMeta meta;
  uint32_t bytes = 0;    // of its record; of an item that is judged
  uint32_t exptime = 0;  // second of the coarse clock, 0: never; only if it judges_by_exptime()
};

// Stamps count in ticks; so many pass while as many bytes are stored as the shard has memory.
inline constexpr uint8_t kTicksPerTurnover = 32;

class EvictionPolicy {
 public:
  // What a policy may want to know when a cleaning begins.
  struct Survey {
    uint64_t items = 0;             // in the shard
    double mean_bytes = 0;          // of their records
    int pool = 0;                   // of the segment that is cleaned
    double segment_mean_bytes = 0;  // of its live records
    uint8_t tick = 0;               // the stamp that a hit would set now
    uint32_t now = 0;               // second of the coarse clock
    bool many_copies = false;       // of late, for what was won by them
    // An item chosen at random, or nothing (the shard has none, or the draw failed).
    std::function<std::optional<ItemTraits>()> sample;
  };

  virtual ~EvictionPolicy() = default;
  virtual EvictionStrategy strategy() const = 0;
  // Whether it wants to be told when items expire; that costs an access to each.
  virtual bool judges_by_exptime() const { return false; }

  // The pool of an item whose key is new to the shard.
  virtual int Place(uint64_t /*hash*/) { return 0; }
  // The segment to clean; kNoSegment if none can be.
  virtual SegmentId Pick(const SegmentLog& log) const = 0;
  // Called once before the items of a segment are judged.
  virtual void BeginSegment(const Survey& /*survey*/) {}
  // `item->meta` is what the item keeps if it stays; the policy may change it. `pressure` counts
  // the segments that were cleaned in a row without making room: a policy that grows stricter with
  // it ends the search early. (From kPressureMax on, nothing is kept and nobody is asked.)
  virtual Verdict Judge(uint64_t hash, ItemTraits* item, int pressure) = 0;
  // An item was evicted (not expired, not deleted) after this verdict.
  virtual void OnDrop(uint64_t /*hash*/, SlotMeta /*meta*/) {}
  // Called once after a segment: how many bytes of live items were in it, and how many stayed.
  virtual void EndSegment(size_t /*bytes_seen*/, size_t /*bytes_kept*/) {}
  // Whether a segment of this pool may go to the young end as a whole, without a copy, if nearly
  // everything in it stays. Its items then stay in the pool.
  virtual bool rotates(int /*pool*/) const { return false; }
  // Memory behind the policy's own tables.
  virtual size_t bytes() const { return 0; }

  static constexpr int kPressureMax = 8;
};

// `adaptive_choice` is what kAdaptive follows; it must outlive the policy.
std::unique_ptr<EvictionPolicy> MakePolicy(EvictionStrategy strategy,
                                           const std::atomic<EvictionStrategy>* adaptive_choice);

// The first in the queues of these pools, taken together, that can be cleaned.
SegmentId OldestCleanable(const SegmentLog& log, int first_pool = 0, int last_pool = kPools - 1);

}  // namespace rat_memcache::store
