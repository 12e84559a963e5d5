// What a sample of the keys says about the cache: how many misses it would have with more or less
// memory, and which eviction strategy would miss least.
//
// Keys are sampled by their hash, as many as a few thousand nodes can follow. All that happens to a
// sampled key is told to some shadow caches (shadow_cache.h): one of the present strategy at half,
// once and twice the memory; and, for the adaptive strategy, LRU, LFU and S3-FIFO at once the
// memory.
//
// Hits that change nothing in a slot (slot.h) are not told: a hot item is followed about 15 times,
// and then once per tick, and would be a hit in every shadow anyway. So a hot hit writes nothing
// here either.
//
// Choosing a strategy: sixteen times in each turnover of memory, a rival takes over if it would
// have missed 1.5 % less than the present one, and if that is more than chance: by 1.5 standard
// deviations of a fair coin thrown for each request that the two answered differently (McNemar's
// test). Counts fade by half in a quarter of a turnover.
//
// Threads: any. A call that finds somebody else at work gives up: a sample may miss a request, but
// nobody waits.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/cache_line.h"
#include "base/mutex.h"
#include "config/eviction_strategy.h"
#include "store/shadow_cache.h"

namespace rat_memcache::store {

class KeySample {
 public:
  // `memory_limit` as the store's.
  KeySample(config::EvictionStrategy strategy, size_t memory_limit);

  // Whether the key is in the sample; if not, the calls below need not be made.
  bool Wants(uint64_t hash) const {
    return IdOf(hash) < threshold_.load(std::memory_order_relaxed);
  }
  // `bytes`: of its record.
  void OnHit(uint64_t hash, size_t bytes);
  void OnMiss(uint64_t hash);
  void OnStore(uint64_t hash, size_t bytes);
  // Deleted, expired; not evicted.
  void OnRemove(uint64_t hash);
  void OnFlush();

  void SetMemoryLimit(size_t bytes);
  void SetStrategy(config::EvictionStrategy strategy);
  config::EvictionStrategy strategy();
  // The strategy itself, or the one that adaptive has chosen.
  config::EvictionStrategy active() const { return active_.load(std::memory_order_relaxed); }
  const std::atomic<config::EvictionStrategy>* active_source() const { return &active_; }

  // Misses at other memory sizes, relative to those at the present one; nothing while there are too
  // few to tell.
  struct Curve {
    double half = 1;
    double twice = 1;
  };
  std::optional<Curve> MissCurve();
  uint64_t switches() const { return switches_.load(std::memory_order_relaxed); }
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::array kRivals = {config::EvictionStrategy::kS3Fifo,
                                         config::EvictionStrategy::kLru,
                                         config::EvictionStrategy::kLfu};
  enum Size : size_t { kHalf, kTwice, kSizes };

  struct Model {
    std::optional<ShadowCache> cache;
    double misses = 0;  // all three fade
    // Requests that this one answered with a hit and the active one with a miss, and the reverse.
    double gains = 0;
    double losses = 0;
  };

  static uint32_t IdOf(uint64_t hash) {
    return static_cast<uint32_t>(hash * 0xd6e8feb86659fd93u >> 32);
  }
  void Ask(uint64_t hash, uint32_t bytes_if_hit);
  void Rebuild() RAT_REQUIRES(mutex_);
  void RebuildCurve() RAT_REQUIRES(mutex_);
  void SetCapacities() RAT_REQUIRES(mutex_);
  // Every model that there is.
  template <class Visit>
  void ForEach(Visit&& visit) RAT_REQUIRES(mutex_);
  Model& ActiveModel() RAT_REQUIRES(mutex_);
  void FitRate() RAT_REQUIRES(mutex_);
  void Check() RAT_REQUIRES(mutex_);

  // Ids below this are sampled. Relaxed: a request more or less does not matter.
  std::atomic<uint32_t> threshold_{0};
  // Relaxed: whoever is one behind judges one segment by the former strategy.
  std::atomic<config::EvictionStrategy> active_;
  std::atomic<uint64_t> switches_{0};
  std::atomic<size_t> bytes_{0};

  // Apart from what every miss and every store looks at.
  alignas(kCacheLine) Mutex mutex_;
  config::EvictionStrategy strategy_ RAT_GUARDED_BY(mutex_);
  size_t memory_limit_ RAT_GUARDED_BY(mutex_);
  size_t keys_ RAT_GUARDED_BY(mutex_) = 0;  // at once the memory
  // The first alone unless the strategy is adaptive.
  std::array<Model, kRivals.size()> rivals_ RAT_GUARDED_BY(mutex_);
  std::array<Model, kSizes> curve_ RAT_GUARDED_BY(mutex_);
  uint64_t stored_bytes_ RAT_GUARDED_BY(mutex_) = 0;  // in this turnover
};

}  // namespace rat_memcache::store
