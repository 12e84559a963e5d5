// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/index.h"

#include <algorithm>
#include <utility>

namespace rat_memcache::store {
namespace {

// A table gets another page of buckets when it is fuller than this. At 92 % an item lies 0.3
// buckets from its home on average; at 96 % searches become long.
constexpr uint32_t FullAt(uint32_t buckets) { return buckets * Bucket::kSlots * 92 / 100; }
// Beyond this it takes no more items, should growing have failed.
constexpr uint32_t RefusesAt(uint32_t buckets) { return buckets * Bucket::kSlots * 95 / 100; }
// It loses a page when what remains would be less full than this after losing it.
constexpr uint32_t SparseAt(uint32_t buckets) { return FullAt(buckets) * 85 / 100; }

// One 16-bit figure per table, whole pages.
size_t FigureBytes(uint32_t tables) {
  const size_t page = platform::PageSize();
  return (tables * sizeof(uint16_t) + page - 1) / page * page;
}

}  // namespace

Result<std::unique_ptr<Index>> Index::Make(uint64_t items_max) {
  // Half as much again, so that chance alone never makes the last table the only one left to grow.
  const uint64_t tables = items_max / kItemsPerTable * 3 / 2 + 2;
  if (tables > (uint64_t{1} << 31)) {
    return Error{"the memory limit is too large for one shard"};
  }
  auto memory = platform::Reservation::Make(tables * kMaxBucketsPerTable * sizeof(Bucket));
  if (!memory.ok()) return memory.error();
  auto figures = platform::Reservation::Make(2 * FigureBytes(static_cast<uint32_t>(tables)));
  if (!figures.ok()) return figures.error();
  std::unique_ptr<Index> index(new Index(std::move(memory).value(), std::move(figures).value(),
                                         static_cast<uint32_t>(tables)));
  if (!index->memory_.Commit(0, kPageBytes) || !index->CommitTable(0)) {
    return Error{"no memory for an index", kExitOs};
  }
  index->BucketsIn(0).store(kBucketsPerPage, std::memory_order_relaxed);
  return index;
}

Index::Index(platform::Reservation memory, platform::Reservation tables, uint32_t tables_max)
    : memory_(std::move(memory)),
      tables_(std::move(tables)),
      tables_max_(tables_max),
      table_buckets_(reinterpret_cast<std::atomic<uint16_t>*>(tables_.data())),
      table_items_(reinterpret_cast<uint16_t*>(tables_.data() + FigureBytes(tables_max))),
      shape_(Shape::For(1).word),
      pages_(1) {}

bool Index::CommitTable(uint32_t table) {
  // Tables share pages; asking again for one that is there does no harm.
  const size_t page = platform::PageSize();
  const size_t at = table * sizeof(uint16_t) / page * page;
  return tables_.Commit(at, page) && tables_.Commit(FigureBytes(tables_max_) + at, page);
}

size_t Index::bookkeeping_bytes() const { return 2 * FigureBytes(tables()); }

void Index::Place(Bucket* table, uint32_t buckets, Slot slot) {
  const uint32_t home = BucketOf(slot.tag(), buckets);
  uint32_t at = home;
  for (uint32_t distance = 0; distance < buckets; ++distance) {
    for (std::atomic<uint64_t>& word : table[at].slots) {
      if (word.load(std::memory_order_relaxed) != 0) continue;
      word.store(slot.word(), std::memory_order_relaxed);
      if (distance > 0) {
        Bucket& owner = table[home];
        const uint8_t displaced = owner.displaced.load(std::memory_order_relaxed);
        if (displaced < Bucket::kMany) {
          owner.displaced.store(displaced + 1, std::memory_order_relaxed);
        }
        const auto reach = static_cast<uint8_t>(std::min<uint32_t>(distance, Bucket::kMany));
        if (owner.reach.load(std::memory_order_relaxed) < reach) {
          owner.reach.store(reach, std::memory_order_relaxed);
        }
      }
      return;
    }
    if (++at == buckets) at = 0;
  }
  RAT_CHECK(false, "no empty slot in an index table");
}

void Index::Insert(const LockedHome& home, Slot slot) {
  RAT_DCHECK(slot.tag() == home->tag, "slot and home belong to different keys");
  Place(home->table, home->buckets, slot);
  ++table_items_[home->table_index];
  ++items_;
}

void Index::Erase(const LockedHome& home, const Position& position) {
  position.word().store(0, std::memory_order_relaxed);
  --table_items_[home->table_index];
  --items_;
  Bucket* const owner = home->bucket;
  uint8_t displaced = owner->displaced.load(std::memory_order_relaxed);
  if (displaced == 0 || displaced == Bucket::kMany) return;
  if (position.distance > 0) --displaced;

  // The item of this home that lies farthest away takes the empty place, if that is nearer: without
  // this, distances only ever grow while items come and go.
  std::atomic<uint64_t>* hole = &position.word();
  uint32_t distance = displaced == 0 ? 0 : ReachOf(*home);
  for (; distance > 0; --distance) {
    const auto home_bucket = static_cast<uint32_t>(owner - home->table);
    Bucket& bucket = home->table[(home_bucket + distance) % home->buckets];
    std::atomic<uint64_t>* const farthest = SlotOfHome(&bucket, home_bucket, home->buckets);
    if (farthest == nullptr) continue;
    if (hole == nullptr || distance <= position.distance) break;
    hole->store(farthest->load(std::memory_order_relaxed), std::memory_order_relaxed);
    farthest->store(0, std::memory_order_relaxed);
    hole = nullptr;
    if (position.distance == 0) --displaced;
    if (SlotOfHome(&bucket, home_bucket, home->buckets) != nullptr) break;
  }
  owner->displaced.store(displaced, std::memory_order_relaxed);
  owner->reach.store(static_cast<uint8_t>(std::min<uint32_t>(distance, Bucket::kMany)),
                     std::memory_order_relaxed);
}

std::atomic<uint64_t>* Index::SlotOfHome(Bucket* bucket, uint32_t home, uint32_t buckets) {
  for (std::atomic<uint64_t>& word : bucket->slots) {
    const Slot slot(word.load(std::memory_order_relaxed));
    if (!slot.empty() && BucketOf(slot.tag(), buckets) == home) return &word;
  }
  return nullptr;
}

uint32_t Index::BucketsFor(uint32_t items) {
  uint32_t buckets = kBucketsPerPage;
  while (buckets < kMaxBucketsPerTable && items > FullAt(buckets)) {
    buckets += kBucketsPerPage;
  }
  return buckets;
}

bool Index::PrepareInsert(uint64_t hash, const HashAt& hash_at, const PrefetchAt& prefetch_at) {
  const uint32_t tables = Shape{shape_.load(std::memory_order_relaxed)}.tables();
  if (items_ >= uint64_t{tables} * kItemsPerTable && tables < tables_max_) {
    Split(hash_at, prefetch_at);
  }
  const Home home = Compute(hash);
  if (table_items_[home.table_index] >= FullAt(home.buckets) &&
      home.buckets < kMaxBucketsPerTable) {
    Resize(home.table_index, home.buckets + kBucketsPerPage);
  }
  return table_items_[home.table_index] < RefusesAt(Compute(hash).buckets);
}

void Index::ShrinkIfSparse(uint64_t hash) {
  const uint32_t tables = Shape{shape_.load(std::memory_order_relaxed)}.tables();
  if (tables > 1 && items_ < uint64_t{tables - 1} * kItemsPerTable * 7 / 10) Merge();
  const Home home = Compute(hash);
  if (home.buckets > kBucketsPerPage &&
      table_items_[home.table_index] < SparseAt(home.buckets - kBucketsPerPage)) {
    Resize(home.table_index, home.buckets - kBucketsPerPage);
  }
}

void Index::CollectSlots(uint32_t table, std::vector<Slot>* out) const {
  const Bucket* const first = Table(table);
  const uint32_t buckets = BucketsIn(table).load(std::memory_order_relaxed);
  for (const Bucket* bucket = first; bucket != first + buckets; ++bucket) {
    for (const std::atomic<uint64_t>& word : bucket->slots) {
      const Slot slot(word.load(std::memory_order_relaxed));
      if (!slot.empty()) out->push_back(slot);
    }
  }
}

void Index::LayOut(uint32_t table, uint32_t buckets, const std::vector<Slot>& slots) {
  Bucket* const first = Table(table);
  for (Bucket* bucket = first; bucket != first + buckets; ++bucket) {
    bucket->displaced.store(0, std::memory_order_relaxed);
    bucket->reach.store(0, std::memory_order_relaxed);
    for (std::atomic<uint64_t>& word : bucket->slots) {
      word.store(0, std::memory_order_relaxed);
    }
  }
  for (const Slot slot : slots) {
    Place(first, buckets, slot);
  }
  BucketsIn(table).store(static_cast<uint16_t>(buckets), std::memory_order_relaxed);
  table_items_[table] = static_cast<uint16_t>(slots.size());
}

void Index::LockAll(uint32_t table, uint32_t buckets) {
  for (uint32_t i = 0; i < buckets; ++i) {
    Table(table)[i].Lock();
  }
}

// Memory that was released reads as zero, and versions must not begin anew: a reader that has slept
// through it all would take the new bucket for the one it had begun to read.
void Index::LockFresh(uint32_t table, uint32_t from_bucket, uint32_t to_bucket) {
  for (uint32_t i = from_bucket; i < to_bucket; ++i) {
    // Locked first, like any other: somebody may have found its address before it was released.
    // Who did so and still holds the lock he had then cannot harm this one (Bucket::UnlockStray).
    Bucket& bucket = Table(table)[i];
    bucket.Lock();
    bucket.lock.store((released_version_ + 2) | 1, std::memory_order_relaxed);
  }
}

void Index::UnlockAll(uint32_t table, uint32_t buckets) {
  for (uint32_t i = 0; i < buckets; ++i) {
    Table(table)[i].UnlockChanged();
  }
}

void Index::Resize(uint32_t table, uint32_t buckets) {
  const uint32_t before = BucketsIn(table).load(std::memory_order_relaxed);
  const uint32_t larger = std::max(before, buckets);
  if (buckets > before) {
    const size_t offset = (size_t{table} * kMaxBucketsPerTable + before) * sizeof(Bucket);
    if (!memory_.Commit(offset, (buckets - before) * sizeof(Bucket))) return;
    pages_ += (buckets - before) / kBucketsPerPage;
  }
  LockAll(table, before);
  LockFresh(table, before, larger);
  scratch_.clear();
  CollectSlots(table, &scratch_);
  LayOut(table, buckets, scratch_);
  UnlockAll(table, larger);
  if (buckets < before) ReleasePages(table, buckets, before);
}

// Adds one table: its items come from the table that differs from it in the highest bit only.
void Index::Split(const HashAt& hash_at, const PrefetchAt& prefetch_at) {
  const uint32_t fresh = Shape{shape_.load(std::memory_order_relaxed)}.tables();
  const uint32_t source = fresh - std::bit_floor(fresh);
  const uint64_t bit = uint64_t{std::bit_floor(fresh)} << Slot::kTagBits;

  // Which slots go is found out before the buckets are locked: reading thousands of keys takes long
  // enough that readers should not wait for it. Slots cannot move meanwhile (shard lock).
  scratch_.clear();
  CollectSlots(source, &scratch_);
  std::vector<uint32_t> moving;
  constexpr size_t kAhead = 16;
  for (size_t i = 0; i < std::min(kAhead, scratch_.size()); ++i) {
    prefetch_at(scratch_[i].location());
  }
  for (size_t i = 0; i < scratch_.size(); ++i) {
    if (i + kAhead < scratch_.size()) prefetch_at(scratch_[i + kAhead].location());
    const uint32_t location = scratch_[i].location();
    if ((hash_at(location) & bit) != 0) moving.push_back(location);
  }
  std::sort(moving.begin(), moving.end());

  const uint32_t fresh_buckets = BucketsFor(static_cast<uint32_t>(moving.size()));
  const size_t offset = size_t{fresh} * kMaxBucketsPerTable * sizeof(Bucket);
  if (!CommitTable(fresh) || !memory_.Commit(offset, fresh_buckets * sizeof(Bucket))) return;
  pages_ += fresh_buckets / kBucketsPerPage;

  const uint32_t before = BucketsIn(source).load(std::memory_order_relaxed);
  LockAll(source, before);
  // Collected again, since hits have changed meta bits.
  std::vector<Slot>& stay = scratch_;
  std::vector<Slot>& go = scratch_moved_;
  stay.clear();
  go.clear();
  CollectSlots(source, &stay);
  std::erase_if(stay, [&](Slot slot) {
    const bool moves = std::binary_search(moving.begin(), moving.end(), slot.location());
    if (moves) go.push_back(slot);
    return moves;
  });
  const uint32_t after = std::min(before, BucketsFor(static_cast<uint32_t>(stay.size())));
  // The new table is locked too: a reader may still hold an address in it from before a Merge().
  LockFresh(fresh, 0, fresh_buckets);
  LayOut(fresh, fresh_buckets, go);
  LayOut(source, after, stay);
  shape_.store(Shape::For(fresh + 1).word, std::memory_order_release);
  UnlockAll(fresh, fresh_buckets);
  UnlockAll(source, before);
  if (after < before) ReleasePages(source, after, before);
}

// Takes the last table away again: the reverse of Split(), and no key has to be read.
void Index::Merge() {
  const uint32_t last = Shape{shape_.load(std::memory_order_relaxed)}.tables() - 1;
  const uint32_t target = last - std::bit_floor(last);
  const uint32_t items = uint32_t{table_items_[last]} + table_items_[target];
  const uint32_t before = BucketsIn(target).load(std::memory_order_relaxed);
  const uint32_t last_buckets = BucketsIn(last).load(std::memory_order_relaxed);
  const uint32_t after = std::max(before, BucketsFor(items));
  if (items > FullAt(after)) return;
  if (after > before) {
    const size_t offset = (size_t{target} * kMaxBucketsPerTable + before) * sizeof(Bucket);
    if (!memory_.Commit(offset, (after - before) * sizeof(Bucket))) return;
    pages_ += (after - before) / kBucketsPerPage;
  }
  LockAll(target, before);
  LockFresh(target, before, after);
  LockAll(last, last_buckets);
  scratch_.clear();
  CollectSlots(target, &scratch_);
  CollectSlots(last, &scratch_);
  LayOut(target, after, scratch_);
  table_items_[last] = 0;
  shape_.store(Shape::For(last).word, std::memory_order_release);
  UnlockAll(target, after);
  UnlockAll(last, last_buckets);
  ReleasePages(last, 0, last_buckets);
}

void Index::ReleasePages(uint32_t table, uint32_t from_bucket, uint32_t to_bucket) {
  for (uint32_t i = from_bucket; i < to_bucket; ++i) {
    const uint32_t version = Table(table)[i].lock.load(std::memory_order_relaxed);
    // By their difference, since versions wrap.
    if (static_cast<int32_t>(version - released_version_) > 0) released_version_ = version;
  }
  const size_t offset = (size_t{table} * kMaxBucketsPerTable + from_bucket) * sizeof(Bucket);
  memory_.Release(offset, (to_bucket - from_bucket) * sizeof(Bucket));
  pages_ -= (to_bucket - from_bucket) / kBucketsPerPage;
}

Slot Index::Sample(uint64_t random) const {
  const Home home = Compute(random);
  return Slot(home.bucket->slots[(random >> 58) % Bucket::kSlots].load(std::memory_order_relaxed));
}

}  // namespace rat_memcache::store
