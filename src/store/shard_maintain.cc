// What happens unasked: expired and flushed memory comes back, and the limit is kept.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>
#include <utility>

#include "store/shard.h"
#include "store/shard_walk.h"

namespace rat_memcache::store {
namespace {

using Clock = std::chrono::steady_clock;

// Segments that maintenance looks at before it lets others have the lock.
constexpr int kHeadersPerTurn = 256;
// Segments beyond the limit that are given back at most per turn and shard.
constexpr int kExcessPerTurn = 256;

}  // namespace

void Shard::AdoptFlush() {
  MutexLock lock(&mutex_);
  AdoptEpoch();
}

void Shard::AdoptEpoch() {
  const uint32_t epoch = shared_->epoch.load(std::memory_order_acquire);
  if (epoch == adopted_epoch_) [[likely]] {
    return;
  }
  SealOpen();
  adopted_epoch_ = epoch;
  nothing_dead_at_ = 0;
  stats_.items = 0;
  stats_.item_bytes = 0;
  stats_.timed_items = 0;
  for (ClassStats& in_class : class_stats_) {
    in_class.items = {};
    in_class.item_bytes = 0;
  }
  stale_segments_ = log_->segments_in_use();
  if (stale_segments_ == 0) clean_epoch_.store(epoch, std::memory_order_release);
}

void Shard::Sweep(const MaintenanceBudget& budget, Clock::time_point deadline) {
  Round round;
  {
    MutexLock lock(&mutex_);
    ++stats_.maintenance_runs;
    round.left = log_->segments_seen();
  }
  // The lock is held for one segment at a time, so that a writer never waits for all of them.
  while (round.entries < budget.entries_max && Clock::now() < deadline &&
         SweepNext(budget, &round)) {
  }
}

void Shard::GiveBack(Clock::time_point deadline) {
  int pressure = 0;
  for (int i = 0; i < kExcessPerTurn && FreeExcess(&pressure); ++i) {
    if (Clock::now() >= deadline) break;
  }
}

bool Shard::SweepNext(const MaintenanceBudget& budget, Round* round) {
  MutexLock lock(&mutex_);
  AdoptEpoch();
  for (int n = 0; n < kHeadersPerTurn && round->left > 0; ++n) {
    --round->left;
    if (sweep_hand_ >= log_->segments_seen()) sweep_hand_ = 0;
    const SegmentId id = sweep_hand_++;
    Segment& segment = (*log_)[id];
    if (segment.state == Segment::State::kFree || segment.pinned()) continue;
    const bool flushed = segment.live_bytes == 0 || segment.epoch != adopted_epoch_;
    if (segment.state == Segment::State::kSealed && flushed) {
      round->entries += segment.live_items;
      CleanSegment(id, Clean::kKeepLive, 0);
      return true;
    }
    if (!budget.expire || segment.min_exptime > Now()) continue;
    round->entries += segment.live_items;
    stats_.crawler_checked += segment.live_items;
    RemoveExpired(id, DropReason::kSwept);
    return true;
  }
  return round->left > 0;
}

void Shard::RemoveExpired(SegmentId id, DropReason reason) {
  const uint32_t now = Now();
  Segment& segment = (*log_)[id];
  victim_ = id;  // so that it is not freed while we walk over it
  uint32_t next_exptime = Segment::kNeverExpires;
  const auto dies_now = [&](const ItemRecord& owner) {
    const uint32_t exptime = owner.exptime();
    if (exptime != 0 && exptime > now) next_exptime = std::min(next_exptime, exptime);
    return exptime != 0 && exptime <= now;
  };
  WalkLive(
      id, dies_now,
      [&](char* at, uint64_t hash) RAT_REQUIRES(mutex_) {
        const uint32_t location = log_->LocationOf(at);
        const Index::Position position = FindLocation(index_->Compute(hash), location);
        RAT_CHECK(bool(position), "no slot names a live item");
        Remove(hash, position, reason);
      },
      [&](char* at) RAT_REQUIRES(mutex_) {
        const Owner owner = OwnerOf(at);
        if (dies_now(ItemAt(owner.position.slot.location()))) {
          Remove(owner.hash, owner.position, reason);
        }
      });
  segment.min_exptime = next_exptime;
  victim_ = kNoSegment;

  if (segment.live_bytes == 0) {
    SegmentId& open = open_[segment.pool][segment.ttl_class];
    if (open == id) open = kNoSegment;
    Seal(id);
  } else if (log_->Cleanable(id) && segment.live_bytes <= log_->segment_bytes() / 2) {
    // What is left of it moves together with others', so that its memory can be used again.
    CleanSegment(id, Clean::kKeepLive, 0);
  }
}

bool Shard::FreeExcess(int* pressure) {
  MutexLock lock(&mutex_);
  AdoptEpoch();
  log_->ReleaseFree(ResidentMax());
  if (log_->resident_bytes() <= ResidentMax()) return false;
  Victim victim = PickVictim(*pressure);
  if (victim.id == kNoSegment && !keeps_all_ && SealOpen()) victim = PickVictim(*pressure);
  if (victim.id == kNoSegment) return false;
  CleanVictim(victim, pressure);
  return true;
}

}  // namespace rat_memcache::store
