// What is told of items that go: by memcached's size classes, and one by one to who listens.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>

#include "store/shard.h"

namespace rat_memcache::store {
namespace {

// Items that are looked at for the ages of a report.
constexpr int kAgeSample = 256;

}  // namespace

void Shard::CountInClass(uint64_t item_size, int pool, int sign) {
  ClassStats& in_class = ClassOf(item_size);
  const auto change = static_cast<uint64_t>(static_cast<int64_t>(sign));
  in_class.items[static_cast<size_t>(pool)] += change;
  in_class.item_bytes += change * item_size;
  if (sign > 0) in_class.items_max = std::max(in_class.items_max, in_class.items_in_all());
}

void Shard::CountStored(uint32_t location) {
  ++stats_.items_stored;
  ClassStats& in_class = ClassOf(ItemSizeAt(location));
  if (in_class.reusable == 0) [[likely]] {
    return;
  }
  --in_class.reusable;
  ++in_class.reused;
  ++stats_.reused;
}

void Shard::CountDropInClass(uint32_t location, const SlotMeta& meta, DropReason reason) {
  ClassStats& in_class = ClassOf(ItemSizeAt(location));
  switch (reason) {
    case DropReason::kEvicted: {
      const ItemRecord record = ItemAt(location);
      ++in_class.evicted;
      if (record.exptime() != 0) ++in_class.evicted_nonzero;
      if (!meta.fetched) ++in_class.evicted_unfetched;
      if (meta.freq > 1) ++in_class.evicted_active;
      in_class.evicted_age = (Now() - record.last_access()) & kLastAccessMask;
      return;
    }
    case DropReason::kReclaimed:
    case DropReason::kSwept:
    case DropReason::kExpired:
      if (!meta.fetched) ++in_class.expired_unfetched;
      if (reason == DropReason::kReclaimed) ++in_class.reclaimed;
      if (reason != DropReason::kReclaimed) ++in_class.reusable;
      if (reason == DropReason::kSwept) ++in_class.crawler_reclaimed;
      return;
    case DropReason::kFlushed:
      ++in_class.reusable;
      return;
    case DropReason::kDeleted:
      return;
  }
}

void Shard::TellOfEviction(const ItemRecord& record, const SlotMeta& meta) {
  const uint32_t now = Now();
  EvictedItem item{.key = record.key(),
                   .fetched = meta.fetched,
                   .idle_seconds = (now - record.last_access()) & kLastAccessMask,
                   .item_size = MemcachedItemSize(record.key_size(), record.client_flags(),
                                                  record.value_size(), shared_->cas_enabled),
                   .value_size = record.value_size()};
  const uint32_t exptime = record.exptime();
  if (exptime != 0) item.seconds_left = exptime > now ? exptime - now : 0;
  shared_->listener->OnEvicted(item);
}

void Shard::AddClassStats(ClassTable* sum) {
  MutexLock lock(&mutex_);
  AdoptEpoch();
  for (size_t i = 0; i < sum->size(); ++i) {
    ClassStats& to = (*sum)[i];
    const ClassStats& from = class_stats_[i];
    for (size_t pool = 0; pool < kPools; ++pool) {
      to.items[pool] += from.items[pool];
    }
    to.item_bytes += from.item_bytes;
    to.items_max += from.items_max;
    to.evicted += from.evicted;
    to.evicted_nonzero += from.evicted_nonzero;
    to.evicted_age = std::max(to.evicted_age, from.evicted_age);
    to.evicted_unfetched += from.evicted_unfetched;
    to.evicted_active += from.evicted_active;
    to.expired_unfetched += from.expired_unfetched;
    to.reclaimed += from.reclaimed;
    to.crawler_reclaimed += from.crawler_reclaimed;
    to.reused += from.reused;
    to.no_memory += from.no_memory;
  }
  const auto look_at = [&](Slot slot) RAT_REQUIRES(mutex_) {
    if (slot.empty() || Flushed(slot.location())) return;
    const uint32_t idle = (Now() - ItemAt(slot.location()).last_access()) & kLastAccessMask;
    const auto size_class = static_cast<size_t>(shared_->classes.Of(ItemSizeAt(slot.location())));
    uint32_t& age = (*sum)[size_class].age[static_cast<size_t>(slot.pool())];
    age = std::max(age, idle);
  };
  if (index_->tables() == 1) {
    for (const Slot slot : index_->SlotsOf(0)) {
      look_at(slot);
    }
    return;
  }
  for (int i = 0; i < kAgeSample; ++i) {
    look_at(SampleSlot());
  }
}

}  // namespace rat_memcache::store
