// One shard of the memory tier: an index, a log, and the rules that keep them in step.
//
//   hash -> Index (index.h) -> location -> item in a segment of the SegmentLog (segment_log.h)
//
// A store appends an item to the open segment of its pool and lets the slot point to it; what the
// slot pointed to before is dead. An overwrite that fits goes into the old place. When no segment
// is free (shard_room.cc), one is cleaned (shard_clean.cc): wholly dead, expired and flushed ones
// first, then the emptiest if much is dead, then what the eviction policy picks.
//
// Locks and threads
//   The shard lock (mutex_) serialises all writers. It guards the log, the policy, the counters and
//   the shape of the index.
//   A bucket's lock (index.h) guards the slots at home there and the items they name. Writers take it,
//   under the shard lock, while they change a slot or an item that a slot names.
//   A reader of a small item takes no lock: it reads through atomic words and checks afterwards that
//   the bucket has not changed. A reader of a larger one takes the bucket's lock. So nobody is given a
//   torn item, and a reader with the lock can rely on the item's bytes: they are reused only after every
//   slot that named them was changed under that lock.
//   A value that a reader wants to keep beyond the lock is held by a pin on its segment: a pinned
//   segment is neither overwritten in place nor handed out again.
//   Order: shard lock, bucket lock. A reader that finds an expired item lets go of the bucket before
//   it takes the shard lock to remove it.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/cache_line.h"
#include "base/coarse_clock.h"
#include "base/gather_buffer.h"
#include "base/inlining.h"
#include "base/mutex.h"
#include "base/prefetch.h"
#include "store/cas_sequence.h"
#include "store/eviction/policy.h"
#include "store/eviction_listener.h"
#include "store/index.h"
#include "store/item_record.h"
#include "store/item_size.h"
#include "store/key_sample.h"
#include "store/pinned_value.h"
#include "store/requests.h"
#include "store/segment_log.h"
#include "store/size_classes.h"

namespace rat_memcache::store {

// How long evicted items had not been asked for.
inline constexpr std::array<uint32_t, 7> kEvictionAges = {60,    600,    3600,      21600,
                                                          86400, 604800, UINT32_MAX};

// What memcached's reports say of one size class (size_classes.h).
struct ClassStats {
  std::array<uint64_t, kPools> items{};  // by the queue they lie in
  uint64_t item_bytes = 0;               // their sizes as memcached counts them
  uint64_t items_max = 0;                // most at a time
  uint64_t evicted = 0;
  uint64_t evicted_nonzero = 0;  // had an exptime
  uint32_t evicted_age = 0;      // seconds since the last of them was used
  uint64_t evicted_unfetched = 0;
  uint64_t evicted_active = 0;
  uint64_t expired_unfetched = 0;
  uint64_t reclaimed = 0;
  uint64_t crawler_reclaimed = 0;
  // Items that were stored where expired ones had been, one for one.
  uint64_t reused = 0;
  uint64_t reusable = 0;  // expired or flushed ones whose memory was not yet used again
  uint64_t no_memory = 0;
  // Seconds since items of a sample were last used: the most, by queue.
  std::array<uint32_t, kPools> age{};

  uint64_t items_in_all() const { return items[0] + items[1] + items[2]; }
};
using ClassTable = std::array<ClassStats, SizeClasses::kEnd>;

// Counters of one shard; see stats in command/ for the names that clients know them by.
struct ShardStats {
  uint64_t items = 0;        // alive or expired and not yet noticed
  uint64_t item_bytes = 0;   // their sizes as memcached counts them
  uint64_t timed_items = 0;  // of the items, those that can expire
  uint64_t items_stored = 0;
  uint64_t evictions = 0;
  uint64_t evicted_unfetched = 0;
  uint64_t evicted_active = 0;  // had been hit more than once
  // Unasked: cleaning had won nothing for a while, since the policy kept everything.
  uint64_t evicted_under_pressure = 0;
  std::array<uint64_t, kPools> evicted_from_pool{};
  // Ages below kEvictionAges[i] seconds and not below the one before.
  std::array<uint64_t, kEvictionAges.size()> evicted_at_age{};
  uint32_t last_eviction_age = 0;
  uint64_t deleted = 0;
  uint64_t flushed = 0;  // found since, one by one
  uint64_t ttl_clamped = 0;
  uint64_t ghost_hits = 0;  // new keys that had been evicted a short while ago
  uint64_t expired_unfetched = 0;
  uint64_t reclaimed = 0;          // expired items found while room was made
  uint64_t crawler_reclaimed = 0;  // expired items found by maintenance
  uint64_t crawler_checked = 0;
  uint64_t reused = 0;   // stored where expired or flushed ones of the same size class had been
  uint64_t expired = 0;  // items that were removed since their time was over
  uint64_t segments_cleaned_inline = 0;
  uint64_t segments_rotated = 0;
  uint64_t items_kept = 0;      // survivors moved within their pool
  uint64_t items_promoted = 0;  // survivors moved to another pool
  uint64_t no_memory = 0;       // allocations that failed
  uint64_t maintenance_runs = 0;
  // Memory
  std::array<uint64_t, kPools> pool_bytes{};  // segments in use
  uint64_t resident_bytes = 0;                // of the log
  uint64_t free_bytes = 0;                    // segments that are free, used or not
  uint64_t index_bytes = 0;
  uint64_t live_bytes = 0;  // of the log: items and their headers
  uint64_t dead_bytes = 0;  // of the log: what was overwritten, removed or expired
  uint64_t policy_bytes = 0;
  uint64_t bookkeeping_bytes = 0;
};

// What all shards of a store share.
struct StoreShared {
  const CoarseClock* clock = nullptr;
  uint64_t seed = 0;
  bool cas_enabled = true;
  size_t item_size_max = 0;  // as memcached counts (item_size.h)
  uint32_t shards = 1;
  KeySample* sample = nullptr;
  SizeClasses classes;  // of the reports
  EvictionListener* listener = nullptr;

