// Memory: room for records, and the cleaning that makes it.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "store/shard.h"

namespace rat_memcache::store {
namespace {

// Emptying the emptiest segment is tried first as long as this share of the log is dead, ...
constexpr size_t kDeadShare = 6;  // one sixth
// ... and the segment found is at most this full, in percent.
constexpr size_t kEmptiestLivePercent = 75;
// Ticks per turnover of the shard's memory.
constexpr size_t kTicksPerTurnover = 32;
// However small the limit, a shard keeps this many segments; fewer do not work.
constexpr size_t kSegmentsMin = 8;
// Segments that one set cleans at most to get one, as long as the log has memory beyond its limit.
// Enough for the last to be cleaned under full pressure, if nothing was won before.
constexpr size_t kCleaningsPerSegment = EvictionPolicy::kPressureMax + 1;
// Segments that maintenance frees at most per call and shard: dead ones, and ones beyond the limit.
constexpr int kDeadPerMaintenance = 16;
constexpr int kExcessPerMaintenance = 64;

}  // namespace

int Shard::TtlClassOf(uint32_t exptime, uint32_t now) {
  if (exptime == 0) return 3;
  const uint32_t ttl = exptime > now ? exptime - now : 0;
  if (ttl <= 120) return 0;
  if (ttl <= 3600) return 1;
  return ttl <= 86400 ? 2 : 3;
}

size_t Shard::ResidentMax() const {
  const size_t limit = shared_->memory_limit.load(std::memory_order_relaxed);
  const size_t external = shared_->external_bytes.load(std::memory_order_relaxed);
  const size_t share = (limit > external ? limit - external : 0) / shared_->shards;
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
  if (log_->segments_max() < kSegmentsForTtlClasses) ttl_class = 0;
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
      if (!MakeRoom(kReserve + 1)) {
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

void Shard::Seal(SegmentId id) {
  log_->Seal(id);
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
    if (cleaned >= kCleaningsPerSegment && log_->Available(SIZE_MAX) >= segments) break;
    const Victim victim = PickVictim(pressure);
    if (victim.id == kNoSegment) return false;
    CleanVictim(victim, &pressure);
    ++stats_.segments_cleaned_inline;
  }
  log_->ReleaseFree(ResidentMax());
  return true;
}

// A segment in which nothing is alive, because it was flushed, expired or (while pinned) died.
Shard::Victim Shard::PickDead() {
  const uint32_t now = Now();
  for (SegmentId id = 0; id < log_->segments_max(); ++id) {
    const Segment& segment = (*log_)[id];
    const bool dead =
        segment.live_bytes == 0 || segment.epoch != adopted_epoch_ || segment.max_exptime <= now;
    if (segment.state == Segment::State::kSealed && dead && log_->Cleanable(id)) {
      return {id, Clean::kKeepLive};
    }
  }
  return {};
}

Shard::Victim Shard::PickVictim(int pressure) {
  if (const Victim dead = PickDead(); dead.id != kNoSegment) return dead;

  const size_t in_use = size_t{log_->segments_in_use()} * log_->segment_bytes();
  if (dead_bytes_ >= in_use / kDeadShare && pressure < EvictionPolicy::kPressureMax / 2) {
    SegmentId emptiest = kNoSegment;
    for (SegmentId id = 0; id < log_->segments_max(); ++id) {
      if (log_->Cleanable(id) &&
          (emptiest == kNoSegment || (*log_)[id].live_bytes < (*log_)[emptiest].live_bytes)) {
        emptiest = id;
      }
    }
    if (emptiest != kNoSegment &&
        (*log_)[emptiest].live_bytes <= log_->segment_bytes() * kEmptiestLivePercent / 100) {
      return {emptiest, Clean::kKeepLive};
    }
  }
  return {policy_->Pick(*log_), Clean::kByPolicy};
}

std::optional<ItemTraits> Shard::SampleItem() {
  // xorshift64: cheap, and good enough to draw a sample.
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  const Slot slot = index_->Sample(random_);
  if (slot.empty()) return std::nullopt;
  return ItemTraits{slot.meta(),
                    policy_->judges_by_exptime() ? ItemAt(slot.location()).exptime() : 0};
}

Verdict Shard::AskPolicy(uint64_t hash, const ItemRecord& record, Clean how, int pressure,
                         SlotMeta* meta) {
  if (how == Clean::kKeepLive) return Verdict::kKeep;
  if (pressure >= EvictionPolicy::kPressureMax) return Verdict::kDrop;
  ItemTraits item{*meta, policy_->judges_by_exptime() ? record.exptime() : 0};
  const Verdict verdict = policy_->Judge(hash, &item, pressure);
  *meta = item.meta;
  return verdict;
}

void Shard::CleanVictim(Victim victim, int* pressure) {
  const SegmentId in_use_before = log_->segments_in_use();
  CleanSegment(victim.id, victim.how, *pressure);
  *pressure = log_->segments_in_use() < in_use_before
                  ? 0
                  : std::min(*pressure + 1, EvictionPolicy::kPressureMax);
}

void Shard::CleanSegment(SegmentId id, Clean how, int pressure) {
  if ((*log_)[id].live_bytes == 0) {
    Free(id);  // was pinned when its last record died
    return;
  }
  victim_ = id;
  if (how == Clean::kByPolicy) {
    policy_->BeginSegment(
        {.items = index_->items(),
         .tick = tick(),
         .now = Now(),
         // Called back at once, so under the shard lock.
         .sample = [this]() RAT_NO_THREAD_SAFETY_ANALYSIS { return SampleItem(); }});
  }

  // Every live item costs a visit to its bucket somewhere in the index: fetch a few at a time.
  struct Item {
    char* at;
    uint64_t hash;
  };
  std::array<Item, 16> batch;
  size_t batched = 0;
  size_t seen = 0;
  size_t kept = 0;
  const auto clean_batch = [&]() RAT_REQUIRES(mutex_) {
    for (size_t i = 0; i < batched; ++i) {
      const size_t bytes = ItemRecord(batch[i].at).record_size();
      seen += bytes;
      if (CleanItem(batch[i].at, batch[i].hash, how, pressure)) kept += bytes;
    }
    batched = 0;
  };
  for (char* at = log_->Begin(id); at < log_->End(id); at += SizeOfRecord(at)) {
    switch (KindOfRecord(at)) {
      case RecordKind::kFiller:
        break;
      case RecordKind::kItem: {
        const ItemRecord record(at);
        if (record.dead()) break;
        batch[batched] = {at, HashBytes(record.key(), shared_->seed)};
        index_->Prefetch(batch[batched].hash);
        if (++batched == batch.size()) clean_batch();
        break;
      }
      case RecordKind::kPieceOfValue: {
        clean_batch();  // one of its items may own the piece
        if (PieceRecord(at).dead()) break;
        const size_t bytes = PieceRecord(at).record_size();
        seen += bytes;
        if (CleanPiece(at, how, pressure)) kept += bytes;
        break;
      }
    }
  }
  clean_batch();
  if (how == Clean::kByPolicy) policy_->EndSegment(seen, kept);

  victim_ = kNoSegment;
  RAT_CHECK((*log_)[id].live_bytes == 0, "a cleaned segment has live records");
  FreeIfEmpty(id);
}

bool Shard::CleanItem(char* at, uint64_t hash, Clean how, int pressure) {
  const uint32_t location = log_->LocationOf(at);
  const Index::Home place = index_->Compute(hash);
  const Index::Position position = FindLocation(place, location);
  RAT_CHECK(bool(position), "no slot names a live item");
  const ItemRecord record(at);
  const uint32_t now = Now();
  switch (Judge(location, record, now)) {
    case Found::kExpired:
      ++stats_.reclaimed;
      Remove(hash, position, DropReason::kExpired);
      return false;
    case Found::kFlushed:
      Remove(hash, position, DropReason::kFlushed);
      return false;
    case Found::kHit:
    case Found::kMiss:
      break;
  }
  SlotMeta meta = position.slot.meta();
  const Verdict verdict = AskPolicy(hash, record, how, pressure, &meta);
  const int pool = verdict == Verdict::kPromote ? kPools - 1 : (*log_)[victim_].pool;
  const size_t bytes = record.record_size();
  char* const to =
      verdict == Verdict::kDrop
          ? nullptr
          : AllocateRecord(AllocateFor::kSurvivor, pool, TtlClassOf(record.exptime(), now), bytes);
  if (to == nullptr) {
    Remove(hash, position, DropReason::kEvicted);
    return false;
  }
  const uint32_t new_location = log_->LocationOf(to);
  {
    // Copied under the lock, since a reader may be writing the last access.
    Index::LockedHome home(place);
    home.MarkChanged();
    CopySharedWords(to, at, bytes);
    meta.pool = static_cast<uint8_t>(pool);
    position.word().store(position.slot.WithLocation(new_location).WithMeta(meta).word(),
                          std::memory_order_relaxed);
  }
  CountItem(location, -1);
  CountItem(new_location, +1);
  NoteExptime(new_location, record.exptime());
  Kill(location, OldPieces::kAdopted);
  ++(verdict == Verdict::kPromote ? stats_.items_promoted : stats_.items_kept);
  return true;
}

// A piece goes where its owner goes: the owner's slot decides, and stays as it is.
bool Shard::CleanPiece(char* at, Clean how, int pressure) {
  const uint32_t location = log_->LocationOf(at);
  const PieceRecord piece(at);
  const uint64_t hash = piece.owner_hash();
  const Index::Home place = index_->Compute(hash);
  uint32_t piece_index = 0;
  const Index::Position owner = index_->Find(place, [&](uint32_t candidate) {
    const ItemRecord stub = ItemAt(candidate);
    for (uint32_t i = 0; i < stub.piece_count(); ++i) {
      if (stub.piece_location(i) == location) {
        piece_index = i;
        return true;
      }
    }
    return false;
  });
  RAT_CHECK(bool(owner), "no item owns a live piece");
  ItemRecord stub = ItemAt(owner.slot.location());
  const Found found = Judge(owner.slot.location(), stub, Now());
  if (found == Found::kExpired || found == Found::kFlushed) {
    if (found == Found::kExpired) ++stats_.reclaimed;
    Remove(hash, owner, found == Found::kExpired ? DropReason::kExpired : DropReason::kFlushed);
    return false;
  }
  SlotMeta meta = owner.slot.meta();
  const Verdict verdict = AskPolicy(hash, stub, how, pressure, &meta);
  const int pool = verdict == Verdict::kPromote ? kPools - 1 : (*log_)[victim_].pool;
  char* const to = verdict == Verdict::kDrop
                       ? nullptr
                       : AllocateRecord(AllocateFor::kSurvivor, pool,
                                        TtlClassOf(stub.exptime(), Now()), piece.record_size());
  if (to == nullptr) {
    Remove(hash, owner, DropReason::kEvicted);
    return false;
  }
  {
    Index::LockedHome home(place);
    home.MarkChanged();
    CopySharedWords(to, at, piece.record_size());
    stub.set_piece_location(piece_index, log_->LocationOf(to));
  }
  NoteExptime(log_->LocationOf(to), stub.exptime());
  KillPiece(location);
  return true;
}

void Shard::AdvanceTick(size_t bytes) {
  bytes_since_tick_ += bytes;
  if (bytes_since_tick_ * kTicksPerTurnover < ResidentMax()) return;
  bytes_since_tick_ = 0;
  tick_.store(static_cast<uint8_t>(tick() + 1), std::memory_order_relaxed);
}

void Shard::AdoptFlush() {
  MutexLock lock(&mutex_);
  AdoptEpoch();
}

void Shard::AdoptEpoch() {
  const uint32_t epoch = shared_->epoch.load(std::memory_order_acquire);
  if (epoch == adopted_epoch_) [[likely]] {
    return;
  }
  for (auto& pool : open_) {
    for (SegmentId& open : pool) {
      if (open != kNoSegment) Seal(std::exchange(open, kNoSegment));
    }
  }
  adopted_epoch_ = epoch;
  stats_.items = 0;
  stats_.item_bytes = 0;
  stale_segments_ = log_->segments_in_use();
  if (stale_segments_ == 0) clean_epoch_.store(epoch, std::memory_order_release);
}

void Shard::Maintain() {
  {
    MutexLock lock(&mutex_);
    ++stats_.maintenance_runs;
  }
  // The lock is held for one segment at a time, so that a writer never waits for all of them.
  for (int i = 0; i < kDeadPerMaintenance && FreeDead(); ++i) {
  }
  int pressure = 0;
  for (int i = 0; i < kExcessPerMaintenance && FreeExcess(&pressure); ++i) {
  }
}

bool Shard::FreeDead() {
  MutexLock lock(&mutex_);
  AdoptEpoch();
  const Victim dead = PickDead();
  if (dead.id == kNoSegment) return false;
  const uint64_t reclaimed_before = stats_.reclaimed;
  stats_.crawler_checked += (*log_)[dead.id].live_items;
  CleanSegment(dead.id, dead.how, 0);
  // What was found without being asked is the crawler's, not the allocator's.
  stats_.crawler_reclaimed += std::exchange(stats_.reclaimed, reclaimed_before) - reclaimed_before;
  return true;
}

bool Shard::FreeExcess(int* pressure) {
  MutexLock lock(&mutex_);
  AdoptEpoch();
  log_->ReleaseFree(ResidentMax());
  if (log_->resident_bytes() <= ResidentMax()) return false;
  const Victim victim = PickVictim(*pressure);
  if (victim.id == kNoSegment) return false;
  CleanVictim(victim, pressure);
  return true;
}

}  // namespace rat_memcache::store
