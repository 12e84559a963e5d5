// Cleaning: which segment, and what becomes of what lives in it.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>
#include <utility>

#include "store/shard.h"
#include "store/shard_walk.h"

namespace rat_memcache::store {
namespace {

// Emptying the emptiest segment is tried first as long as this share of the log is dead, ...
constexpr size_t kDeadShare = 6;  // one sixth
// ... and the segment found is at most this full, in percent.
constexpr size_t kEmptiestLivePercent = 75;
// If more than so many items have been copied of late per item that was stored, ...
constexpr double kManyCopies = 1.0;
// ... a segment of which this share stays is not copied but goes to the young end as it is. What
// goes leaves holes, so copies are better as long as they are few.
constexpr size_t kRotatedPercent = 90;
// Weight of what was before when another segment has been cleaned.
constexpr double kCopiesFading = 0.95;
// Segments that are looked at to find a dead or nearly empty one.
constexpr SegmentId kSegmentsSearched = 512;

}  // namespace

bool Shard::WhollyDead(const Segment& segment) const {
  return segment.live_bytes == 0 || segment.epoch != adopted_epoch_ || segment.max_exptime <= Now();
}

size_t Shard::MovableRoom(SegmentId id) const {
  const size_t used = static_cast<size_t>(log_->End(id) - log_->Begin(id));
  // Room for less than a record stays behind the last one, and moving does not make it less.
  const size_t room = log_->Room(id);
  return used - (*log_)[id].live_bytes + (room > RecordMax() ? room : 0);
}

Shard::Victim Shard::PickDead() {
  // What is moved must have somewhere to go.
  if (log_->Available(SIZE_MAX) == 0) return {};
  const size_t worth_it = WorthMoving();
  // Whoever is refused is not to make all others wait while it is looked for again.
  if (Now() == nothing_dead_at_ && dead_bytes_ < nothing_dead_bytes_ + worth_it) return {};
  const SegmentId seen = log_->segments_seen();
  Victim deadest;
  Victim expiring;
  bool pinned = false;
  size_t most_dead = worth_it;
  for (SegmentId n = seen; n > 0; --n) {
    if (search_hand_ >= seen) search_hand_ = 0;
    const SegmentId id = search_hand_++;
    const Segment& segment = (*log_)[id];
    pinned |= segment.pinned();
    if (!log_->Cleanable(id)) continue;
    if (WhollyDead(segment)) return {id, Clean::kKeepLive};
    if (segment.min_exptime <= Now()) expiring = {id, Clean::kExpired};
    const size_t dead = MovableRoom(id);
    if (dead >= most_dead) {
      most_dead = dead;
      deadest = {id, Clean::kKeepLive};
    }
  }
  if (deadest.id != kNoSegment) return deadest;
  // Last, for a touch may have given all of its items more time.
  if (expiring.id != kNoSegment) return expiring;
  if (!pinned) {
    nothing_dead_at_ = Now();
    nothing_dead_bytes_ = dead_bytes_;
  }
  return {};
}

Shard::Victim Shard::PickVictim(int pressure) {
  if (keeps_all_) return PickDead();
  SealOldest();
  // Headers lie side by side, so that looking at all of them costs less than cleaning one segment;
  // of a very large log a part is looked at in turn.
  const SegmentId seen = log_->segments_seen();
  SegmentId emptiest = kNoSegment;
  for (SegmentId n = std::min(seen, kSegmentsSearched); n > 0; --n) {
    if (search_hand_ >= seen) search_hand_ = 0;
    const SegmentId id = search_hand_++;
    if (!log_->Cleanable(id)) continue;
    if (WhollyDead((*log_)[id])) return {id, Clean::kKeepLive};
    if (emptiest == kNoSegment || (*log_)[id].live_bytes < (*log_)[emptiest].live_bytes) {
      emptiest = id;
    }
  }
  const size_t in_use = size_t{log_->segments_in_use()} * log_->segment_bytes();
  if (emptiest != kNoSegment && dead_bytes_ >= in_use / kDeadShare &&
      pressure < EvictionPolicy::kPressureMax / 2 &&
      (*log_)[emptiest].live_bytes * uint64_t{100} / log_->segment_bytes() <=
          kEmptiestLivePercent) {
    return {emptiest, Clean::kKeepLive};
  }
  return {policy_->Pick(*log_), Clean::kByPolicy};
}

Slot Shard::SampleSlot() {
  // xorshift64: cheap, and good enough to draw a sample.
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return index_->Sample(random_);
}

std::optional<ItemTraits> Shard::SampleItem() {
  const Slot slot = SampleSlot();
  if (slot.empty()) return std::nullopt;
  return ItemTraits{
      .meta = slot.meta(),
      .exptime = policy_->judges_by_exptime() ? ItemAt(slot.location()).exptime() : 0};
}

Verdict Shard::AskPolicy(uint64_t hash, const ItemRecord& record, Clean how, int pressure,
                         SlotMeta* meta) {
  if (how != Clean::kByPolicy) return Verdict::kKeep;
  if (pressure >= EvictionPolicy::kPressureMax) {
    ++stats_.evicted_under_pressure;
    return Verdict::kDrop;
  }
  ItemTraits item{*meta, static_cast<uint32_t>(FootprintOf(record)),
                  policy_->judges_by_exptime() ? record.exptime() : 0};
  const Verdict verdict = policy_->Judge(hash, &item, pressure);
  *meta = item.meta;
  return verdict;
}

void Shard::CleanVictim(Victim victim, int* pressure) {
  const SegmentId in_use_before = log_->segments_in_use();
  if (victim.how == Clean::kExpired) {
    RemoveExpired(victim.id, DropReason::kReclaimed);
    if (log_->Cleanable(victim.id) && MovableRoom(victim.id) >= WorthMoving()) {
      CleanSegment(victim.id, Clean::kKeepLive, 0);
    }
  } else {
    CleanSegment(victim.id, victim.how, *pressure);
  }
  *pressure = log_->segments_in_use() < in_use_before
                  ? 0
                  : std::min(*pressure + 1, EvictionPolicy::kPressureMax);
}

bool Shard::RotateIfFull(Victim victim, int pressure) {
  if (victim.id == kNoSegment || victim.how != Clean::kByPolicy || !ManyCopies() ||
      pressure >= EvictionPolicy::kPressureMax || !policy_->rotates((*log_)[victim.id].pool)) {
    return false;
  }
  struct Judged {
    char* at;
    uint64_t hash;
    SlotMeta meta;
    Verdict verdict;
    bool alive;
  };
  static thread_local std::vector<Judged> judged;
  judged.clear();
  BeginJudging(victim.id);
  size_t kept = 0;
  bool pieces = false;
  WalkLive(
      victim.id, [](const ItemRecord&) { return true; },
      [&](char* at, uint64_t hash) RAT_REQUIRES(mutex_) {
        const Index::Position position = FindLocation(index_->Compute(hash), log_->LocationOf(at));
        SlotMeta meta = position.slot.meta();
        const ItemRecord record(at);
        const bool alive = Judge(log_->LocationOf(at), record, Now()) == Found::kHit;
        const Verdict verdict =
            alive ? AskPolicy(hash, record, victim.how, pressure, &meta) : Verdict::kDrop;
        judged.push_back({at, hash, meta, verdict, alive});
        if (verdict != Verdict::kDrop) kept += record.record_size();
      },
      [&](char*) { pieces = true; });
  if (pieces || kept * 100 < log_->segment_bytes() * kRotatedPercent) return false;
  victim_ = victim.id;
  for (const Judged& item : judged) {
    const Index::Position position =
        FindLocation(index_->Compute(item.hash), log_->LocationOf(item.at));
    if (item.verdict == Verdict::kDrop) {
      Remove(item.hash, position, item.alive ? DropReason::kEvicted : DropReason::kReclaimed);
      continue;
    }
    SlotMeta meta = item.meta;
    meta.pool = (*log_)[victim.id].pool;
    uint64_t word = position.slot.word();
    // A hit that comes between is one that is not counted.
    position.word().compare_exchange_strong(word, position.slot.WithMeta(meta).word(),
                                            std::memory_order_relaxed);
  }
  victim_ = kNoSegment;
  log_->Rotate(victim.id);
  ++stats_.segments_rotated;
  return true;
}

bool Shard::ManyCopies() const { return copied_lately_ > kManyCopies * appended_lately_; }

void Shard::BeginJudging(SegmentId id) {
  const auto mean = [](uint64_t bytes, uint64_t items) {
    return items == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(items);
  };
  const Segment& segment = (*log_)[id];
  policy_->BeginSegment(
      {.items = index_->items(),
       .mean_bytes = mean(live_bytes_, index_->items()),
       .pool = segment.pool,
       .segment_mean_bytes = mean(segment.live_bytes, segment.live_items),
       .tick = tick(),
       .now = Now(),
       .many_copies = ManyCopies(),
       // Called back at once, so under the shard lock.
       .sample = [this]() RAT_NO_THREAD_SAFETY_ANALYSIS { return SampleItem(); }});
}

void Shard::CleanSegment(SegmentId id, Clean how, int pressure) {
  if ((*log_)[id].live_bytes == 0) {
    Free(id);  // was pinned when its last record died
    return;
  }
  victim_ = id;
  if (how == Clean::kByPolicy) BeginJudging(id);
  const uint64_t copied_before = stats_.items_kept + stats_.items_promoted;
  size_t seen = 0;
  size_t kept = 0;
  WalkLive(
      id, [](const ItemRecord&) { return true; },
      [&](char* at, uint64_t hash) RAT_REQUIRES(mutex_) {
        const size_t bytes = ItemRecord(at).record_size();
        seen += bytes;
        if (CleanItem(at, hash, how, pressure)) kept += bytes;
      },
      [&](char* at) RAT_REQUIRES(mutex_) {
        const size_t bytes = PieceRecord(at).record_size();
        seen += bytes;
        if (CleanPiece(at, how, pressure)) kept += bytes;
      });
  if (how == Clean::kByPolicy) policy_->EndSegment(seen, kept);
  copied_lately_ = copied_lately_ * kCopiesFading +
                   static_cast<double>(stats_.items_kept + stats_.items_promoted - copied_before);
  appended_lately_ =
      appended_lately_ * kCopiesFading + static_cast<double>(std::exchange(appended_, 0));

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
      Remove(hash, position, DropReason::kReclaimed);
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
  const int pool = PoolAfter(verdict, (*log_)[victim_].pool);
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
  ++(pool != (*log_)[victim_].pool ? stats_.items_promoted : stats_.items_kept);
  return true;
}

Shard::Owner Shard::OwnerOf(char* piece_at) const {
  const uint32_t location = log_->LocationOf(piece_at);
  Owner owner{.hash = PieceRecord(piece_at).owner_hash()};
  owner.position = index_->Find(index_->Compute(owner.hash), [&](uint32_t candidate) {
    const ItemRecord stub = ItemAt(candidate);
    for (uint32_t i = 0; i < stub.piece_count(); ++i) {
      if (stub.piece_location(i) == location) {
        owner.piece_index = i;
        return true;
      }
    }
    return false;
  });
  RAT_CHECK(bool(owner.position), "no item owns a live piece");
  return owner;
}

// A piece goes where its owner goes: the owner's slot decides, and stays as it is.
bool Shard::CleanPiece(char* at, Clean how, int pressure) {
  const uint32_t location = log_->LocationOf(at);
  const PieceRecord piece(at);
  const auto [hash, owner, piece_index] = OwnerOf(at);
  ItemRecord stub = ItemAt(owner.slot.location());
  const Found found = Judge(owner.slot.location(), stub, Now());
  if (found == Found::kExpired || found == Found::kFlushed) {
    Remove(hash, owner, found == Found::kExpired ? DropReason::kReclaimed : DropReason::kFlushed);
    return false;
  }
  SlotMeta meta = owner.slot.meta();
  const Verdict verdict = AskPolicy(hash, stub, how, pressure, &meta);
  const int pool = PoolAfter(verdict, (*log_)[victim_].pool);
  char* const to = verdict == Verdict::kDrop
                       ? nullptr
                       : AllocateRecord(AllocateFor::kSurvivor, pool,
                                        TtlClassOf(stub.exptime(), Now()), piece.record_size());
  if (to == nullptr) {
    Remove(hash, owner, DropReason::kEvicted);
    return false;
  }
  {
    Index::LockedHome home(index_->Compute(hash));
    home.MarkChanged();
    CopySharedWords(to, at, piece.record_size());
    stub.set_piece_location(piece_index, log_->LocationOf(to));
  }
  NoteExptime(log_->LocationOf(to), stub.exptime());
  KillPiece(location);
  return true;
}

}  // namespace rat_memcache::store