  // Raised by a flush. Release, so that a reader that sees it also sees what came before; an item
  // in a segment of an older epoch is a miss.
  std::atomic<uint32_t> epoch{0};
  // The second of the last flush. Relaxed: it only decides how a miss is counted.
  std::atomic<uint32_t> flushed_at{0};
  // Bytes that all shards together may hold; external_bytes of it are used by somebody else
  // (connection buffers). Relaxed: they are looked at when the next segment is opened.
  std::atomic<size_t> memory_limit{0};
  // Size classes of the items that were stored, a bit each, and what they grant at least; both 0
  // unless page_per_size_class. Relaxed: as above.
  bool page_per_size_class = false;
  std::atomic<uint64_t> size_classes{0};
  std::atomic<size_t> memory_granted{0};
  size_t MemoryLimit() const {
    return std::max(memory_limit.load(std::memory_order_relaxed),
                    memory_granted.load(std::memory_order_relaxed));
  }
  // An item of this size, as memcached counts it, is stored.
  void NoteSizeClass(size_t item_size) {
    const uint64_t bit = uint64_t{1} << classes.Of(item_size);
    if ((size_classes.load(std::memory_order_relaxed) & bit) == 0) [[unlikely]] {
      GrantPage(bit);
    }
  }
  void GrantPage(uint64_t size_class_bit);
  // Whether who finds an expired item removes it. Relaxed: it only decides when memory comes back.
  std::atomic<bool> lazy_expiration{true};

  // What is written now and then lies apart from what every read looks at.
  alignas(kCacheLine) std::atomic<size_t> external_bytes{0};
  CasSequence cas;
};

// How much Store::Maintain() may do. Times are for all shards together, and are looked at before
// each segment; what has no time does not happen.
struct MaintenanceBudget {
  std::chrono::nanoseconds sweep_time = std::chrono::hours(1);
  // For giving back what is above the limit, which has to go on anyhow.
  std::chrono::nanoseconds excess_time = std::chrono::hours(1);
  uint64_t entries_max = UINT64_MAX;  // items examined, per shard
  bool expire = true;                 // look for expired items at all
};

class ItemView;
class Upload;

class Shard {
 public:
  struct Options {
    size_t memory_max = 0;  // what the limit may be raised to
    size_t segment_bytes = 0;
    EvictionStrategy eviction = EvictionStrategy::kAdaptive;
  };

  // However small the limit, a shard keeps this many segments; fewer do not work.
  static constexpr size_t kSegmentsMin = 8;

  static Result<std::unique_ptr<Shard>> Make(StoreShared* shared, const Options& options);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  void PrefetchBucket(Key* key) const { key->bucket = index_->Prefetch(key->hash); }
  // After PrefetchBucket() had time to work.
  void PrefetchItem(const Key& key) const;

  // Calls visit(const ItemView&) on a hit: short work without calls into the store. It may be
  // called several times, and must not act on what it sees before Read() has returned kHit: only
  // the last call has seen the item, the others may have seen anything. (With ItemView::locked() it
  // is the last.)
  template <class Visit>
  Found Read(const Key& key, Visit&& visit);
  // The same, and the item gets a new exptime, in one atomic step.
  template <class Visit>
  Found ReadAndTouch(const Key& key, uint32_t exptime, Visit&& visit);

  // A read without a trace: no use is counted.
  template <class Visit>
  Found Peek(const Key& key, Visit&& visit);
  // A read with effects, in one atomic step. Calls visit(const ItemView&, const FetchEffects&) once
  // on a hit, and an item that it made is one. The view shows the item as it is now, but for an
  // exptime in the past, which comes into effect after the visit.
  template <class Visit>
  Found Fetch(const FetchRequest& request, Visit&& visit);

  PutResult Put(const PutRequest& request);
  DeleteResult Delete(const DeleteRequest& request);
  Found Touch(const Key& key, uint32_t exptime);
  CountResult Count(const CountRequest& request);

  // Takes note of a new shared epoch: what was stored before no longer counts.
  void AdoptFlush();
  // Frees what is dead without being asked, until all segments have been looked at, the budget's
  // items have been examined or `deadline` has passed; goes on where it ended the last time.
  void Sweep(const MaintenanceBudget& budget, std::chrono::steady_clock::time_point deadline);
  // Gives back what is above the limit, as far as it gets until `deadline`.
  void GiveBack(std::chrono::steady_clock::time_point deadline);
  // Items stay where they are; what the new strategy thinks of them shows as room is made.
  void SetEviction(EvictionStrategy strategy);
  // Whether somebody may hold on to a value of this size, which he has pinned: not if much else is
  // pinned already, for what is pinned cannot make room for what is stored.
  bool MayHold(uint32_t value_size);
  // A store or touch named a longer life than is allowed.
  void CountClamped() { ttl_clamped_.fetch_add(1, std::memory_order_relaxed); }
  ShardStats Stats();
  // Adds this shard's figures.
  void AddClassStats(ClassTable* sum);
  void ResetStats();
  // Calls visit(key, const ItemView&) for the live items of the part of the index that `*part`
  // names, a few thousand of them, under the shard lock, and moves on; false behind the last. An
  // item that stays is seen at least once as long as the index does not shrink.
  template <class Visit>
  bool ScanPart(uint32_t* part, Visit&& visit);

