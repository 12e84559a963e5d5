// Lookup, removal and counters; see shard_put.cc for stores, shard_change.cc for changes of an
// item, shard_room.cc and shard_clean.cc for memory.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/shard.h"

#include <algorithm>
#include <utility>

#include "base/decimal.h"
#include "base/hash.h"

namespace rat_memcache::store {
namespace {

// The smallest item in the log and its share of the index: no more items than this come into a
// shard.
constexpr size_t kSmallestItemBytes = 27;

}  // namespace

Result<std::unique_ptr<Shard>> Shard::Make(StoreShared* shared, const Options& options) {
  auto log = SegmentLog::Make(options.memory_max, options.segment_bytes);
  if (!log.ok()) return log.error();
  auto index = Index::Make(options.memory_max / kSmallestItemBytes);
  if (!index.ok()) return index.error();
  return std::unique_ptr<Shard>(
      new Shard(shared, options, std::move(index).value(), std::move(log).value()));
}

Shard::Shard(StoreShared* shared, const Options& options, std::unique_ptr<Index> index,
             std::unique_ptr<SegmentLog> log)
    : shared_(shared),
      index_(std::move(index)),
      log_(std::move(log)),
      policy_(MakePolicy(options.eviction, shared->sample->active_source())),
      keeps_all_(options.eviction == EvictionStrategy::kNone),
      random_(shared->seed | 1) {
  for (auto& pool : open_) {
    pool.fill(kNoSegment);
  }
}

Shard::~Shard() = default;

Index::Position Shard::FindLocation(const Index::Home& home, uint32_t location) const {
  return index_->Find(home, [=](uint32_t candidate) { return candidate == location; });
}

Index::Position Shard::FindLive(const Key& key) {
  const Index::Position position = FindKey(index_->Compute(key.hash), key);
  if (!position) return {};
  const uint32_t location = position.slot.location();
  const Found found = Judge(location, ItemAt(location), Now());
  if (found == Found::kHit) return position;
  Remove(key.hash, position,
         found == Found::kExpired ? DropReason::kExpired : DropReason::kFlushed);
  return {};
}

void Shard::RemoveIfDead(const Key& key) {
  if (!shared_->lazy_expiration.load(std::memory_order_relaxed)) return;
  MutexLock lock(&mutex_);
  AdoptEpoch();
  (void)FindLive(key);
}

void Shard::SetEviction(EvictionStrategy strategy) {
  MutexLock lock(&mutex_);
  if (policy_->strategy() != strategy) {
    policy_ = MakePolicy(strategy, shared_->sample->active_source());
    keeps_all_ = strategy == EvictionStrategy::kNone;
    // From now on all lives share their segments, and nobody would fill these.
    if (keeps_all_) SealOpen();
  }
}

uint64_t Shard::NextCas() {
  if (!shared_->cas_enabled) return 0;
  if (cas_lease_.next == cas_lease_.end) cas_lease_ = shared_->cas.Lease();
  const uint64_t cas = cas_lease_.next++;
  last_cas_.store(cas, std::memory_order_relaxed);
  return cas;
}

uint64_t Shard::HashAt(uint32_t location) const {
  return HashBytes(ItemAt(location).key(), shared_->seed);
}

void Shard::CountLive(uint32_t location, size_t bytes) {
  log_->SegmentAt(location).live_bytes += static_cast<uint32_t>(bytes);
  live_bytes_ += bytes;
}

void Shard::CountDead(uint32_t location, size_t bytes) {
  const SegmentId id = log_->SegmentOf(location);
  Segment& segment = (*log_)[id];
  RAT_DCHECK(segment.live_bytes >= bytes, "more bytes die than live");
  segment.live_bytes -= static_cast<uint32_t>(bytes);
  live_bytes_ -= bytes;
  dead_bytes_ += bytes;
  if (segment.live_bytes == 0) FreeIfEmpty(id);
}

uint64_t Shard::ItemSizeAt(uint32_t location) const {
  const ItemRecord record = ItemAt(location);
  return MemcachedItemSize(record.key_size(), record.client_flags(), record.value_size(),
                           shared_->cas_enabled);
}

void Shard::CountResized(const Segment& segment, uint64_t before, uint64_t now) {
  // What was flushed has been taken off the shard's figures as a whole (AdoptEpoch).
  if (segment.epoch.load(std::memory_order_relaxed) != adopted_epoch_ || before == now) return;
  stats_.item_bytes += now - before;  // wraps to the right sum if it has become smaller
  CountInClass(before, segment.pool, -1);
  CountInClass(now, segment.pool, +1);
}

void Shard::CountItem(uint32_t location, int sign) {
  Segment& segment = log_->SegmentAt(location);
  segment.live_items += static_cast<uint32_t>(sign);
  const uint64_t size = ItemSizeAt(location);
  if (shared_->page_per_size_class && sign > 0) shared_->NoteSizeClass(size);
  // What was flushed has been taken off the shard's figures as a whole (AdoptEpoch).
  if (segment.epoch.load(std::memory_order_relaxed) != adopted_epoch_) return;
  const auto change = static_cast<uint64_t>(static_cast<int64_t>(sign));
  stats_.items += change;
  if (ItemAt(location).exptime() != 0) stats_.timed_items += change;
  stats_.item_bytes += change * size;
  CountInClass(size, segment.pool, sign);
}

void Shard::CountTimed(bool before, bool now) {
  stats_.timed_items += uint64_t{now} - uint64_t{before};
}

void Shard::NoteExptime(uint32_t location, uint32_t exptime) {
  Segment& segment = log_->SegmentAt(location);
  if (exptime != 0) segment.min_exptime = std::min(segment.min_exptime, exptime);
  segment.max_exptime =
      std::max(segment.max_exptime, exptime == 0 ? Segment::kNeverExpires : exptime);
}

std::vector<uint32_t> Shard::PiecesOf(const ItemRecord& stub) {
  std::vector<uint32_t> pieces(stub.piece_count());
  for (uint32_t i = 0; i < pieces.size(); ++i) {
    pieces[i] = stub.piece_location(i);
  }
  return pieces;
}

void Shard::KillPiece(uint32_t location) {
  PieceRecord piece(log_->At(location));
  piece.MarkDead();
  CountDead(location, piece.record_size());
}

void Shard::GiveUp(char* at, size_t bytes) {
  WriteFiller(at, static_cast<uint32_t>(bytes));
  CountDead(log_->LocationOf(at), bytes);
}

void Shard::Kill(uint32_t location, OldPieces pieces) {
  ItemRecord record = ItemAt(location);
  if (pieces == OldPieces::kKill) {
    for (uint32_t i = 0; i < record.piece_count(); ++i) {
      KillPiece(record.piece_location(i));
    }
  }
  const size_t bytes = record.record_size();
  record.MarkDead();
  CountDead(location, bytes);
}

void Shard::Remove(uint64_t hash, const Index::Position& position, DropReason reason) {
  const uint32_t location = position.slot.location();
  SlotMeta meta;
  {
    Index::LockedHome home(index_->Compute(hash));
    home.MarkChanged();
    meta = Slot(position.word().load(std::memory_order_relaxed)).meta();
    index_->Erase(home, position);
  }
  CountDropInClass(location, meta, reason);
  switch (reason) {
    case DropReason::kEvicted:
      ++stats_.evictions;
      if (!meta.fetched) ++stats_.evicted_unfetched;
      if (meta.freq > 1) ++stats_.evicted_active;
      ++stats_.evicted_from_pool[meta.pool];
      CountEvictionAge((Now() - ItemAt(location).last_access()) & kLastAccessMask);
      policy_->OnDrop(hash, meta);
      if (shared_->listener != nullptr && shared_->listener->wanted()) [[unlikely]] {
        TellOfEviction(ItemAt(location), meta);
      }
      break;
    case DropReason::kExpired:
    case DropReason::kReclaimed:
    case DropReason::kSwept:
      ++stats_.expired;
      if (!meta.fetched) ++stats_.expired_unfetched;
      if (reason == DropReason::kReclaimed) ++stats_.reclaimed;
      if (reason == DropReason::kSwept) ++stats_.crawler_reclaimed;
      break;
    case DropReason::kDeleted:
      ++stats_.deleted;
      break;
    case DropReason::kFlushed:
      ++stats_.flushed;
      break;
  }
  if (reason != DropReason::kEvicted && shared_->sample->Wants(hash)) {
    shared_->sample->OnRemove(hash);
  }
  CountItem(location, -1);
  Kill(location, OldPieces::kKill);
  index_->ShrinkIfSparse(hash);
}

SlotMeta Shard::MetaOfNew(SlotMeta meta) const {
  meta.fetched = false;
  meta.stamp = tick();
  return meta;
}

bool Shard::Relink(const Key& key, uint32_t location, OldPieces pieces, ItemIs item_is) {
  uint32_t old;
  {
    const Index::Home place = index_->Compute(key.hash);
    const Index::Position position = FindKey(place, key);
    if (!position) return false;
    Index::LockedHome home(place);
    home.MarkChanged();
    const Slot slot(position.word().load(std::memory_order_relaxed));
    old = slot.location();
    SlotMeta meta = item_is == ItemIs::kNew ? MetaOfNew(slot.meta()) : slot.meta();
    meta.pool = log_->SegmentAt(location).pool;
    position.word().store(slot.WithLocation(location).WithMeta(meta).word(),
                          std::memory_order_relaxed);
  }
  CountItem(old, -1);
  CountItem(location, +1);
  Kill(old, pieces);
  return true;
}

bool Shard::Link(const Key& key, uint32_t location) {
  const bool room = index_->PrepareInsert(
      key.hash, [this](uint32_t at) { return HashAt(at); },
      [this](uint32_t at) { PrefetchForRead(log_->At(at)); });
  if (!room) return false;
  const uint32_t tag = static_cast<uint32_t>(key.hash & Slot::kTagMask);
  const SlotMeta meta{.stamp = tick(), .pool = log_->SegmentAt(location).pool};
  {
    Index::LockedHome home(index_->Compute(key.hash));
    home.MarkChanged();
    index_->Insert(home, Slot(location, tag, meta));
  }
  CountItem(location, +1);
  return true;
}

void Shard::CountEvictionAge(uint32_t seconds) {
  const auto at = std::upper_bound(kEvictionAges.begin(), kEvictionAges.end() - 1, seconds);
  ++stats_.evicted_at_age[static_cast<size_t>(at - kEvictionAges.begin())];
  stats_.last_eviction_age = seconds;
}

ShardStats Shard::Stats() {
  MutexLock lock(&mutex_);
  AdoptEpoch();
  ShardStats stats = stats_;
  stats.resident_bytes = log_->resident_bytes();
  stats.free_bytes = log_->Available(ResidentMax()) * log_->segment_bytes();
  stats.ttl_clamped = ttl_clamped_.load(std::memory_order_relaxed);
  for (int pool = 0; pool < kPools; ++pool) {
    stats.pool_bytes[static_cast<size_t>(pool)] = log_->PoolBytes(pool);
  }
  stats.dead_bytes = dead_bytes_;
  stats.live_bytes = live_bytes_;
  stats.index_bytes = index_->bytes();
  stats.policy_bytes = policy_->bytes();
  stats.bookkeeping_bytes = log_->bookkeeping_bytes();
  return stats;
}

void Shard::ResetStats() {
  MutexLock lock(&mutex_);
  ttl_clamped_.store(0, std::memory_order_relaxed);
  for (ClassStats& in_class : class_stats_) {
    in_class = {.items = in_class.items,
                .item_bytes = in_class.item_bytes,
                .items_max = in_class.items_max,
                .reusable = in_class.reusable};
  }
  stats_ = {
      .items = stats_.items, .item_bytes = stats_.item_bytes, .timed_items = stats_.timed_items};
}

// --- ItemView ---

template <class Visit>
void ItemView::ForEachPart(Visit&& visit) const {
  const SegmentLog& log = *shard_->log_;
  if (!record_.chunked()) {
    visit(log.SegmentOf(log.LocationOf(record_.data())), record_.value());
    return;
  }
  for (uint32_t i = 0; i < record_.piece_count(); ++i) {
    const uint32_t location = record_.piece_location(i);
    const PieceRecord piece(log.At(location));
    visit(log.SegmentOf(location), std::string_view(piece.bytes(), piece.size()));
  }
}

void ItemView::PinValueInto(GatherBuffer* out) const {
  ForEachPart([&](SegmentId segment, std::string_view part) {
    out->AppendPinned(part, Pin(&(*shard_->log_)[segment].pins));
  });
}

void ItemView::HoldIn(PinnedValue* value) const {
  value->Reset(value_size_, client_flags(), cas());
  if (value_size_ <= PinnedValue::kCopiedMax) {
    CopyValueTo(value->TakeCopy());
    return;
  }
  value->ranges_.reserve(record_.chunked() ? record_.piece_count() : 1);
  ForEachPart([&](SegmentId segment, std::string_view part) {
    value->ranges_.push_back({part, Pin(&(*shard_->log_)[segment].pins)});
  });
}

void ItemView::CopyLockedValueTo(char* out) const {
  ForEachPart([&](SegmentId, std::string_view part) {
    std::memcpy(out, part.data(), part.size());
    out += part.size();
  });
}

}  // namespace rat_memcache::store
