// Stores: in place, as one record, or as a stub with pieces.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>
#include <utility>

#include "base/small_bytes.h"
#include "store/shard.h"

namespace rat_memcache::store {
namespace {

// Pieces shorter than this are not worth the end of a segment.
constexpr size_t kPieceBytesMin = 1024;

bool KeepsOldValue(PutMode mode) { return mode == PutMode::kAppend || mode == PutMode::kPrepend; }

// Copies `bytes` of an item's value, from `offset` on. Under the shard lock.
void CopyRange(const SegmentLog& log, const ItemRecord& record, size_t offset, size_t bytes,
               char* out) {
  if (!record.chunked()) {
    CopyBytes(out, record.payload() + offset, bytes);
    return;
  }
  for (uint32_t i = 0; bytes > 0; ++i) {
    const PieceRecord piece(log.At(record.piece_location(i)));
    if (offset >= piece.size()) {
      offset -= piece.size();
      continue;
    }
    const size_t taken = std::min<size_t>(bytes, piece.size() - offset);
    CopyBytes(out, piece.bytes() + offset, taken);
    out += taken;
    bytes -= taken;
    offset = 0;
  }
}

}  // namespace

PutResult Shard::Put(const PutRequest& request) {
  MutexLock lock(&mutex_);
  AdoptEpoch();
  const Index::Position old = FindLive(request.key);
  if (const std::optional<PutResult> refusal = Refusal(request, old)) return *refusal;
  if (old && KeepsOldValue(request.mode)) return Concatenate(request, old);
  const auto value_size = static_cast<uint32_t>(request.value.size());
  const ItemFields fields = FieldsOfNew(request, value_size, old);
  const PutResult result = PutWhole(request.key, fields, request.value, old, request.new_cas);
  if (result.status == PutStatus::kNoMemory) {
    const uint64_t size =
        MemcachedItemSize(fields.key.size(), fields.client_flags, value_size, shared_->cas_enabled);
    ++ClassOf(size).no_memory;
  }
  return result;
}

ItemFields Shard::FieldsOfNew(const PutRequest& request, uint32_t value_size,
                              const Index::Position& old) const {
  ItemFields fields{
      .key = request.key.text,
      .value_size = value_size,
      .client_flags = request.client_flags,
      .exptime = KeepsOldValue(request.mode) ? *request.create_exptime : request.exptime,
      .last_access = Now()};
  if (request.base64_key) fields.marks |= kBase64Key;
  if (request.stale_over_newer && old && !MatchesCas(old, request.compare_cas)) {
    // Refusal() has let it through, so the item is newer than what the client knows.
    const ItemRecord record = ItemAt(old.slot.location());
    fields.exptime = record.exptime();
    fields.marks |= kStale | (record.win_sent() ? kWinSent : 0);
  }
  return fields;
}

std::optional<PutResult> Shard::Refusal(const PutRequest& request, const Index::Position& old) {
  if (!old) {
    if (KeepsOldValue(request.mode) && request.create_exptime) return std::nullopt;
    if (request.compare_cas) {
      return PutResult{KeepsOldValue(request.mode) ? PutStatus::kNotStored : PutStatus::kNotFound};
    }
    if (request.mode != PutMode::kSet && request.mode != PutMode::kAdd) {
      return PutResult{PutStatus::kNotStored};
    }
    return std::nullopt;
  }
  if (!MatchesCas(old, request.compare_cas)) {
    const bool older = shared_->cas_enabled && request.stale_over_newer &&
                       *request.compare_cas < CasOf(ItemAt(old.slot.location()));
    if (!older) {
      return PutResult{.status = PutStatus::kExists, .item_size = ItemSizeAt(old.slot.location())};
    }
  }
  if (request.mode != PutMode::kAdd) return std::nullopt;
  // An add counts as a use of the item it found, as in memcached.
  const Index::LockedHome home(index_->Compute(request.key.hash));
  const Slot slot(old.word().load(std::memory_order_relaxed));
  old.word().store(slot.Touched(tick()).word(), std::memory_order_relaxed);
  return PutResult{PutStatus::kNotStored};
}

bool Shard::TooLarge(const ItemFields& fields) const {
  return MemcachedItemSize(fields.key.size(), fields.client_flags, fields.value_size,
                           shared_->cas_enabled) > shared_->item_size_max;
}

// The pool of the key's item, or the one that the policy gives to a new key.
int Shard::PoolFor(const Key& key, const Index::Position& old) {
  if (old) return log_->SegmentAt(old.slot.location()).pool;
  const int pool = policy_->Place(key.hash);
  if (pool != 0) ++stats_.ghost_hits;
  return pool;
}

size_t Shard::GrowableTo(uint32_t location, size_t wanted) const {
  char* const at = log_->At(location);
  const char* const end = log_->End(log_->SegmentOf(location));
  size_t room = SizeOfRecord(at);
  while (room < wanted && at + room < end) {
    char* const next = at + room;
    const RecordKind kind = KindOfRecord(next);
    const bool dead =
        kind == RecordKind::kFiller ||
        (kind == RecordKind::kItem ? ItemRecord(next).dead() : PieceRecord(next).dead());
    if (!dead) break;
    room += SizeOfRecord(next);
  }
  return room;
}

bool Shard::OverwriteInPlace(const Index::Position& old, uint64_t hash, const ItemFields& fields,
                             std::string_view value) {
  if (!RewriteInPlace(old, hash, fields, value, ItemIs::kNew)) return false;
  if (shared_->sample->Wants(hash)) {
    shared_->sample->OnStore(hash, fields.Shape().record_size());
  }
  CountStored(old.slot.location());
  return true;
}

bool Shard::RewriteInPlace(const Index::Position& old, uint64_t hash, const ItemFields& fields,
                           std::string_view value, ItemIs item_is) {
  const uint32_t location = old.slot.location();
  ItemRecord record = ItemAt(location);
  Segment& segment = log_->SegmentAt(location);
  const size_t bytes = fields.Shape().record_size();
  if (record.chunked() || bytes > RecordMax()) return false;
  const size_t bytes_before = record.record_size();
  const size_t room = bytes <= bytes_before ? bytes_before : GrowableTo(location, bytes);
  if (room < bytes) return false;

  const uint64_t size_before = ItemSizeAt(location);
  const bool timed_before = record.exptime() != 0;
  {
    Index::LockedHome home(index_->Compute(hash));
    // A pin on this item is taken under this lock, so now none is overlooked.
    if (segment.pinned()) return false;
    home.MarkChanged();
    ItemRecord::Write(record.data(), fields, value);
    if (room > bytes) WriteFiller(record.data() + bytes, static_cast<uint32_t>(room - bytes));
    if (item_is == ItemIs::kNew) {
      const Slot slot(old.word().load(std::memory_order_relaxed));
      old.word().store(slot.WithMeta(MetaOfNew(slot.meta())).word(), std::memory_order_relaxed);
    }
  }
  // Both differences may be negative; unsigned arithmetic wraps to the right sums.
  segment.live_bytes += static_cast<uint32_t>(bytes - bytes_before);
  live_bytes_ += bytes - bytes_before;
  dead_bytes_ -= bytes - bytes_before;
  CountResized(segment, size_before, ItemSizeAt(location));
  CountTimed(timed_before, fields.exptime != 0);
  NoteExptime(location, fields.exptime);
  return true;
}

PutResult Shard::PutWhole(const Key& key, ItemFields fields, std::string_view value,
                          const Index::Position& old, std::optional<uint64_t> new_cas) {
  ChooseCas(new_cas, &fields);
  fields.room_for_exptime = keeps_all_;
  if (old && OverwriteInPlace(old, key.hash, fields, value)) {
    return {PutStatus::kStored, fields.cas, fields.value_size, ItemSizeAt(old.slot.location())};
  }

  const int pool = PoolFor(key, old);
  const RecordShape shape = fields.Shape();
  if (NeedsPieces(shape)) {
    Draft draft{.key = key, .fields = fields, .pool = pool};
    if (AppendToDraft(&draft, value)) return PublishDraft(&draft, Adopt::kNone);
    AbandonDraft(&draft);
    return {PutStatus::kNoMemory};
  }
  char* const at = AllocateRecord(AllocateFor::kNewItem, pool, TtlClassOf(fields.exptime, Now()),
                                  shape.record_size());
  if (at == nullptr) return {PutStatus::kNoMemory};
  ItemRecord::Write(at, fields, value);
  return Publish(key, log_->LocationOf(at), fields.cas, OldPieces::kKill);
}

// Lets the key name the record at `location`, a complete item.
PutResult Shard::Publish(const Key& key, uint32_t location, uint64_t cas, OldPieces old_pieces) {
  const size_t bytes = ItemAt(location).record_size();
  if (!Relink(key, location, old_pieces, ItemIs::kNew) && !Link(key, location)) {
    Kill(location, OldPieces::kKill);
    return {PutStatus::kNoMemory};
  }
  NoteExptime(location, ItemAt(location).exptime());
  AdvanceTick(bytes);
  ++appended_;
  if (shared_->sample->Wants(key.hash)) {
    shared_->sample->OnStore(key.hash, FootprintOf(ItemAt(location)));
  }
  CountStored(location);
  return {PutStatus::kStored, cas, ItemAt(location).value_size(), ItemSizeAt(location)};
}

PutResult Shard::Concatenate(const PutRequest& request, const Index::Position& old) {
  const ItemRecord record = ItemAt(old.slot.location());
  ItemFields fields = record.Fields();
  const uint32_t old_size = fields.value_size;
  if (uint64_t{old_size} + request.value.size() > kMaxValueSize) return {PutStatus::kTooLarge};
  fields.key = request.key.text;
  fields.value_size = static_cast<uint32_t>(old_size + request.value.size());
  fields.last_access = Now();
  fields.marks &= kBase64Key;
  fields.whole_cas = false;
  if (TooLarge(fields)) return {PutStatus::kTooLarge};
  const bool append = request.mode == PutMode::kAppend;

  if (!NeedsPieces(fields.Shape())) {
    scratch_.resize(fields.value_size);
    CopyRange(*log_, record, 0, old_size, scratch_.data() + (append ? 0 : request.value.size()));
    CopyBytes(scratch_.data() + (append ? old_size : 0), request.value.data(),
              request.value.size());
    return PutWhole(request.key, fields, {scratch_.data(), scratch_.size()}, old, request.new_cas);
  }
  ChooseCas(request.new_cas, &fields);
  Draft draft{.key = request.key, .fields = fields, .pool = PoolFor(request.key, old)};
  const bool built = append ? AppendItemToDraft(&draft) && AppendToDraft(&draft, request.value)
                            : AppendToDraft(&draft, request.value) && AppendItemToDraft(&draft);
  if (built) return PublishDraft(&draft, Adopt::kNone);
  AbandonDraft(&draft);
  return {WhyNotBuilt(request.key)};
}

// --- Drafts ---

// Room for an item that builds on another may cost that other its place. Then it is a miss, as if
// it had gone a moment before.
PutStatus Shard::WhyNotBuilt(const Key& key) const {
  const bool there = bool(FindKey(index_->Compute(key.hash), key));
  return there ? PutStatus::kNoMemory : PutStatus::kNotStored;
}

char* Shard::ExtendDraft(Draft* draft, size_t bytes_max, size_t* bytes) {
  const size_t wanted = std::min({bytes_max, RecordMax() - PieceRecord::kHeaderSize,
                                  size_t{draft->fields.value_size} - draft->allocated});
  // What is being received cannot be evicted, so it never gets more than three quarters of the
  // shard.
  if (draft_bytes_ + wanted > ResidentMax() / 4 * 3) return nullptr;
  size_t record_bytes = 0;
  char* const at =
      Allocate(AllocateFor::kNewItem, draft->pool, TtlClassOf(draft->fields.exptime, Now()),
               AlignRecord(PieceRecord::kHeaderSize + std::min(wanted, kPieceBytesMin)),
               AlignRecord(PieceRecord::kHeaderSize + wanted), &record_bytes);
  if (at == nullptr) return nullptr;
  *bytes = std::min(wanted, record_bytes - PieceRecord::kHeaderSize);
  const PieceRecord piece = PieceRecord::Write(at, static_cast<uint32_t>(*bytes), draft->key.hash);
  const uint32_t location = log_->LocationOf(at);
  draft->pieces.push_back(location);
  draft->pins.emplace_back(&log_->SegmentAt(location).pins);
  draft->allocated += static_cast<uint32_t>(*bytes);
  draft->log_bytes += record_bytes;
  draft_bytes_ += record_bytes;
  NoteExptime(location, draft->fields.exptime);
  return piece.bytes();
}

bool Shard::AppendToDraft(Draft* draft, std::string_view bytes) {
  while (!bytes.empty()) {
    size_t taken = 0;
    char* const to = ExtendDraft(draft, bytes.size(), &taken);
    if (to == nullptr) return false;
    StoreSharedBytes(to, bytes.data(), taken);
    bytes.remove_prefix(taken);
  }
  return true;
}

// Copies the value of the key's item. Making room for the copy may move the item, and in a very
// full shard even evict it; then there is nothing to build on.
bool Shard::AppendItemToDraft(Draft* draft) {
  size_t offset = 0;
  for (;;) {
    Index::Position old = FindKey(index_->Compute(draft->key.hash), draft->key);
    if (!old) return false;
    const uint32_t size = ItemAt(old.slot.location()).value_size();
    if (offset == size) return true;
    size_t taken = 0;
    char* const to = ExtendDraft(draft, size - offset, &taken);
    if (to == nullptr) return false;
    old = FindKey(index_->Compute(draft->key.hash), draft->key);
    if (!old) return false;
    scratch_.resize(taken);
    CopyRange(*log_, ItemAt(old.slot.location()), offset, taken, scratch_.data());
    StoreSharedBytes(to, scratch_.data(), taken);
    offset += taken;
  }
}

// Writes the stub. With `adopt`, the pieces of the key's present item become part of the new one.
PutResult Shard::PublishDraft(Draft* draft, Adopt adopt) {
  RAT_DCHECK(adopt != Adopt::kNone || draft->allocated == draft->fields.value_size,
             "the draft is not complete");
  const auto find_old = [&]() RAT_REQUIRES(mutex_) {
    return adopt == Adopt::kNone ? Index::Position{}
                                 : FindKey(index_->Compute(draft->key.hash), draft->key);
  };
  Index::Position old = find_old();
  const uint32_t adopted = old ? ItemAt(old.slot.location()).piece_count() : 0;
  const uint32_t own = static_cast<uint32_t>(draft->pieces.size());
  draft->fields.room_for_exptime = keeps_all_;
  const size_t bytes = draft->fields.Shape(own + adopted).record_size();
  char* const at = AllocateRecord(AllocateFor::kNewItem, draft->pool,
                                  TtlClassOf(draft->fields.exptime, Now()), bytes);
  old = find_old();  // its pieces may have moved
  if (at == nullptr || (adopt != Adopt::kNone && !old)) {
    if (at != nullptr) GiveUp(at, bytes);
    AbandonDraft(draft);
    return {adopt == Adopt::kNone ? PutStatus::kNoMemory : WhyNotBuilt(draft->key)};
  }
  std::vector<uint32_t> pieces = std::move(draft->pieces);
  if (adopt != Adopt::kNone) {
    const std::vector<uint32_t> kept = PiecesOf(ItemAt(old.slot.location()));
    pieces.insert(adopt == Adopt::kOldFirst ? pieces.begin() : pieces.end(), kept.begin(),
                  kept.end());
  }
  ItemRecord::WriteStub(at, draft->fields, pieces);
  draft_bytes_ -= draft->log_bytes;
  const PutResult result = Publish(draft->key, log_->LocationOf(at), draft->fields.cas,
                                   adopt == Adopt::kNone ? OldPieces::kKill : OldPieces::kAdopted);
  draft->pieces.clear();
  draft->pins.clear();
  draft->log_bytes = 0;
  return result;
}

void Shard::AbandonDraft(Draft* draft) {
  draft->pins.clear();
  for (const uint32_t location : draft->pieces) {
    KillPiece(location);
  }
  draft->pieces.clear();
  draft_bytes_ -= draft->log_bytes;
  draft->log_bytes = 0;
}

PutResult Shard::CommitDraft(Draft* draft, const PutRequest& request) {
  MutexLock lock(&mutex_);
  AdoptEpoch();
  const Index::Position old = FindLive(request.key);
  if (const std::optional<PutResult> refusal = Refusal(request, old)) {
    AbandonDraft(draft);
    return *refusal;
  }
  if (!old || !KeepsOldValue(request.mode)) {
    draft->fields = FieldsOfNew(request, draft->fields.value_size, old);
    ChooseCas(request.new_cas, &draft->fields);
    return PublishDraft(draft, Adopt::kNone);
  }

  // append and prepend: the new bytes lie in pieces already; the old ones stay in theirs, or are
  // copied into pieces if they were in a record of their own.
  const ItemRecord record = ItemAt(old.slot.location());
  ItemFields fields = record.Fields();
  fields.key = request.key.text;
  fields.last_access = Now();
  fields.marks &= kBase64Key;
  ChooseCas(request.new_cas, &fields);
  const uint64_t size = uint64_t{fields.value_size} + draft->fields.value_size;
  fields.value_size = static_cast<uint32_t>(std::min<uint64_t>(size, kMaxValueSize));
  if (size > kMaxValueSize || TooLarge(fields)) {
    AbandonDraft(draft);
    return {PutStatus::kTooLarge};
  }
  draft->fields = fields;
  const bool append = request.mode == PutMode::kAppend;
  if (record.chunked()) return PublishDraft(draft, append ? Adopt::kOldFirst : Adopt::kOldLast);
  const auto own = static_cast<std::ptrdiff_t>(draft->pieces.size());
  if (!AppendItemToDraft(draft)) {
    AbandonDraft(draft);
    return {WhyNotBuilt(request.key)};
  }
  if (append) std::rotate(draft->pieces.begin(), draft->pieces.begin() + own, draft->pieces.end());
  return PublishDraft(draft, Adopt::kNone);
}

}  // namespace rat_memcache::store