 private:
  friend class ItemView;
  friend class Upload;

  enum class AllocateFor : uint8_t { kNewItem, kSurvivor };
  enum class DropReason : uint8_t {
    kDeleted,
    kExpired,    // found by whoever wanted it
    kReclaimed,  // expired, found while room was made
    kSwept,      // expired, found by maintenance
    kFlushed,
    kEvicted,
  };
  enum class Clean : uint8_t {
    kByPolicy,  // the policy says which live items stay
    kKeepLive,  // all of them
    kExpired,   // all but the expired; where they are, if few go
  };

  Shard(StoreShared* shared, const Options& options, std::unique_ptr<Index> index,
        std::unique_ptr<SegmentLog> log);

  uint32_t Now() const { return shared_->clock->Now(); }
  uint8_t tick() const { return tick_.load(std::memory_order_relaxed); }
  ItemRecord ItemAt(uint32_t location) const { return ItemRecord(log_->At(location)); }
  // Of an item that a slot names. Under the bucket's lock or the shard lock.
  Found Judge(uint32_t location, const ItemRecord& record, uint32_t now) const;
  uint64_t WidenCas(uint32_t low) const;
  uint64_t CasOf(const ItemRecord& record) const {
    return record.has_whole_cas() ? record.whole_cas() : WidenCas(record.cas_low());
  }
  enum class Unlocked : uint8_t {
    kHit,
    kMiss,
    kChanged,    // while it was read; try again
    kNeedsLock,  // too large to be copied this way, or something is to be written
  };
  template <class Visit>
  Unlocked ReadUnlocked(const Key& key, Visit&& visit);
  // After ReadUnlocked() has said kChanged or kNeedsLock.
  template <class Visit>
  Found ReadStubbornly(const Key& key, Unlocked outcome, Visit&& visit);
  // Whether a hit is news to the policy, or the caller tells it.
  enum class HitCounts : uint8_t { kYes, kNo };
  template <class Visit>
  Found ReadLocked(const Index::LockedHome& home, const Key& key, HitCounts hit, Visit&& visit);
  template <class Visit>
  Found ReadAndTouchLocked(const Key& key, uint32_t exptime, Visit&& visit) RAT_EXCLUDES(mutex_);
  // Counts a hit in the slot's meta bits, if that makes a difference to the policy.
  void CountHit(const Key& key, const Index::Position& position, uint32_t value_size);
  // Removes the key's item if it is expired or flushed.
  void RemoveIfDead(const Key& key) RAT_EXCLUDES(mutex_);

  // --- shard_change.cc ---
  // Whether a change of the exptime is a use of the item.
  enum class Use : uint8_t { kCounts, kDoesNot };
  Found TouchLocked(const Key& key, uint32_t exptime, Use use = Use::kCounts) RAT_REQUIRES(mutex_);
  // Gives the key's item, at `position`, another header in front of the same value. kMiss: there
  // was no memory for it; `*still_there` says whether the item is as it was, or was evicted.
  Found WriteHeader(const Key& key, const Index::Position& position, ItemFields fields,
                    bool* still_there) RAT_REQUIRES(mutex_);
  bool MatchesCas(const Index::Position& position, std::optional<uint64_t> cas) const;
  // The item's unique from now on: `chosen`, or else the next one.
  void ChooseCas(std::optional<uint64_t> chosen, ItemFields* fields) RAT_REQUIRES(mutex_);
  DeleteStatus MarkStale(const DeleteRequest& request, const Index::Position& position)
      RAT_REQUIRES(mutex_);
  DeleteStatus EmptyValue(const DeleteRequest& request, const Index::Position& position)
      RAT_REQUIRES(mutex_);
  CountResult CreateNumber(const CountRequest& request) RAT_REQUIRES(mutex_);
  // Makes what is to be made and decides who has won. kHit: the item is there.
  Found BeginFetch(const FetchRequest& request, FetchEffects* effects) RAT_REQUIRES(mutex_);
  // From now on somebody is bringing the item up to date.
  void MarkWon(const Key& key) RAT_REQUIRES(mutex_);

