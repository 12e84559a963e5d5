// Room for records: segments that are opened, sealed, and made free when there is no other.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>
#include <utility>

#include "store/shard.h"

namespace rat_memcache::store {
namespace {

// Segments that are emptied at most to get one, where nothing is evicted.
constexpr size_t kCleaningsWithoutEviction = 40;
// Segments that one set cleans at most to get one, as long as the log has memory beyond its limit.
// Enough for the last to be cleaned under full pressure, if nothing was won before.
constexpr size_t kCleaningsPerSegment = EvictionPolicy::kPressureMax + 1;
// At most so many segments in a row go to the young end as they are, since nothing is won by it
// yet.
constexpr int kRotationsPerCleaning = 4;

}  // namespace

int Shard::TtlClassOf(uint32_t exptime, uint32_t now) const {
  constexpr int kNever = kTtlClasses - 1;
  // The most seconds of each class but the last two.
  constexpr std::array<uint32_t, kTtlClasses - 2> kSeconds = {15, 120, 600, 3600, 21600, 86400};
  // Where nothing may be evicted, what is moved must not take more room than it had: if some of it
  // went here and some there, it could.
  if (keeps_all_) return 0;
  if (exptime == 0) return kNever;
  // Every class has a segment that is not full yet; in a small memory that is too many.
  if (ResidentMax() / log_->segment_bytes() < kSegmentsForTtlClasses) return 0;
  const uint32_t ttl = exptime > now ? exptime - now : 0;
  return static_cast<int>(std::lower_bound(kSeconds.begin(), kSeconds.end(), ttl) -
                          kSeconds.begin());
}

size_t Shard::ResidentMax() const {
  const size_t limit = shared_->MemoryLimit();
  const size_t external = shared_->external_bytes.load(std::memory_order_relaxed);
  const size_t others = external + shared_->sample->bytes();
  const size_t share = (limit > others ? limit - others : 0) / shared_->shards;
  const size_t fixed = index_->bytes() + policy_->bytes() + log_->bookkeeping_bytes();
  return std::max(share > fixed ? share - fixed : 0, kSegmentsMin * log_->segment_bytes());
}

char* Shard::AllocateRecord(AllocateFor purpose, int pool, int ttl_class, size_t bytes) {
  size_t got = 0;
  return Allocate(purpose, pool, ttl_class, bytes, bytes, &got);
}

char* Shard::Allocate(AllocateFor purpose, int pool, int ttl_class, size_t bytes_min,
                      size_t bytes_max, size_t* bytes) {
  if (bytes_min > log_->segment_bytes() - kRecordAlignment) return nullptr;
  SegmentId& open = open_[pool][ttl_class];
  for (;;) {
    if (open != kNoSegment) {
      const size_t room = log_->Room(open);
      if (room >= bytes_min) {
        *bytes = std::min(room, bytes_max);
        char* const at = log_->Append(open, *bytes);
        CountLive(log_->LocationOf(at), *bytes);
        return at;
      }
      Seal(std::exchange(open, kNoSegment));
    }
    // Cleaning may open a segment for survivors in the very place this loop looks at.
    if (purpose == AllocateFor::kNewItem && log_->Available(ResidentMax()) <= kReserve) {
      const bool made = MakeRoom(kReserve + 1);
      // If not, what was moved may have left enough at the end of its segment.
      if (!made && (open == kNoSegment || log_->Room(open) < bytes_min)) {
        ++stats_.no_memory;
        return nullptr;
      }
      if (open != kNoSegment) continue;
    }
    // Survivors may take the log over its limit: their old segment is free right after.
    open = log_->Open(pool, ttl_class, adopted_epoch_);
    if (open == kNoSegment) return nullptr;
  }
}

bool Shard::MayHold(uint32_t value_size) {
  MutexLock lock(&mutex_);
  size_t pinned = 0;
  for (SegmentId id = 0; id < log_->segments_seen(); ++id) {
    if ((*log_)[id].pinned()) pinned += log_->segment_bytes();
  }
  // Drafts have a limit of their own.
  pinned -= std::min(pinned, draft_bytes_);
  // What only this value takes is never too much: it may be half of all memory, and several may
  // read it at the same time.
  const size_t own =
      value_size + value_size / kRecordsPerSegmentMin + kSegmentsMin * log_->segment_bytes();
  return pinned <= std::max(own, ResidentMax() / 2);
}

bool Shard::SealOpen() {
  bool any = false;
  for (auto& pool : open_) {
    for (SegmentId& open : pool) {
      if (open == kNoSegment) continue;
      Seal(std::exchange(open, kNoSegment));
      any = true;
    }
  }
  return any;
}

void Shard::SealOldest() {
  for (int pool = 0; pool < kPools; ++pool) {
    for (SegmentId id = log_->Oldest(pool); id != kNoSegment; id = log_->Oldest(pool)) {
      const Segment& segment = (*log_)[id];
      if (segment.state != Segment::State::kOpen || segment.next == kNoSegment) break;
      open_[pool][segment.ttl_class] = kNoSegment;
      Seal(id);
    }
  }
}

void Shard::Seal(SegmentId id) {
  log_->Seal(id);
  nothing_dead_at_ = 0;
  if ((*log_)[id].live_bytes == 0) FreeIfEmpty(id);
}

// Called when the last live record of a segment has died.
void Shard::FreeIfEmpty(SegmentId id) {
  if ((*log_)[id].state != Segment::State::kSealed || id == victim_) return;
  if (log_->Cleanable(id)) Free(id);
}

void Shard::Free(SegmentId id) {
  const size_t used = static_cast<size_t>(log_->End(id) - log_->Begin(id));
  RAT_DCHECK(dead_bytes_ >= used, "bytes of a freed segment were not counted as dead");
  dead_bytes_ -= used;
  const bool stale = (*log_)[id].epoch != adopted_epoch_;
  log_->Free(id);
  nothing_dead_at_ = 0;
  if (stale && --stale_segments_ == 0) {
    // Release: a reader that sees this sees no slot any more that names a flushed item.
    clean_epoch_.store(adopted_epoch_, std::memory_order_release);
  }
}

bool Shard::MakeRoom(size_t segments) {
  int pressure = 0;
  for (size_t cleaned = 0; log_->Available(ResidentMax()) < segments; ++cleaned) {
    // After the limit has dropped, or something else has taken much of it, there may be hundreds of
    // segments to clean. Nobody waits for all of them: each set that needs a segment pays a few,
    // and Maintain() the rest.
    if (keeps_all_) {
      if (cleaned >= kCleaningsWithoutEviction) return false;
    } else if (cleaned >= kCleaningsPerSegment && log_->Available(SIZE_MAX) >= segments) {
      break;
    }
    Victim victim = PickVictim(pressure);
    for (int i = 0; i < kRotationsPerCleaning && RotateIfFull(victim, pressure); ++i) {
      victim = PickVictim(pressure);
    }
    // All that is left may lie in segments that are not full yet, if there are few.
    if (victim.id == kNoSegment && !keeps_all_ && SealOpen()) victim = PickVictim(pressure);
    if (victim.id == kNoSegment) return false;
    CleanVictim(victim, &pressure);
    ++stats_.segments_cleaned_inline;
  }
  log_->ReleaseFree(ResidentMax());
  return true;
}

void Shard::AdvanceTick(size_t bytes) {
  bytes_since_tick_ += bytes;
  if (bytes_since_tick_ * kTicksPerTurnover < ResidentMax()) return;
  bytes_since_tick_ = 0;
  tick_.store(static_cast<uint8_t>(tick() + 1), std::memory_order_relaxed);
}

}  // namespace rat_memcache::store
