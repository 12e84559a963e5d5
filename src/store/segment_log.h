// The log of one shard: an arena cut into segments of equal size, and the queues they wait in.
//
//   free -> open (records are appended) -> sealed (in the queue of its pool) -> cleaned -> free
//
// Invariants
//   1. A byte below write_off belongs to exactly one record (item_record.h), so that a segment can be
//      walked from its start to write_off.
//   2. live_bytes and live_items count the records that are not dead.
//   3. A segment with pins is not handed out again: its bytes are still on their way to a client.
//   4. Memory that was used once and not released stays resident; resident_bytes() is what counts
//      against the memory limit, whether items are in it or not.
// Threads: everything under the shard lock, but for the pin counters, which anybody may lower.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/cache_line.h"
#include "base/check.h"
#include "base/result.h"
#include "platform/memory.h"
#include "store/item_record.h"

namespace rat_memcache::store {

using SegmentId = uint32_t;
inline constexpr SegmentId kNoSegment = UINT32_MAX;

// Queues of segments. A policy that knows one queue only puts all into pool 0.
inline constexpr int kPools = 3;
// Items of one pool that will expire at about the same time share segments (Shard::TtlClassOf).
inline constexpr int kTtlClasses = 8;

struct alignas(kCacheLine) Segment {
  enum class State : uint8_t { kFree, kOpen, kSealed };
  static constexpr uint32_t kNeverExpires = UINT32_MAX;

  uint32_t write_off = 0;   // end of the last record
  uint32_t live_bytes = 0;  // of live records, headers and alignment included
  uint32_t live_items = 0;  // live records that are items
  // Flush epoch in which it was opened. Release: a reader that sees the epoch of a later opening
  // also sees that the version of its bucket has changed (index.h).
  std::atomic<uint32_t> epoch{0};
  // When the first item in it expires, at the earliest, and when the last does, at the latest.
  uint32_t min_exptime = kNeverExpires;
  uint32_t max_exptime = 0;
  uint32_t sequence = 0;        // orders segments by the time they were opened; wraps
  SegmentId next = kNoSegment;  // in the queue of its pool, oldest first
  SegmentId previous = kNoSegment;
  std::atomic<uint32_t> pins{0};
  uint8_t pool = 0;
  uint8_t ttl_class = 0;
  State state = State::kFree;

  // Acquire: pairs with a pin's release, so that the reads through it happen before what follows.
  bool pinned() const { return pins.load(std::memory_order_acquire) != 0; }
};
static_assert(sizeof(Segment) == 64);

class SegmentLog {
 public:
  // Address space for `arena_bytes`; memory is taken as segments are opened. `segment_bytes` is a
  // power of two and a multiple of the page size.
  static Result<std::unique_ptr<SegmentLog>> Make(size_t arena_bytes, size_t segment_bytes);
  SegmentLog(const SegmentLog&) = delete;
  SegmentLog& operator=(const SegmentLog&) = delete;

  size_t segment_bytes() const { return size_t{1} << segment_shift_; }
  // Segments that were opened at least once have the ids below this.
  SegmentId segments_seen() const { return first_unused_; }
  // `id` < segments_seen().
  Segment& operator[](SegmentId id) { return segments_[id]; }
  const Segment& operator[](SegmentId id) const { return segments_[id]; }

  // Locations count 8-byte units; 0 is none.
  char* At(uint32_t location) const { return arena_.data() + size_t{location} * kRecordAlignment; }
  uint32_t LocationOf(const char* at) const {
    return static_cast<uint32_t>((at - arena_.data()) / kRecordAlignment);
  }
  SegmentId SegmentOf(uint32_t location) const {
    return static_cast<SegmentId>(size_t{location} * kRecordAlignment >> segment_shift_);
  }
  Segment& SegmentAt(uint32_t location) { return segments_[SegmentOf(location)]; }

  // Opens a free segment at the young end of its pool's queue; kNoSegment if none is free. Keeping
  // to the memory limit is the caller's business (Available).
  SegmentId Open(int pool, int ttl_class, uint32_t epoch);
  // Room left in an open segment.
  size_t Room(SegmentId id) const { return segment_bytes() - segments_[id].write_off; }
  // The place for a record of `bytes` (aligned, at most Room()). The caller writes a record there
  // before it lets go of the shard lock, and counts it as live.
  // Readers may still be looking at what was here before; they find out that it is gone, because
  // the versions of their buckets were raised before, and this call orders the caller's writes
  // behind that.
  char* Append(SegmentId id, size_t bytes);
  void Seal(SegmentId id) { segments_[id].state = Segment::State::kSealed; }
  // Takes a segment without live records or pins out of its queue and makes it free.
  void Free(SegmentId id);

  // Puts a segment at the young end of its queue again, with all that is in it.
  void Rotate(SegmentId id);

  // Whether the segment may be cleaned now.
  bool Cleanable(SegmentId id) const {
    return segments_[id].state == Segment::State::kSealed && !segments_[id].pinned();
  }
  // Segments of a pool from the oldest to the youngest, open ones included.
  SegmentId Oldest(int pool) const { return queues_[pool].oldest; }
  // Memory in use by the pool's segments.
  size_t PoolBytes(int pool) const { return size_t{queues_[pool].count} << segment_shift_; }

  // How many segments may be opened before those in use take more than this.
  size_t Available(size_t resident_max) const;
  SegmentId segments_in_use() const { return in_use_; }
  size_t resident_bytes() const { return size_t{resident_} << segment_shift_; }
  // Memory behind the segments' headers, whole pages.
  size_t bookkeeping_bytes() const;
  // Gives memory of free segments back until the resident memory is at most `resident_max`.
  void ReleaseFree(size_t resident_max);

  // Where the first record of a segment lies, and where the last one ends. Walk with
  // SizeOfRecord().
  char* Begin(SegmentId id) const {
    return arena_.data() + (size_t{id} << segment_shift_) + (id == 0 ? kRecordAlignment : 0);
  }
  char* End(SegmentId id) const {
    return arena_.data() + (size_t{id} << segment_shift_) + segments_[id].write_off;
  }

 private:
  struct Queue {
    SegmentId oldest = kNoSegment;
    SegmentId youngest = kNoSegment;
    SegmentId count = 0;
  };
  void Enqueue(SegmentId id);
  void Dequeue(SegmentId id);

  SegmentLog(platform::Reservation arena, platform::Reservation headers, SegmentId segments_max,
             int segment_shift);
  // Takes a segment that was never used; kNoSegment if there is none or the system gives no memory.
  SegmentId TakeUnused();

  platform::Reservation arena_;
  platform::Reservation headers_;
  const int segment_shift_;
  const SegmentId segments_max_;
  Segment* const segments_;  // in headers_; constructed below first_unused_
  // What writers change, apart from what every read looks at.
  alignas(kCacheLine) std::array<Queue, kPools> queues_;
  std::vector<SegmentId> free_resident_;  // used before, memory still there
  std::vector<SegmentId> free_released_;  // used before, memory given back
  SegmentId first_unused_ = 0;            // this and all later ones were never used
  SegmentId in_use_ = 0;
  SegmentId resident_ = 0;
  uint32_t next_sequence_ = 0;
};

}  // namespace rat_memcache::store