  // --- shard.cc ---
  // Under the shard lock, the bucket's, or within a glimpse. Dead items are found too.
  Index::Position FindKey(const Index::Home& home, const Key& key) const;
  Index::Position FindLocation(const Index::Home& home, uint32_t location) const;
  // The key's live item. An expired or flushed one is removed on the way.
  Index::Position FindLive(const Key& key) RAT_REQUIRES(mutex_);
  uint64_t NextCas() RAT_REQUIRES(mutex_);
  // Unlinks and kills the item at `position` and counts why.
  void Remove(uint64_t hash, const Index::Position& position, DropReason reason)
      RAT_REQUIRES(mutex_);
  // Lets the key's slot, if there is one, point to the new record at `location`, and kills the
  // record it pointed to. False if there is no slot: Link() then adds one (and fails without
  // memory).
  enum class OldPieces : uint8_t { kKill, kAdopted };
  // kSame: only its record is another.
  enum class ItemIs : uint8_t { kNew, kSame };
  bool Relink(const Key& key, uint32_t location, OldPieces pieces, ItemIs item_is)
      RAT_REQUIRES(mutex_);
  // Of an item that takes the place of one with `meta`.
  SlotMeta MetaOfNew(SlotMeta meta) const;
  bool Link(const Key& key, uint32_t location) RAT_REQUIRES(mutex_);
  // A record that no slot names (any more) is dead from now on.
  void Kill(uint32_t location, OldPieces pieces) RAT_REQUIRES(mutex_);
  void KillPiece(uint32_t location) RAT_REQUIRES(mutex_);
  static std::vector<uint32_t> PiecesOf(const ItemRecord& stub);
  // Turns room that was allocated, and is not needed after all, into dead bytes.
  void GiveUp(char* at, size_t bytes) RAT_REQUIRES(mutex_);
  void CountLive(uint32_t location, size_t bytes) RAT_REQUIRES(mutex_);
  void CountDead(uint32_t location, size_t bytes) RAT_REQUIRES(mutex_);
  // An item comes (+1) or goes (-1).
  void CountItem(uint32_t location, int sign) RAT_REQUIRES(mutex_);
  // --- shard_classes.cc ---
  ClassStats& ClassOf(uint64_t item_size) RAT_REQUIRES(mutex_) {
    return class_stats_[static_cast<size_t>(shared_->classes.Of(item_size))];
  }
  void CountInClass(uint64_t item_size, int pool, int sign) RAT_REQUIRES(mutex_);
  void TellOfEviction(const ItemRecord& record, const SlotMeta& meta) RAT_REQUIRES(mutex_);
  void CountStored(uint32_t location) RAT_REQUIRES(mutex_);
  void CountDropInClass(uint32_t location, const SlotMeta& meta, DropReason reason)
      RAT_REQUIRES(mutex_);

  // A live item that could expire before can or cannot now.
  void CountTimed(bool before, bool now) RAT_REQUIRES(mutex_);
  // An item of a segment has another size now, in memcached's measure.
  void CountResized(const Segment& segment, uint64_t before, uint64_t now) RAT_REQUIRES(mutex_);
  uint64_t ItemSizeAt(uint32_t location) const;
  // Bytes of the log that an item takes, without the headers of its pieces.
  static size_t FootprintOf(const ItemRecord& record) {
    return std::max<size_t>(record.record_size(), record.value_size());
  }
  bool RewriteDigits(const Index::Position& position, const CountRequest& request,
                     std::string_view digits, uint64_t* cas) RAT_REQUIRES(mutex_);
  void CountEvictionAge(uint32_t seconds) RAT_REQUIRES(mutex_);
  // A segment in which an item with this exptime lies.
  void NoteExptime(uint32_t location, uint32_t exptime) RAT_REQUIRES(mutex_);
  uint64_t HashAt(uint32_t location) const;
  bool Flushed(uint32_t location) const;
  // As an item's last access. What was used in the second of the flush does not count as found
  // flushed: memcached removes it at once.
  uint32_t FlushedAt() const {
    return shared_->flushed_at.load(std::memory_order_relaxed) & kLastAccessMask;
  }

  // --- shard_put.cc ---
  // A large item that is being built: its pieces lie in the log, pinned, and no slot names them.
  struct Draft {
    Key key;            // the text belongs to the caller
    ItemFields fields;  // value_size: of the whole value
    int pool = 0;
    std::vector<uint32_t> pieces;
    std::vector<Pin> pins;
    uint32_t allocated = 0;  // bytes of the value that have a place
    size_t log_bytes = 0;    // what the pieces take in the log
  };
  // Whose pieces the stub of a draft lists besides its own.
  enum class Adopt : uint8_t { kNone, kOldFirst, kOldLast };

  // What stands in the way of the request, given the key's live item.
  std::optional<PutResult> Refusal(const PutRequest& request, const Index::Position& old);
  bool OverwriteInPlace(const Index::Position& old, uint64_t hash, const ItemFields& fields,
                        std::string_view value) RAT_REQUIRES(mutex_);
  // Writes the item's record anew where it is, if it has room there. `value` lies elsewhere.
  bool RewriteInPlace(const Index::Position& old, uint64_t hash, const ItemFields& fields,
                      std::string_view value, ItemIs item_is) RAT_REQUIRES(mutex_);
  // Bytes at `location` that a record there may use: its own and those of dead records behind it,
  // as far as `wanted` asks for.
  size_t GrowableTo(uint32_t location, size_t wanted) const;
  // Stores the item in the place of the key's live item, `old`, if there is one. `value` lies
  // outside the log.
  PutResult PutWhole(const Key& key, ItemFields fields, std::string_view value,
                     const Index::Position& old, std::optional<uint64_t> new_cas)
      RAT_REQUIRES(mutex_);
  // Of an item that is stored as the request says, in the place of `old`, if there is one.
  ItemFields FieldsOfNew(const PutRequest& request, uint32_t value_size,
                         const Index::Position& old) const;
  PutResult Concatenate(const PutRequest& request, const Index::Position& old) RAT_REQUIRES(mutex_);
  PutResult Publish(const Key& key, uint32_t location, uint64_t cas, OldPieces old_pieces)
      RAT_REQUIRES(mutex_);
  int PoolFor(const Key& key, const Index::Position& old) RAT_REQUIRES(mutex_);
  bool TooLarge(const ItemFields& fields) const;

