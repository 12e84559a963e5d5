// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/segment_log.h"

#include <bit>
#include <utility>

#include "store/slot.h"

namespace rat_memcache::store {

Result<std::unique_ptr<SegmentLog>> SegmentLog::Make(size_t arena_bytes, size_t segment_bytes) {
  RAT_CHECK(std::has_single_bit(segment_bytes), "segment size is no power of two");
  RAT_CHECK(segment_bytes >= platform::PageSize(), "a segment is smaller than a page");
  const size_t segments = arena_bytes / segment_bytes;
  RAT_CHECK(segments > 0 && arena_bytes / kRecordAlignment <= size_t{1} << Slot::kLocationBits,
            "arena size out of range");
  // Readers of a record that may be gone look a little further than the last segment.
  auto arena = platform::Reservation::Make(segments * segment_bytes + kReadAheadMax);
  if (!arena.ok()) return arena.error();
  return std::unique_ptr<SegmentLog>(
      new SegmentLog(std::move(arena).value(), segments, std::countr_zero(segment_bytes)));
}

SegmentLog::SegmentLog(platform::Reservation arena, size_t segments, int segment_shift)
    : arena_(std::move(arena)), segment_shift_(segment_shift), segments_(segments) {}

size_t SegmentLog::Available(size_t resident_max) const {
  const size_t allowed = resident_max >> segment_shift_;
  return allowed > in_use_ ? std::min(allowed, segments_.size()) - in_use_ : 0;
}

SegmentId SegmentLog::Open(int pool, int ttl_class, uint32_t epoch) {
  if (Available(SIZE_MAX) == 0) return kNoSegment;
  SegmentId id;
  if (!free_resident_.empty()) {
    id = free_resident_.back();
    free_resident_.pop_back();
  } else {
    if (!free_released_.empty()) {
      id = free_released_.back();
      free_released_.pop_back();
    } else {
      id = first_unused_++;
    }
    if (!arena_.Commit(size_t{id} << segment_shift_, segment_bytes())) {
      free_released_.push_back(id);
      return kNoSegment;
    }
    ++resident_;
  }
  ++in_use_;

  Segment& segment = segments_[id];
  RAT_DCHECK(segment.live_bytes == 0 && segment.pins.load() == 0, "a free segment is in use");
  segment.write_off = static_cast<uint32_t>(Begin(id) - At(0) - (size_t{id} << segment_shift_));
  segment.item_bytes = 0;
  segment.epoch.store(epoch, std::memory_order_release);
  segment.max_exptime = 0;
  segment.sequence = next_sequence_++;
  segment.pool = static_cast<uint8_t>(pool);
  segment.ttl_class = static_cast<uint8_t>(ttl_class);
  segment.state = Segment::State::kOpen;

  Queue& queue = queues_[pool];
  segment.next = kNoSegment;
  segment.previous = queue.youngest;
  (queue.youngest == kNoSegment ? queue.oldest : segments_[queue.youngest].next) = id;
  queue.youngest = id;
  ++queue.count;
  return id;
}

char* SegmentLog::Append(SegmentId id, size_t bytes) {
  RAT_DCHECK(bytes <= Room(id) && bytes % kRecordAlignment == 0, "record does not fit");
  // Release fence: pairs with the acquire fence of Index::Consistent().
  std::atomic_thread_fence(std::memory_order_release);
  char* const at = End(id);
  segments_[id].write_off += static_cast<uint32_t>(bytes);
  return at;
}

void SegmentLog::Free(SegmentId id) {
  Segment& segment = segments_[id];
  RAT_DCHECK(segment.live_bytes == 0 && segment.live_items == 0, "freeing live records");
  Queue& queue = queues_[segment.pool];
  (segment.previous == kNoSegment ? queue.oldest : segments_[segment.previous].next) = segment.next;
  (segment.next == kNoSegment ? queue.youngest : segments_[segment.next].previous) =
      segment.previous;
  --queue.count;
  segment.state = Segment::State::kFree;
  --in_use_;
  free_resident_.push_back(id);
}

void SegmentLog::ReleaseFree(size_t resident_max) {
  while (resident_bytes() > resident_max && !free_resident_.empty()) {
    const SegmentId id = free_resident_.back();
    free_resident_.pop_back();
    arena_.Release(size_t{id} << segment_shift_, segment_bytes());
    free_released_.push_back(id);
    --resident_;
  }
}

}  // namespace rat_memcache::store
