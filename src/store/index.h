// The index of one shard: from a key's hash to the place of its item, in buckets of one cache line.
//
//   Index    tables_ tables, a number that grows and shrinks by one (linear hashing on hash >> 18)
//   Table    64 .. 1024 buckets, a number that changes by 64 (one 4 KiB page) at a time
//   Bucket   64 bytes: lock word, displacement, 7 slots (slot.h)
//
// The tag in a slot (18 bits of the hash) also decides the bucket: bucket = tag * buckets >> 18. So
// a table is laid out anew for another number of buckets without reading a single key, and it can
// be kept 74-92 % full: 9.9-12.4 bytes per item. Keys are read only when a table splits in two,
// once per doubling. Nothing is ever reorganised beyond one table, which is about 3,000 items.
//
// An item that finds its home bucket full goes into the next bucket with room (wrapping inside the
// table). `displaced` counts such items per home and `reach` bounds how far a search has to go.
//
// Locks
//   The shard lock serialises everything that adds, removes or moves slots.
//   A bucket's lock guards all slots whose HOME is that bucket, wherever they lie, and the items they
//   name: a reader that holds it can read the item; a writer takes it to change a slot or an item.
//   Because the tag decides the home, a slot of another home never matches a reader's tag.
//   Who changes the shape of a table holds the locks of all its buckets. Readers compute a bucket,
//   lock it, and compute it again.
//   Order: shard lock, then bucket locks in ascending order. A reader holds one bucket lock and takes
//   nothing else under it.
//
// Reading without the lock
//   The lock word is a sequence lock as well: odd while a lock is held, and raised with every change.
//   A reader notes it (Glimpse), reads slots and item through relaxed atomic words
//   (base/shared_bytes.h), and then asks whether anything has changed (Consistent()). If not, what it
//   read is what a reader with the lock would have read; if so, it has read nonsense and throws it
//   away. Nothing is written that other processors share. After H.-J. Boehm, "Can seqlocks get along
//   with programming language memory models?", MSPC 2012.
//   Bits that hits change are no change in this sense: they are set by compare-exchange, and it does
//   not matter if one gets lost.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/cache_line.h"
#include "base/check.h"
#include "base/inlining.h"
#include "base/prefetch.h"
#include "base/result.h"
#include "base/spin_wait.h"
#include "platform/memory.h"
#include "store/slot.h"

namespace rat_memcache::store {

struct alignas(kCacheLine) Bucket {
  static constexpr int kSlots = 7;

  // Odd while locked. The upper bits count the changes made under the lock; a reader would have to
  // sleep through 2^31 of them to be fooled.
  std::atomic<uint32_t> lock;
  // Items at home here that lie in a later bucket, and how many buckets away the farthest is. A
  // count of kMany is too many to count and stays; a reach of kMany stands for the whole table.
  // Written under shard lock and bucket lock.
  static constexpr uint8_t kMany = UINT8_MAX;
  std::atomic<uint8_t> displaced;
  std::atomic<uint8_t> reach;
  uint16_t spare;
  // Relaxed throughout: who acts on a slot holds the lock of its home.
  std::atomic<uint64_t> slots[kSlots];