  // Place for another piece of at most `bytes_max` of the value; null if there is no memory for it.
  char* ExtendDraft(Draft* draft, size_t bytes_max, size_t* bytes) RAT_REQUIRES(mutex_);
  bool AppendToDraft(Draft* draft, std::string_view bytes) RAT_REQUIRES(mutex_);
  bool AppendItemToDraft(Draft* draft) RAT_REQUIRES(mutex_);
  PutResult PublishDraft(Draft* draft, Adopt adopt) RAT_REQUIRES(mutex_);
  PutResult CommitDraft(Draft* draft, const PutRequest& request) RAT_EXCLUDES(mutex_);
  void AbandonDraft(Draft* draft) RAT_REQUIRES(mutex_);
  // The status of an append or prepend whose draft came to nothing.
  PutStatus WhyNotBuilt(const Key& key) const RAT_REQUIRES(mutex_);
  // Largest record, but for the stubs of very large items.
  size_t RecordMax() const { return log_->segment_bytes() / kRecordsPerSegmentMin; }
  bool NeedsPieces(const RecordShape& shape) const { return shape.record_size() > RecordMax(); }

  // --- shard_room.cc ---
  // Segments are shared by items that expire at about the same time.
  int TtlClassOf(uint32_t exptime, uint32_t now) const RAT_REQUIRES(mutex_);
  // Room for a record of at least `bytes_min` and at most `bytes_max` (both aligned); sets `*bytes`
  // to what it got. Null if there is none and none could be made. May clean, and so move or evict
  // any item: positions found before are void.
  char* Allocate(AllocateFor purpose, int pool, int ttl_class, size_t bytes_min, size_t bytes_max,
                 size_t* bytes) RAT_REQUIRES(mutex_);
  char* AllocateRecord(AllocateFor purpose, int pool, int ttl_class, size_t bytes)
      RAT_REQUIRES(mutex_);
  size_t ResidentMax() const RAT_REQUIRES(mutex_);
  // Lets so many segments be free below the limit, if it can.
  bool MakeRoom(size_t segments) RAT_REQUIRES(mutex_);
  void Seal(SegmentId id) RAT_REQUIRES(mutex_);
  // All open segments; false if there was none.
  bool SealOpen() RAT_REQUIRES(mutex_);
  // Open segments that have become the oldest of their pool: little is stored that belongs there,
  // and what they hold is next to be judged.
  void SealOldest() RAT_REQUIRES(mutex_);
  void FreeIfEmpty(SegmentId id) RAT_REQUIRES(mutex_);
  void Free(SegmentId id) RAT_REQUIRES(mutex_);
  void AdvanceTick(size_t bytes) RAT_REQUIRES(mutex_);

  // --- shard_clean.cc ---
  struct Victim {
    SegmentId id = kNoSegment;
    Clean how = Clean::kByPolicy;
  };
  Victim PickVictim(int pressure) RAT_REQUIRES(mutex_);
  // The same where nothing is evicted: nothing if too little is dead to win anything.
  Victim PickDead() RAT_REQUIRES(mutex_);
  // Bytes that are won if what lives in a segment is moved, and how many make it worth it.
  size_t MovableRoom(SegmentId id) const RAT_REQUIRES(mutex_);
  size_t WorthMoving() const { return log_->segment_bytes() / 100 * kDeadPercentMin; }
  // Whether nothing in the segment counts any more.
  bool WhollyDead(const Segment& segment) const RAT_REQUIRES(mutex_);
  // A slot drawn at random; may be empty.
  Slot SampleSlot() RAT_REQUIRES(mutex_);
  // An item drawn at random; nothing if the draw failed.
  std::optional<ItemTraits> SampleItem() RAT_REQUIRES(mutex_);
  // What the policy says of an item, `record`, that is alive; `meta` may change.
  Verdict AskPolicy(uint64_t hash, const ItemRecord& record, Clean how, int pressure,
                    SlotMeta* meta) RAT_REQUIRES(mutex_);
  // The pressure counts how often in a row nothing was won by it, since all items had to be moved.
  void CleanVictim(Victim victim, int* pressure) RAT_REQUIRES(mutex_);
  // Puts the victim at the young end of its queue as it is, without what the policy drops, if that
  // is little and copies have become many. False if it is to be cleaned instead; then nothing
  // happened.
  bool RotateIfFull(Victim victim, int pressure) RAT_REQUIRES(mutex_);
  // Tells the policy that items of this segment will be judged now.
  void BeginJudging(SegmentId id) RAT_REQUIRES(mutex_);
  // Whether cleaning has copied more than it should, for what was stored.
  bool ManyCopies() const RAT_REQUIRES(mutex_);
  void CleanSegment(SegmentId id, Clean how, int pressure) RAT_REQUIRES(mutex_);
  // (shard_walk.h) Calls on_item(at, hash) for the segment's live items for which wanted(record) is
  // true, a few after their hashes were taken, and on_piece(at) for its live pieces. Both may
  // remove what they are given, and other items too.
  template <class Wanted, class OnItem, class OnPiece>
  void WalkLive(SegmentId id, Wanted&& wanted, OnItem&& on_item, OnPiece&& on_piece)
      RAT_REQUIRES(mutex_);
  // The item that a live piece belongs to.
  struct Owner {
    uint64_t hash = 0;
    Index::Position position;
    uint32_t piece_index = 0;  // in its stub
  };
  Owner OwnerOf(char* piece_at) const RAT_REQUIRES(mutex_);
  // Both return whether the record stayed (at another place).
  bool CleanItem(char* at, uint64_t hash, Clean how, int pressure) RAT_REQUIRES(mutex_);
  bool CleanPiece(char* at, Clean how, int pressure) RAT_REQUIRES(mutex_);

