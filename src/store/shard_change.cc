// Changes of an item that leave it where it is, if they can: deletion and what is less than that,
// exptime, numbers, and reads with effects.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/decimal.h"
#include "store/shard.h"

namespace rat_memcache::store {

bool Shard::MatchesCas(const Index::Position& position, std::optional<uint64_t> cas) const {
  if (!cas) return true;
  // Without CAS uniques nothing matches, not even 0.
  return shared_->cas_enabled && *cas == CasOf(ItemAt(position.slot.location()));
}

void Shard::ChooseCas(std::optional<uint64_t> chosen, ItemFields* fields) {
  fields->whole_cas = chosen.has_value() && shared_->cas_enabled;
  fields->cas = fields->whole_cas ? *chosen : NextCas();
}

// --- Deletion ---

DeleteResult Shard::Delete(const DeleteRequest& request) {
  MutexLock lock(&mutex_);
  AdoptEpoch();
  const Index::Position position = FindLive(request.key);
  if (!position) return {DeleteStatus::kNotFound};
  DeleteResult result{.status = DeleteStatus::kDone,
                      .item_size = ItemSizeAt(position.slot.location()),
                      .value_size = ItemAt(position.slot.location()).value_size()};
  if (!MatchesCas(position, request.compare_cas)) {
    result.status = DeleteStatus::kExists;
  } else if (request.empty_value) {
    result.status = EmptyValue(request, position);
  } else if (request.mark_stale) {
    result.status = MarkStale(request, position);
  } else {
    Remove(request.key.hash, position, DropReason::kDeleted);
  }
  return result;
}

DeleteStatus Shard::MarkStale(const DeleteRequest& request, const Index::Position& position) {
  const ItemRecord record = ItemAt(position.slot.location());
  ItemFields fields = record.Fields();
  fields.key = request.key.text;
  fields.marks = static_cast<uint8_t>((fields.marks | kStale) & ~kWinSent);
  if (request.exptime) fields.exptime = *request.exptime;
  ChooseCas(request.new_cas, &fields);
  bool still_there = false;
  return WriteHeader(request.key, position, fields, &still_there) == Found::kHit
             ? DeleteStatus::kDone
             : DeleteStatus::kNoMemory;
}

DeleteStatus Shard::EmptyValue(const DeleteRequest& request, const Index::Position& position) {
  const ItemRecord record = ItemAt(position.slot.location());
  ItemFields fields{.key = request.key.text,
                    .client_flags = request.client_flags,
                    .exptime = request.exptime.value_or(0),
                    .last_access = Now(),
                    .marks = static_cast<uint8_t>(record.marks() & kBase64Key)};
  if (request.mark_stale) fields.marks |= kStale;
  std::optional<uint64_t> cas = request.new_cas;
  if (!cas && !request.mark_stale) cas = CasOf(record);  // as it was
  const PutResult result = PutWhole(request.key, fields, {}, position, cas);
  return result.status == PutStatus::kStored ? DeleteStatus::kDone : DeleteStatus::kNoMemory;
}

// --- Exptime ---

Found Shard::Touch(const Key& key, uint32_t exptime) {
  MutexLock lock(&mutex_);
  return TouchLocked(key, exptime);
}

Found Shard::TouchLocked(const Key& key, uint32_t exptime, Use use) {
  AdoptEpoch();
  const Index::Position position = FindLive(key);
  if (!position) return Found::kMiss;
  const uint32_t location = position.slot.location();
  ItemRecord record = ItemAt(location);
  const uint32_t now = Now();
  const bool in_place = record.has_exptime() || exptime == 0;
  const uint32_t exptime_before = record.exptime();
  {
    Index::LockedHome home(index_->Compute(key.hash));
    home.MarkChanged();
    if (use == Use::kCounts) {
      const Slot slot(position.word().load(std::memory_order_relaxed));
      position.word().store(slot.Touched(tick()).word(), std::memory_order_relaxed);
      record.set_last_access(now);
    }
    if (in_place && record.has_exptime()) record.set_exptime(exptime);
  }
  if (use == Use::kCounts && shared_->sample->Wants(key.hash)) {
    shared_->sample->OnHit(key.hash, FootprintOf(record));
  }
  if (in_place) {
    CountTimed(exptime_before != 0, exptime != 0);
    NoteExptime(location, exptime);
    return Found::kHit;
  }

  // The record has no field for the time: an equal one that has takes its place.
  ItemFields fields = record.Fields();
  fields.key = key.text;
  fields.exptime = exptime;
  if (use == Use::kCounts) fields.last_access = now;
  bool still_there = false;
  if (WriteHeader(key, position, fields, &still_there) == Found::kHit) return Found::kHit;
  if (!still_there) return Found::kMiss;
  const Index::Position old = FindKey(index_->Compute(key.hash), key);
  if (exptime <= now) {
    Remove(key.hash, old, DropReason::kExpired);
    return Found::kHit;
  }
  // To go on with the old time would be a lie, so the item goes; where nothing may be evicted, it
  // stays as it is, and the caller is told that it was not touched.
  if (!keeps_all_) Remove(key.hash, old, DropReason::kEvicted);
  return Found::kMiss;
}

Found Shard::WriteHeader(const Key& key, const Index::Position& position, ItemFields fields,
                         bool* still_there) {
  fields.room_for_exptime = keeps_all_;
  const ItemRecord record = ItemAt(position.slot.location());
  if (!record.chunked()) {
    scratch_.assign(record.value().begin(), record.value().end());
    const std::string_view value{scratch_.data(), scratch_.size()};
    if (RewriteInPlace(position, key.hash, fields, value, ItemIs::kSame)) return Found::kHit;
  }
  const size_t bytes = fields.Shape(record.piece_count()).record_size();
  const int pool = log_->SegmentAt(position.slot.location()).pool;
  char* const at =
      AllocateRecord(AllocateFor::kNewItem, pool, TtlClassOf(fields.exptime, Now()), bytes);
  const Index::Position now_at = FindKey(index_->Compute(key.hash), key);  // may have moved
  *still_there = bool(now_at);
  if (at != nullptr && now_at) {
    const ItemRecord old = ItemAt(now_at.slot.location());
    if (old.chunked()) {
      ItemRecord::WriteStub(at, fields, PiecesOf(old));
    } else {
      ItemRecord::Write(at, fields, old.value());
    }
    Relink(key, log_->LocationOf(at), OldPieces::kAdopted, ItemIs::kSame);
    NoteExptime(log_->LocationOf(at), fields.exptime);
    return Found::kHit;
  }
  if (at != nullptr) GiveUp(at, bytes);
  return Found::kMiss;
}

// --- Numbers ---

CountResult Shard::Count(const CountRequest& request) {
  MutexLock lock(&mutex_);
  AdoptEpoch();
  const Index::Position position = FindLive(request.key);
  if (!position) {
    return request.create ? CreateNumber(request) : CountResult{CountStatus::kNotFound};
  }
  const ItemRecord record = ItemAt(position.slot.location());
  // In memcached's order.
  if (record.chunked() || record.value_size() == 0) return {CountStatus::kNotANumber};
  if (!MatchesCas(position, request.compare_cas)) return {CountStatus::kExists};
  const std::optional<uint64_t> number = ParseLenientUnsigned(record.value());
  if (!number) return {CountStatus::kNotANumber};

  CountResult result{CountStatus::kCounted};
  result.value = request.direction == Direction::kUp ? *number + request.delta
                                                     : *number - std::min(*number, request.delta);
  result.item_size = ItemSizeAt(position.slot.location());
  result.exptime_before = record.exptime();
  result.exptime = request.exptime.value_or(result.exptime_before);
  char text[kMaxDecimalDigits];
  const std::string_view digits(text, static_cast<size_t>(WriteDecimal(text, result.value) - text));
  if (RewriteDigits(position, request, digits, &result.cas)) {
    if (request.exptime) (void)TouchLocked(request.key, *request.exptime, Use::kDoesNot);
    return result;
  }

  ItemFields fields = record.Fields();
  fields.key = request.key.text;
  fields.value_size = static_cast<uint32_t>(digits.size());
  fields.exptime = result.exptime;
  const PutResult stored = PutWhole(request.key, fields, digits, position, request.new_cas);
  if (stored.status != PutStatus::kStored) return {CountStatus::kNoMemory};
  result.cas = stored.cas;
  return result;
}

CountResult Shard::CreateNumber(const CountRequest& request) {
  char text[kMaxDecimalDigits];
  const std::string_view digits(
      text, static_cast<size_t>(WriteDecimal(text, request.create->number) - text));
  const uint32_t exptime = request.exptime.value_or(request.create->exptime);
  const ItemFields fields{.key = request.key.text,
                          .value_size = static_cast<uint32_t>(digits.size()),
                          .exptime = exptime,
                          .last_access = Now()};
  const PutResult stored = PutWhole(request.key, fields, digits, {}, request.new_cas);
  if (stored.status != PutStatus::kStored) return {CountStatus::kNoMemory};
  return {.status = CountStatus::kCreated,
          .value = request.create->number,
          .cas = stored.cas,
          .exptime_before = request.create->exptime,
          .exptime = exptime};
}

// A number that is not longer than the old text is written over it and padded with blanks, as in
// memcached.
bool Shard::RewriteDigits(const Index::Position& position, const CountRequest& request,
                          std::string_view digits, uint64_t* cas) {
  ItemRecord record = ItemAt(position.slot.location());
  if (digits.size() > record.value_size()) return false;
  if (request.new_cas && !record.has_whole_cas()) return false;
  // The time needs a field: then number and time are written together.
  if (request.exptime.value_or(0) != 0 && !record.has_exptime()) return false;
  Index::LockedHome home(index_->Compute(request.key.hash));
  // A pin on this item is taken under this lock, so now none is overlooked.
  if (log_->SegmentAt(position.slot.location()).pinned()) return false;
  home.MarkChanged();
  scratch_.assign(record.value_size(), ' ');
  std::memcpy(scratch_.data(), digits.data(), digits.size());
  StoreSharedBytes(record.payload(), scratch_.data(), scratch_.size());
  *cas = request.new_cas ? *request.new_cas : NextCas();
  record.set_cas(*cas);
  return true;
}

// --- Reads with effects ---

Found Shard::BeginFetch(const FetchRequest& request, FetchEffects* effects) {
  const Key& key = request.key;
  AdoptEpoch();
  Found found;
  {
    const Index::LockedHome home(index_.get(), key.hash);
    found = ReadLocked(home, key, HitCounts::kNo, [](const ItemView&) {});
  }
  Index::Position position = FindLive(key);  // removes what was found dead
  if (!position) {
    if (!request.create) return found;
    const ItemFields fields{.key = key.text,
                            .exptime = request.create->exptime,
                            .last_access = Now(),
                            .marks = kWinSent};
    const PutResult stored = PutWhole(key, fields, {}, {}, request.create->cas);
    if (stored.status != PutStatus::kStored) return found;
    effects->created = true;
    effects->won = true;
    effects->exptime_before = request.create->exptime;
    return Found::kHit;
  }

  ItemRecord record = ItemAt(position.slot.location());
  effects->exptime_before = record.exptime();
  effects->fetched_before = position.slot.fetched();
  effects->idle_seconds_before = (Now() - record.last_access()) & kLastAccessMask;
  effects->won_before = record.win_sent();
  const uint32_t dies_at =
      request.recache_after_touch && request.exptime ? *request.exptime : record.exptime();
  const bool dies_soon =
      request.recache_before && dies_at != 0 && dies_at < *request.recache_before;
  effects->won = !effects->won_before && (record.stale() || dies_soon);
  return Found::kHit;
}

void Shard::MarkWon(const Key& key) {
  const Index::Position position = FindKey(index_->Compute(key.hash), key);
  if (!position) return;
  ItemRecord record = ItemAt(position.slot.location());
  Index::LockedHome home(index_->Compute(key.hash));
  home.MarkChanged();
  record.set_marks(record.marks() | kWinSent);
}

}  // namespace rat_memcache::store