  // Returns the lock word as it is while locked.
  uint32_t Lock() {
    SpinWait wait;
    uint32_t seen = lock.load(std::memory_order_relaxed);
    while ((seen & 1) != 0 || !lock.compare_exchange_weak(seen, seen | 1, std::memory_order_acquire,
                                                          std::memory_order_relaxed)) {
      if ((seen & 1) != 0) {
        wait.Once();
        seen = lock.load(std::memory_order_relaxed);
      }
    }
    // Release fence: what is changed from here on is seen after the odd lock word (Consistent).
    std::atomic_thread_fence(std::memory_order_release);
    return seen | 1;
  }
  // By who found out that this is not the bucket he was looking for. `locked` is what Lock()
  // returned. The bucket may have been released meanwhile, and its word set to zero; then it is
  // somebody else's, whose word is a higher one (Index::LockFresh).
  void UnlockStray(uint32_t locked) {
    lock.compare_exchange_strong(locked, locked & ~1u, std::memory_order_release,
                                 std::memory_order_relaxed);
  }
  // After reading.
  void Unlock() {
    lock.store(lock.load(std::memory_order_relaxed) & ~1u, std::memory_order_release);
  }
  // After changing something that a reader without the lock would have to notice.
  void UnlockChanged() {
    lock.store(lock.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
};
static_assert(sizeof(Bucket) == 64);

class Index {
 public:
  // Items per table at which another table is added; an unsplit table holds up to twice as many.
  static constexpr uint32_t kItemsPerTable = 1600;
  static constexpr uint32_t kBucketsPerPage = 64;
  static constexpr uint32_t kMaxBucketsPerTable = 1024;

  // Reads the key of the item at a location and hashes it. Called under the shard lock.
  using HashAt = std::function<uint64_t(uint32_t location)>;
  using PrefetchAt = std::function<void(uint32_t location)>;

  // Address space for `items_max` items; memory is taken as items come.
  static Result<std::unique_ptr<Index>> Make(uint64_t items_max);
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  // Brings the cache line of a hash's bucket on its way; returns the bucket. Any thread, no lock.
  // Not for writing, which would take the line away from other readers of a hot bucket.
  const Bucket* Prefetch(uint64_t hash) const {
    const Bucket* const bucket = Compute(hash).bucket;
    PrefetchForRead(bucket);
    return bucket;
  }
  // The location that a search in this bucket would look at first, or 0. A guess for prefetching:
  // both may be stale. Any thread, no lock.
  static uint32_t GuessLocation(const Bucket* bucket, uint64_t hash);

  // Where a hash belongs, under some shape.
  struct Home {
    Bucket* bucket;
    Bucket* table;
    uint32_t table_index;
    uint32_t buckets;  // of the table
    uint32_t tag;
  };

  // The home of a hash with its lock held. Unlocks when it goes out of scope.
  class LockedHome {
   public:
    // Any thread. A caller that may write also holds the shard lock.
    LockedHome(const Index* index, uint64_t hash);
    // Under the shard lock, for a home that was computed under the same hold of it.
    explicit LockedHome(const Home& home) : home_(home) { home_.bucket->Lock(); }
    ~LockedHome() { changed_ ? home_.bucket->UnlockChanged() : home_.bucket->Unlock(); }
    LockedHome(const LockedHome&) = delete;
    LockedHome& operator=(const LockedHome&) = delete;

    const Home& operator*() const { return home_; }
    const Home* operator->() const { return &home_; }
    // To be called by who changes a slot's location or the item behind it.
    void MarkChanged() { changed_ = true; }

   private:
    Home home_;
    bool changed_ = false;
  };

  // A home that is read without its lock. Any thread.
  class Glimpse {
   public:
    // Acquire: what is read from here on is at least as new as the lock word.
    RAT_ALWAYS_INLINE Glimpse(const Index* index, uint64_t hash)
        : index_(index),
          shape_(index->shape_.load(std::memory_order_acquire)),
          home_(index->ComputeIn(Shape{shape_}, hash)),
          lock_(home_.bucket->lock.load(std::memory_order_acquire)) {}
    Glimpse(const Glimpse&) = delete;
    Glimpse& operator=(const Glimpse&) = delete;

    const Home& operator*() const { return home_; }
    // Somebody was at work there from the start: reading is pointless.
    bool locked() const { return (lock_ & 1) != 0; }
    // Whether all that was read since was in one piece. The reads must have been atomic.
    RAT_ALWAYS_INLINE bool Consistent() const {
      // Acquire fence: whoever wrote what was read has raised the lock word before (Bucket::Lock(),
      // SegmentLog::Append()), and that is seen below.
      std::atomic_thread_fence(std::memory_order_acquire);
      return home_.bucket->lock.load(std::memory_order_relaxed) == lock_ &&
             index_->shape_.load(std::memory_order_relaxed) == shape_ &&
             index_->BucketsIn(home_.table_index).load(std::memory_order_relaxed) == home_.buckets;
    }

   private:
    const Index* const index_;
    const uint64_t shape_;
    const Home home_;
    const uint32_t lock_;
  };

  // A slot that was found, and where.
  struct Position {
    Bucket* bucket = nullptr;  // null: nothing found
    uint32_t slot_index = 0;
    uint32_t distance = 0;  // buckets from home
    Slot slot;              // as read

    explicit operator bool() const { return bucket != nullptr; }
    std::atomic<uint64_t>& word() const { return bucket->slots[slot_index]; }
  };

  // The first slot of this home and tag for which `matches(location)` is true. Under the lock of
  // the home, or under the shard lock (then the location and the item stay, only meta bits may
  // change), or within a glimpse. Empty slots are not told apart: `matches` must say no to location
  // 0.
  template <class Matches>
  Position Find(const Home& home, Matches&& matches) const;

  // The calls below need the shard lock.

  // The home of a hash; stays right until the next call that may change the shape.
  Home Compute(uint64_t hash) const;
  // Makes sure that a slot can be added at this hash; false if the system gives no memory for it.
  // May change the shape. Call before Insert().
  bool PrepareInsert(uint64_t hash, const HashAt& hash_at, const PrefetchAt& prefetch_at);
  // Adds a slot; takes and releases nothing: the caller holds the lock of the home.
  void Insert(const LockedHome& home, Slot slot);
  // Removes the slot at `position`, found under the same lock. Another slot of this home may move.
  void Erase(const LockedHome& home, const Position& position);
  // Gives memory back if the index has become too large for its items. Not under a bucket lock.
  void ShrinkIfSparse(uint64_t hash);

  uint64_t items() const { return items_; }
  // What one table holds.
  std::vector<Slot> SlotsOf(uint32_t table) const {
    std::vector<Slot> slots;
    CollectSlots(table, &slots);
    return slots;
  }
  // Memory in use, whole pages.
  size_t bytes() const { return pages_ * kPageBytes + bookkeeping_bytes(); }
  uint32_t tables() const { return static_cast<uint32_t>(Shape{shape_.load()}.tables()); }
  // One slot out of all, chosen by `random` (64 random bits); empty slots are returned too.
  Slot Sample(uint64_t random) const;

 private:
  static constexpr size_t kPageBytes = sizeof(Bucket) * kBucketsPerPage;

  // Number of tables and the mask for the next power of two, in one word so that readers see both.
  struct Shape {
    uint64_t word;
    static Shape For(uint32_t tables) {
      return {uint64_t{std::bit_ceil(tables) - 1} << 32 | tables};
    }
    uint32_t tables() const { return static_cast<uint32_t>(word); }
    uint32_t mask() const { return static_cast<uint32_t>(word >> 32); }
    uint32_t TableOf(uint64_t hash) const {
      const uint32_t bits = static_cast<uint32_t>(hash >> Slot::kTagBits);
      const uint32_t table = bits & mask();
      return table < tables() ? table : table & (mask() >> 1);
    }
  };

  Index(platform::Reservation memory, platform::Reservation tables, uint32_t tables_max);

  Bucket* Table(uint32_t table) const {
    return reinterpret_cast<Bucket*>(memory_.data()) + size_t{table} * kMaxBucketsPerTable;
  }
  Home ComputeIn(Shape shape, uint64_t hash) const;
  static uint32_t BucketOf(uint32_t tag, uint32_t buckets) {
    return static_cast<uint32_t>(uint64_t{tag} * buckets >> Slot::kTagBits);
  }
  static uint32_t BucketsFor(uint32_t items);
  static uint32_t ReachOf(const Home& home) {
    const uint8_t reach = home.bucket->reach.load(std::memory_order_relaxed);
    return reach < Bucket::kMany ? reach : home.buckets - 1;
  }

  // A slot in `bucket` whose home is the bucket number `home`; null if there is none.
  static std::atomic<uint64_t>* SlotOfHome(Bucket* bucket, uint32_t home, uint32_t buckets);
  // Puts a slot into the table; the locks of all its possible buckets, or of its home, are held.
  static void Place(Bucket* table, uint32_t buckets, Slot slot);
  void CollectSlots(uint32_t table, std::vector<Slot>* out) const;
  // Lays a table out for `buckets` buckets with exactly `slots` in it. Locks of all buckets held.
  void LayOut(uint32_t table, uint32_t buckets, const std::vector<Slot>& slots);
  void LockAll(uint32_t table, uint32_t buckets);
  // The same for buckets that have just been committed.
  void LockFresh(uint32_t table, uint32_t from_bucket, uint32_t to_bucket);
  void UnlockAll(uint32_t table, uint32_t buckets);
  void Resize(uint32_t table, uint32_t buckets);
  void Split(const HashAt& hash_at, const PrefetchAt& prefetch_at);
  void Merge();
  void ReleasePages(uint32_t table, uint32_t from_bucket, uint32_t to_bucket);

  // Of a table. Relaxed: changed under the locks of all buckets of the table, checked under one.
  std::atomic<uint16_t>& BucketsIn(uint32_t table) const { return table_buckets_[table]; }
  // Whether there is memory now for the figures of this table.
  bool CommitTable(uint32_t table);
  size_t bookkeeping_bytes() const;

  platform::Reservation memory_;
  platform::Reservation tables_;
  const uint32_t tables_max_;
  // Both in tables_, and apart: readers share the first, the second changes with every insert.
  std::atomic<uint16_t>* const table_buckets_;
  uint16_t* const table_items_;  // guarded by the shard lock
  // Release after the new tables are laid out; readers load with acquire.
  std::atomic<uint64_t> shape_;

  // Guarded by the shard lock, and apart from what every read looks at.
  alignas(kCacheLine) uint64_t items_ = 0;
  size_t pages_ = 0;
  uint32_t released_version_ = 0;  // no lock word in released memory was higher; wraps
  std::vector<Slot> scratch_;
  std::vector<Slot> scratch_moved_;
};

template <class Matches>
RAT_ALWAYS_INLINE Index::Position Index::Find(const Home& home, Matches&& matches) const {
  Bucket* bucket = home.bucket;
  uint32_t distance = 0;
  for (;;) {
    for (uint32_t i = 0; i < Bucket::kSlots; ++i) {
      const Slot slot(bucket->slots[i].load(std::memory_order_relaxed));
      if (slot.HasTag(home.tag) && matches(slot.location())) {
        return {bucket, i, distance, slot};
      }
    }
    // Not `==`: without the lock, the reach may have shrunk since the last round.
    if (distance >= ReachOf(home)) return {};
    ++distance;
    if (++bucket == home.table + home.buckets) bucket = home.table;
  }
}

RAT_ALWAYS_INLINE Index::Home Index::ComputeIn(Shape shape, uint64_t hash) const {
  const uint32_t table_index = shape.TableOf(hash);
  const uint32_t buckets = BucketsIn(table_index).load(std::memory_order_relaxed);
  const uint32_t tag = static_cast<uint32_t>(hash & Slot::kTagMask);
  Bucket* const table = Table(table_index);
  return {table + BucketOf(tag, buckets), table, table_index, buckets, tag};
}

inline Index::Home Index::Compute(uint64_t hash) const {
  return ComputeIn(Shape{shape_.load(std::memory_order_acquire)}, hash);
}

inline Index::LockedHome::LockedHome(const Index* index, uint64_t hash) {
  for (;;) {
    const Shape shape{index->shape_.load(std::memory_order_acquire)};
    home_ = index->ComputeIn(shape, hash);
    const uint32_t locked = home_.bucket->Lock();
    if (index->shape_.load(std::memory_order_relaxed) == shape.word &&
        index->BucketsIn(home_.table_index).load(std::memory_order_relaxed) == home_.buckets)
        [[likely]] {
      // The shape may have changed, the bucket been released, and both come back since. Then the
      // word is another, as versions never begin anew; and if it is ours still, the lock was held
      // all the time, and under it the shape of this table cannot change. Acquire fence: in this
      // order.
      std::atomic_thread_fence(std::memory_order_acquire);
      if (home_.bucket->lock.load(std::memory_order_relaxed) == locked) [[likely]] {
        return;
      }
    }
    home_.bucket->UnlockStray(locked);
  }
}

inline uint32_t Index::GuessLocation(const Bucket* bucket, uint64_t hash) {
  for (const std::atomic<uint64_t>& word : bucket->slots) {
    const Slot slot(word.load(std::memory_order_relaxed));
    if (slot.HasTag(static_cast<uint32_t>(hash & Slot::kTagMask))) return slot.location();
  }
  return 0;
}

}  // namespace rat_memcache::store