  // --- shard_maintain.cc ---
  // One step of Sweep() and GiveBack(); false if there is nothing (more) to do.
  struct Round {
    SegmentId left = 0;  // segments to look at
    uint64_t entries = 0;
  };
  bool SweepNext(const MaintenanceBudget& budget, Round* round) RAT_EXCLUDES(mutex_);
  bool FreeExcess(int* pressure) RAT_EXCLUDES(mutex_);
  // Removes the expired items of a segment; what stays stays in its place.
  void RemoveExpired(SegmentId id, DropReason reason) RAT_REQUIRES(mutex_);
  void AdoptEpoch() RAT_REQUIRES(mutex_);

  // A value whose record would be larger than this share of a segment is cut into pieces: what a
  // full segment wastes at its end is half a record on average.
  static constexpr size_t kRecordsPerSegmentMin = 8;
  // Where nothing is evicted, so much of a segment must be dead to be worth moving the rest.
  static constexpr size_t kDeadPercentMin = 3;
  // Segments that only survivors of a cleaning may take, so that cleaning never lacks room.
  static constexpr size_t kReserve = 2;
  // Memory for fewer segments does without separate segments per TTL class.
  static constexpr SegmentId kSegmentsForTtlClasses = 128;
  // Seconds between two updates of an item's last access; memcached's are as coarse.
  static constexpr uint32_t kLastAccessGranularity = 60;
  // Larger values are copied under the lock: memcpy is faster than atomic words by more than the
  // lock costs.
  static constexpr uint32_t kUnlockedValueMax = 512;
  static constexpr int kUnlockedTries = 3;

  // What every read looks at, and writers seldom change.
  StoreShared* const shared_;
  const std::unique_ptr<Index> index_;
  const std::unique_ptr<SegmentLog> log_;
  // Written under the shard lock, read without it. Relaxed: a reader that is one behind stamps an
  // item with the tick before.
  std::atomic<uint8_t> tick_{0};
  // Segments of older epochs may exist as long as this differs from the shared epoch. Release after
  // the last of them is gone.
  std::atomic<uint32_t> clean_epoch_{0};

  // What writers change, on lines of its own, or every set would take the above away from readers.
  // What every set changes comes first and lies close together.
  alignas(kCacheLine) Mutex mutex_;
  std::unique_ptr<EvictionPolicy> policy_ RAT_PT_GUARDED_BY(mutex_);
  // Nothing is ever evicted: the policy is kNone.
  bool keeps_all_ RAT_GUARDED_BY(mutex_);
  uint32_t adopted_epoch_ RAT_GUARDED_BY(mutex_) = 0;
  // Segments in use, of an epoch before the adopted one.
  uint32_t stale_segments_ RAT_GUARDED_BY(mutex_) = 0;
  // Relaxed: a reader that is one behind widens the CAS unique of an older item, which gives the
  // same number.
  std::atomic<uint64_t> last_cas_{0};
  CasSequence::Range cas_lease_ RAT_GUARDED_BY(mutex_);
  // Of the segments that are in use: records that are alive, and dead ones.
  size_t live_bytes_ RAT_GUARDED_BY(mutex_) = 0;
  size_t dead_bytes_ RAT_GUARDED_BY(mutex_) = 0;
  size_t bytes_since_tick_ RAT_GUARDED_BY(mutex_) = 0;
  uint64_t appended_ RAT_GUARDED_BY(mutex_) = 0;   // items, since the last cleaning
  size_t draft_bytes_ RAT_GUARDED_BY(mutex_) = 0;  // of pieces that no item owns yet
  uint64_t random_ RAT_GUARDED_BY(mutex_);
  ShardStats stats_ RAT_GUARDED_BY(mutex_);
  ClassTable class_stats_ RAT_GUARDED_BY(mutex_);

  // Open segments; kNoSegment where there is none.
  std::array<std::array<SegmentId, kTtlClasses>, kPools> open_ RAT_GUARDED_BY(mutex_);
  SegmentId victim_ RAT_GUARDED_BY(mutex_) = kNoSegment;  // being cleaned
  SegmentId search_hand_ RAT_GUARDED_BY(mutex_) = 0;      // where PickVictim() goes on searching
  SegmentId sweep_hand_ RAT_GUARDED_BY(mutex_) = 0;       // where Sweep() goes on
  // When PickDead() last found nothing, and how much was dead then.
  uint32_t nothing_dead_at_ RAT_GUARDED_BY(mutex_) = 0;
  size_t nothing_dead_bytes_ RAT_GUARDED_BY(mutex_) = 0;
  std::vector<char> scratch_ RAT_GUARDED_BY(mutex_);
  // Items that cleanings copied, and items that were stored; the last count most.
  double copied_lately_ RAT_GUARDED_BY(mutex_) = 0;
  double appended_lately_ RAT_GUARDED_BY(mutex_) = 0;
  std::atomic<uint64_t> ttl_clamped_{0};  // relaxed: a count
};

// A hit, as a reader sees it. Valid only inside the visit.
class ItemView {
 public:
  // From here on a pin is cheaper than a copy.
  static constexpr uint32_t kPinnedFrom = 4096;

  // The queue that the item lies in, 0 .. kPools - 1.
  int pool() const { return slot_.pool(); }
  // The item cannot change during the visit, and this is the last one.
  bool locked() const { return locked_; }
  uint32_t value_size() const { return value_size_; }
  uint32_t client_flags() const { return record_.client_flags(); }
  uint32_t exptime() const { return record_.exptime(); }
  uint64_t cas() const { return shard_->shared_->cas_enabled ? shard_->CasOf(record_) : 0; }
  // Whether it was asked for before.
  bool fetched() const { return slot_.fetched(); }
  // Seconds since it was last used, as far as that is known: to a minute.
  uint32_t idle_seconds() const {
    return (shard_->Now() - record_.last_access()) & kLastAccessMask;
  }
  // As memcached counts it.
  uint64_t item_size() const {
    return MemcachedItemSize(record_.key_size(), client_flags(), value_size_,
                             shard_->shared_->cas_enabled);
  }
  bool stale() const { return record_.stale(); }
  bool win_sent() const { return record_.win_sent(); }
  bool base64_key() const { return (record_.marks() & kBase64Key) != 0; }

