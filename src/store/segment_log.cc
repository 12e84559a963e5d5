// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/segment_log.h"

#include <algorithm>
#include <bit>
#include <new>
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
  auto headers = platform::Reservation::Make(segments * sizeof(Segment));
  if (!headers.ok()) return headers.error();
  return std::unique_ptr<SegmentLog>(
      new SegmentLog(std::move(arena).value(), std::move(headers).value(),
                     static_cast<SegmentId>(segments), std::countr_zero(segment_bytes)));
}

SegmentLog::SegmentLog(platform::Reservation arena, platform::Reservation headers,
                       SegmentId segments_max, int segment_shift)
    : arena_(std::move(arena)),
      headers_(std::move(headers)),
      segment_shift_(segment_shift),
      segments_max_(segments_max),
      segments_(reinterpret_cast<Segment*>(headers_.data())) {}

size_t SegmentLog::bookkeeping_bytes() const {
  const size_t page = platform::PageSize();
  return (first_unused_ * sizeof(Segment) + page - 1) / page * page;
}

size_t SegmentLog::Available(size_t resident_max) const {
  const size_t allowed = resident_max >> segment_shift_;
  return allowed > in_use_ ? std::min<size_t>(allowed, segments_max_) - in_use_ : 0;
}

SegmentId SegmentLog::TakeUnused() {
  if (first_unused_ == segments_max_) return kNoSegment;
  const size_t page = platform::PageSize();
  const size_t header_page = first_unused_ * sizeof(Segment) / page * page;
  // Headers share pages; asking again for one that is there does no harm.
  if (!headers_.Commit(header_page, page)) return kNoSegment;
  if (!arena_.Commit(size_t{first_unused_} << segment_shift_, segment_bytes())) return kNoSegment;
  new (&segments_[first_unused_]) Segment;
  ++resident_;
  return first_unused_++;
}

SegmentId SegmentLog::Open(int pool, int ttl_class, uint32_t epoch) {
  SegmentId id;
  if (!free_resident_.empty()) {
    id = free_resident_.back();
    free_resident_.pop_back();
  } else if (!free_released_.empty()) {
    id = free_released_.back();
    if (!arena_.Commit(size_t{id} << segment_shift_, segment_bytes())) return kNoSegment;
    free_released_.pop_back();
    ++resident_;
  } else {
    id = TakeUnused();
    if (id == kNoSegment) return kNoSegment;
  }
  ++in_use_;

  Segment& segment = segments_[id];
  RAT_DCHECK(segment.live_bytes == 0 && segment.pins.load() == 0, "a free segment is in use");
  segment.write_off = static_cast<uint32_t>(Begin(id) - At(0) - (size_t{id} << segment_shift_));
  segment.epoch.store(epoch, std::memory_order_release);
  segment.min_exptime = Segment::kNeverExpires;
  segment.max_exptime = 0;
  segment.pool = static_cast<uint8_t>(pool);
  segment.ttl_class = static_cast<uint8_t>(ttl_class);
  segment.state = Segment::State::kOpen;

  Enqueue(id);
  return id;
}

void SegmentLog::Enqueue(SegmentId id) {
  Segment& segment = segments_[id];
  Queue& queue = queues_[segment.pool];
  segment.sequence = next_sequence_++;
  segment.next = kNoSegment;
  segment.previous = queue.youngest;
  (queue.youngest == kNoSegment ? queue.oldest : segments_[queue.youngest].next) = id;
  queue.youngest = id;
  ++queue.count;
}

void SegmentLog::Dequeue(SegmentId id) {
  const Segment& segment = segments_[id];
  Queue& queue = queues_[segment.pool];
  (segment.previous == kNoSegment ? queue.oldest : segments_[segment.previous].next) = segment.next;
  (segment.next == kNoSegment ? queue.youngest : segments_[segment.next].previous) =
      segment.previous;
  --queue.count;
}

void SegmentLog::Rotate(SegmentId id) {
  Dequeue(id);
  Enqueue(id);
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
  Dequeue(id);
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
