// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/store.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "platform/memory.h"

namespace rat_memcache::store {
namespace {

constexpr size_t kMiB = size_t{1} << 20;
constexpr size_t kMemoryLimitMin = kMiB;
// A shard smaller than this does not pay for its open segments.
constexpr size_t kShardBytesMin = 16 * kMiB;
// What a location in a slot can address.
constexpr size_t kShardBytesMax = kRecordAlignment << Slot::kLocationBits;
constexpr size_t kShardsPerThread = 4;
// A shard must hold some of the largest items, or chance decides how many fit.
constexpr size_t kLargestItemsPerShard = 8;

constexpr size_t kSegmentsPerShard = 256;
constexpr size_t kSegmentBytesMin = 16 << 10;
constexpr size_t kSegmentBytesMax = kMiB;

size_t ChooseShards(const StoreOptions& options) {
  if (options.shards != 0) return options.shards;
  const size_t by_size = options.memory_limit /
                         std::max(kShardBytesMin, kLargestItemsPerShard * options.item_size_max);
  const size_t wanted = std::min(by_size, kShardsPerThread * options.threads);
  const size_t needed = (options.memory_limit + kShardBytesMax - 1) / kShardBytesMax;
  return std::max({std::bit_floor(wanted), std::bit_ceil(needed), size_t{1}});
}

size_t ChooseSegmentBytes(const StoreOptions& options, size_t shard_bytes) {
  if (options.segment_bytes != 0) return options.segment_bytes;
  return std::clamp(std::bit_floor(shard_bytes / kSegmentsPerShard),
                    std::max(kSegmentBytesMin, platform::PageSize()), kSegmentBytesMax);
}

template <class Figures>
void AddEach(Figures* sum, const Figures& shard) {
  for (size_t i = 0; i < sum->size(); ++i) {
    (*sum)[i] += shard[i];
  }
}

void Add(ShardStats* sum, const ShardStats& shard) {
  sum->items += shard.items;
  sum->item_bytes += shard.item_bytes;
  sum->timed_items += shard.timed_items;
  sum->items_stored += shard.items_stored;
  sum->evictions += shard.evictions;
  sum->evicted_unfetched += shard.evicted_unfetched;
  sum->evicted_active += shard.evicted_active;
  sum->evicted_under_pressure += shard.evicted_under_pressure;
  AddEach(&sum->evicted_from_pool, shard.evicted_from_pool);
  AddEach(&sum->evicted_at_age, shard.evicted_at_age);
  sum->last_eviction_age = std::max(sum->last_eviction_age, shard.last_eviction_age);
  sum->deleted += shard.deleted;
  sum->flushed += shard.flushed;
  sum->ttl_clamped += shard.ttl_clamped;
  sum->ghost_hits += shard.ghost_hits;
  sum->expired_unfetched += shard.expired_unfetched;
  sum->reclaimed += shard.reclaimed;
  sum->crawler_reclaimed += shard.crawler_reclaimed;
  sum->reused += shard.reused;
  sum->crawler_checked += shard.crawler_checked;
  sum->expired += shard.expired;
  sum->segments_cleaned_inline += shard.segments_cleaned_inline;
  sum->segments_rotated += shard.segments_rotated;
  sum->items_kept += shard.items_kept;
  sum->items_promoted += shard.items_promoted;
  sum->no_memory += shard.no_memory;
  sum->maintenance_runs += shard.maintenance_runs;
  AddEach(&sum->pool_bytes, shard.pool_bytes);
  sum->resident_bytes += shard.resident_bytes;
  sum->free_bytes += shard.free_bytes;
  sum->index_bytes += shard.index_bytes;
  sum->live_bytes += shard.live_bytes;
  sum->dead_bytes += shard.dead_bytes;
  sum->policy_bytes += shard.policy_bytes;
  sum->bookkeeping_bytes += shard.bookkeeping_bytes;
}

}  // namespace

Result<std::unique_ptr<Store>> Store::Open(const StoreOptions& options, const CoarseClock* clock) {
  if (options.memory_limit < kMemoryLimitMin) {
    return Error{"the memory limit is " + std::to_string(options.memory_limit) +
                     " bytes; it must be at least 1 MiB (-m 1)",
                 kExitUsage};
  }
  if (options.item_size_max > options.memory_limit / 2) {
    return Error{"the item size limit (-I) is more than half of the memory limit (-m)", kExitUsage};
  }
  std::unique_ptr<Store> store(new Store);
  const size_t shards = ChooseShards(options);
  const size_t shard_bytes = options.memory_limit / shards;
  StoreShared& shared = store->shared_;
  shared.clock = clock;
  shared.seed = options.seed != 0 ? options.seed : RandomSeed();
  shared.cas_enabled = options.cas_enabled;
  shared.classes = SizeClasses(options.size_classes);
  shared.page_per_size_class = options.page_per_size_class;
  shared.item_size_max = options.item_size_max;
  shared.shards = static_cast<uint32_t>(shards);
  shared.memory_limit = options.memory_limit;
  store->sample_ = std::make_unique<KeySample>(options.eviction, options.memory_limit);
  shared.sample = store->sample_.get();
  store->segment_bytes_ = ChooseSegmentBytes(options, shard_bytes);
  const size_t wanted = options.memory_max != 0 ? options.memory_max : platform::UsableMemory();
  store->memory_max_ = std::max(
      options.memory_limit,
      std::min(
          std::max(wanted, options.page_per_size_class
                               ? SizeClasses::MemoryFor(static_cast<size_t>(shared.classes.last()))
                               : size_t{0}),
          shards * kShardBytesMax));
  Status made = store->MakeShards(shards, options.eviction);
  if (!made.ok() && store->memory_max_ > options.memory_limit) {
    // Address space may be rationed (ulimit -v): then the limit cannot be raised later.
    store->memory_max_ = options.memory_limit;
    made = store->MakeShards(shards, options.eviction);
  }
  if (!made.ok()) return made.error();
  return store;
}

void StoreShared::GrantPage(uint64_t size_class_bit) {
  const uint64_t before = size_classes.fetch_or(size_class_bit, std::memory_order_relaxed);
  const auto in_use = static_cast<size_t>(std::popcount(before | size_class_bit));
  const size_t granted = SizeClasses::MemoryFor(in_use);
  // Never lowered by somebody who saw fewer classes and is late.
  size_t seen = memory_granted.load(std::memory_order_relaxed);
  while (seen < granted &&
         !memory_granted.compare_exchange_weak(seen, granted, std::memory_order_relaxed)) {
  }
  sample->SetMemoryLimit(MemoryLimit());
}

Status Store::MakeShards(size_t shards, EvictionStrategy eviction) {
  shards_.clear();
  for (size_t i = 0; i < shards; ++i) {
    auto shard = Shard::Make(&shared_, {.memory_max = memory_max_ / shards,
                                        .segment_bytes = segment_bytes_,
                                        .eviction = eviction});
    if (!shard.ok()) return shard.error();
    shards_.push_back(std::move(shard).value());
  }
  return Done{};
}

bool Store::SetMemoryLimit(size_t bytes) {
  const size_t min =
      std::max(kMemoryLimitMin, shards_.size() * Shard::kSegmentsMin * segment_bytes_);
  if (bytes < min || bytes > memory_max_) return false;
  MutexLock lock(&settings_mutex_);
  shared_.memory_limit.store(bytes, std::memory_order_relaxed);
  sample_->SetMemoryLimit(shared_.MemoryLimit());
  return true;
}

void Store::SetEviction(EvictionStrategy strategy) {
  MutexLock lock(&settings_mutex_);
  sample_->SetStrategy(strategy);
  for (const auto& shard : shards_) {
    shard->SetEviction(strategy);
  }
}

void Store::Flush() {
  shared_.flushed_at.store(shared_.clock->Now(), std::memory_order_relaxed);
  // Release: who sees the new epoch sees everything stored before it, and nothing of it counts.
  shared_.epoch.fetch_add(1, std::memory_order_acq_rel);
  for (const auto& shard : shards_) {
    shard->AdoptFlush();
  }
  sample_->OnFlush();
}

std::chrono::nanoseconds Store::Maintain(const MaintenanceBudget& budget) {
  using Clock = std::chrono::steady_clock;
  // Each time another shard is first, so that none is always the one with the least time; and each
  // has its share, so that none waits for what another needs.
  maintained_first_ = (maintained_first_ + 1) % shards_.size();
  const auto for_each_shard_within = [&](std::chrono::nanoseconds time, auto&& work) {
    const Clock::time_point start = Clock::now();
    if (time > time.zero()) {
      for (size_t i = 0; i < shards_.size(); ++i) {
        const Clock::time_point now = Clock::now();
        const auto share = (start + time - now) / static_cast<int64_t>(shards_.size() - i);
        work(*shards_[(maintained_first_ + i) % shards_.size()], now + share);
      }
    }
    return Clock::now() - start;
  };
  const auto took = for_each_shard_within(
      budget.sweep_time,
      [&](Shard& shard, Clock::time_point deadline) { shard.Sweep(budget, deadline); });
  for_each_shard_within(budget.excess_time,
                        [](Shard& shard, Clock::time_point deadline) { shard.GiveBack(deadline); });
  return took;
}

ClassTable Store::StatsByClass() {
  ClassTable sum{};
  for (const auto& shard : shards_) {
    shard->AddClassStats(&sum);
  }
  return sum;
}

void Store::ResetStats() {
  for (const auto& shard : shards_) {
    shard->ResetStats();
  }
}

StoreStats Store::Stats() {
  StoreStats stats;
  for (const auto& shard : shards_) {
    Add(&stats.total, shard->Stats());
  }
  stats.memory_granted = shared_.MemoryLimit();
  stats.memory_limit = shared_.memory_limit.load(std::memory_order_relaxed);
  stats.external_bytes = shared_.external_bytes.load(std::memory_order_relaxed);
  stats.shards = shared_.shards;
  stats.segment_bytes = segment_bytes_;
  stats.sample_bytes = sample_->bytes();
  stats.eviction = sample_->strategy();
  stats.eviction_at_work = sample_->active();
  stats.eviction_switches = sample_->switches();
  stats.miss_curve = sample_->MissCurve();
  return stats;
}

}  // namespace rat_memcache::store