  // `out` has room for value_size() bytes.
  void CopyValueTo(char* out) const {
    if (!locked_) [[likely]] {
      return LoadSharedBytes(out, payload_, value_size_);
    }
    CopyLockedValueTo(out);
  }
  // Only if locked(), which values from kPinnedFrom on always are. The value stays where it is
  // until the buffer has been sent.
  void PinValueInto(GatherBuffer* out) const;
  // For somebody who will read it piece by piece: copied if it is small, else pinned. What `value`
  // held before is let go.
  void HoldIn(PinnedValue* value) const;

 private:
  friend class Shard;

  ItemView(const Shard* shard, const ItemRecord& record, const char* payload, uint32_t value_size,
           Slot slot, bool locked)
      : shard_(shard),
        record_(record),
        payload_(payload),
        value_size_(value_size),
        slot_(slot),
        locked_(locked) {}
  template <class Visit>
  void ForEachPart(Visit&& visit) const;
  void CopyLockedValueTo(char* out) const;

  const Shard* shard_;
  ItemRecord record_;
  const char* payload_;  // not asked of the record: known before it has arrived
  uint32_t value_size_;  // asked for once: without the lock, another answer could follow
  Slot slot_;
  bool locked_;
};

// --- Inline: the read path ---

RAT_ALWAYS_INLINE Index::Position Shard::FindKey(const Index::Home& home, const Key& key) const {
  return index_->Find(home, [&](uint32_t location) { return ItemAt(location).HasKey(key.text); });
}

inline void Shard::PrefetchItem(const Key& key) const {
  const uint32_t location = Index::GuessLocation(key.bucket, key.hash);
  if (location == 0) return;
  const char* const at = log_->At(location);
  PrefetchForRead(at);
  PrefetchForRead(at + 64);
}

inline bool Shard::Flushed(uint32_t location) const {
  const uint32_t epoch = shared_->epoch.load(std::memory_order_acquire);
  if (clean_epoch_.load(std::memory_order_relaxed) == epoch) return false;
  return log_->SegmentAt(location).epoch.load(std::memory_order_relaxed) != epoch;
}

RAT_ALWAYS_INLINE Found Shard::Judge(uint32_t location, const ItemRecord& record,
                                     uint32_t now) const {
  if (record.has_exptime()) {
    const uint32_t exptime = record.exptime();
    if (exptime != 0 && exptime <= now) return Found::kExpired;
  }
  return Flushed(location) ? Found::kFlushed : Found::kHit;
}

inline uint64_t Shard::WidenCas(uint32_t low) const {
  const uint64_t last = last_cas_.load(std::memory_order_relaxed);
  const uint64_t wide = (last & ~uint64_t{UINT32_MAX}) | low;
  return wide <= last ? wide : wide - (uint64_t{1} << 32);
}

RAT_ALWAYS_INLINE void Shard::CountHit(const Key& key, const Index::Position& position,
                                       uint32_t value_size) {
  const uint8_t tick_now = tick();
  if (!position.slot.NeedsTouch(tick_now)) [[likely]] {
    return;
  }
  // If the slot is another by now, or somebody else counts a hit, this one is not counted.
  uint64_t word = position.slot.word();
  position.word().compare_exchange_strong(word, position.slot.Touched(tick_now).word(),
                                          std::memory_order_relaxed);
  if (shared_->sample->Wants(key.hash)) {
    const RecordShape shape{.key_size = key.text.size(), .value_size = value_size};
    shared_->sample->OnHit(key.hash, shape.record_size());
  }
}

template <class Visit>
RAT_ALWAYS_INLINE Shard::Unlocked Shard::ReadUnlocked(const Key& key, Visit&& visit) {
  const Index::Glimpse glimpse(index_.get(), key.hash);
  if (glimpse.locked()) return Unlocked::kChanged;
  const Index::Position position = FindKey(*glimpse, key);
  if (!position) return glimpse.Consistent() ? Unlocked::kMiss : Unlocked::kChanged;
  const uint32_t location = position.slot.location();
  const ItemRecord record = ItemAt(location);
  const uint32_t value_size = record.value_size();
  const uint32_t now = Now();
  if (record.chunked() || value_size > kUnlockedValueMax ||
      Judge(location, record, now) != Found::kHit ||
      ((now - record.last_access()) & kLastAccessMask) >= kLastAccessGranularity) {
    return Unlocked::kNeedsLock;
  }
  visit(ItemView(this, record, record.PayloadBehind(key.text.size()), value_size, position.slot,
                 false));
  if (!glimpse.Consistent()) return Unlocked::kChanged;
  CountHit(key, position, value_size);
  return Unlocked::kHit;
}

template <class Visit>
Found Shard::ReadLocked(const Index::LockedHome& home, const Key& key, HitCounts hit,
                        Visit&& visit) {
  const Index::Position position = FindKey(*home, key);
  if (!position) return Found::kMiss;
  ItemRecord record = ItemAt(position.slot.location());
  const uint32_t now = Now();
  const Found found = Judge(position.slot.location(), record, now);
  if (found == Found::kFlushed && record.last_access() == FlushedAt()) return Found::kMiss;
  if (found != Found::kHit) return found;
  visit(ItemView(this, record, record.payload(), record.value_size(), position.slot, true));
  if (hit == HitCounts::kYes) {
    CountHit(key, position, record.value_size());
    if (((now - record.last_access()) & kLastAccessMask) >= kLastAccessGranularity) {
      record.set_last_access(now);
    }
  }
  return Found::kHit;
}

template <class Visit>
Found Shard::ReadAndTouch(const Key& key, uint32_t exptime, Visit&& visit) {
  const Found found = ReadAndTouchLocked(key, exptime, visit);
  if (found != Found::kHit && shared_->sample->Wants(key.hash)) shared_->sample->OnMiss(key.hash);
  return found;
}

template <class Visit>
Found Shard::ReadAndTouchLocked(const Key& key, uint32_t exptime, Visit&& visit) {
  MutexLock lock(&mutex_);
  // An item that is touched with a time in the past is returned this once. Any other is touched
  // first, for it may lose its place to the room that a new exptime needs.
  const bool dies_now = exptime != 0 && exptime <= Now();
  const auto read = [&](auto&& with) RAT_REQUIRES(mutex_) {
    const Index::LockedHome home(index_.get(), key.hash);
    return ReadLocked(home, key, HitCounts::kNo, with);
  };
  const Found found = dies_now ? read(visit) : read([](const ItemView&) {});
  const Found touched = TouchLocked(key, exptime);  // removes what was found dead
  if (found != Found::kHit || dies_now) return found;
  return touched == Found::kHit ? read(visit) : Found::kMiss;
}

template <class Visit>
bool Shard::ScanPart(uint32_t* part, Visit&& visit) {
  MutexLock lock(&mutex_);
  AdoptEpoch();
  if (*part >= index_->tables()) return false;
  const std::vector<Slot> slots = index_->SlotsOf(*part);
  const uint32_t now = Now();
  constexpr size_t kAhead = 16;
  for (size_t i = 0; i < slots.size(); ++i) {
    if (i + kAhead < slots.size()) PrefetchForRead(log_->At(slots[i + kAhead].location()));
    const ItemRecord record = ItemAt(slots[i].location());
    if (Judge(slots[i].location(), record, now) != Found::kHit) continue;
    visit(record.key(),
          ItemView(this, record, record.payload(), record.value_size(), slots[i], true));
  }
  return ++*part < index_->tables();
}

template <class Visit>
Found Shard::Peek(const Key& key, Visit&& visit) {
  const Index::LockedHome home(index_.get(), key.hash);
  return ReadLocked(home, key, HitCounts::kNo, visit);
}

template <class Visit>
Found Shard::Fetch(const FetchRequest& request, Visit&& visit) {
  Found found;
  {
    MutexLock lock(&mutex_);
    FetchEffects effects;
    found = BeginFetch(request, &effects);
    const auto read = [&](HitCounts hit) RAT_REQUIRES(mutex_) {
      const Index::LockedHome home(index_.get(), request.key.hash);
      return ReadLocked(home, request.key, hit,
                        [&](const ItemView& item) { visit(item, effects); });
    };
    const Use use = request.counts_as_use ? Use::kCounts : Use::kDoesNot;
    const bool dies_now = request.exptime && *request.exptime != 0 && *request.exptime <= Now();
    if (found != Found::kHit) {
      // Nothing to read.
    } else if (!request.exptime || (effects.created && request.create->is_final)) {
      found = read(use == Use::kCounts ? HitCounts::kYes : HitCounts::kNo);
      if (effects.won) MarkWon(request.key);
    } else if (dies_now) {
      found = read(HitCounts::kNo);
      if (effects.won) MarkWon(request.key);
      (void)TouchLocked(request.key, *request.exptime, use);
    } else {
      // Touched first, for it may lose its place to the room that a new exptime needs.
      found = TouchLocked(request.key, *request.exptime, use);
      if (found == Found::kHit) found = read(HitCounts::kNo);
      if (found == Found::kHit && effects.won) MarkWon(request.key);
    }
  }
  if (found != Found::kHit && shared_->sample->Wants(request.key.hash)) {
    shared_->sample->OnMiss(request.key.hash);
  }
  return found;
}

template <class Visit>
RAT_ALWAYS_INLINE Found Shard::Read(const Key& key, Visit&& visit) {
  const Unlocked outcome = ReadUnlocked(key, visit);
  if (outcome == Unlocked::kHit) return Found::kHit;
  const Found found =
      outcome == Unlocked::kMiss ? Found::kMiss : ReadStubbornly(key, outcome, visit);
  if (found != Found::kHit && shared_->sample->Wants(key.hash)) shared_->sample->OnMiss(key.hash);
  return found;
}

template <class Visit>
RAT_NEVER_INLINE Found Shard::ReadStubbornly(const Key& key, Unlocked outcome, Visit&& visit) {
  for (int tries = 1; tries < kUnlockedTries && outcome == Unlocked::kChanged; ++tries) {
    outcome = ReadUnlocked(key, visit);
    if (outcome == Unlocked::kHit) return Found::kHit;
    if (outcome == Unlocked::kMiss) return Found::kMiss;
  }
  Found found;
  {
    const Index::LockedHome home(index_.get(), key.hash);
    found = ReadLocked(home, key, HitCounts::kYes, visit);
  }
  if (found > Found::kMiss) RemoveIfDead(key);
  return found;
}

}  // namespace rat_memcache::store
