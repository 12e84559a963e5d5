// The memory tier: items in memory, as many as a limit allows, in shards that share nothing but a
// clock and a few numbers.
//
//   Store store = ...;                                   // 64 MiB, default policy
//   store.Put({.key = store.MakeKey("user:1"), .value = "Ada"});
//   store.Read(store.MakeKey("user:1"), [](const store::ItemView& item) { ... });
//
// The limit covers items, index, what the eviction policy remembers, and whatever its owner charges
// to it (ChargeExternal: connection buffers).
//
// Threads: every call from any thread. Keys of different shards never wait for each other.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/coarse_clock.h"
#include "base/hash.h"
#include "base/mutex.h"
#include "base/result.h"
#include "store/shard.h"
#include "store/upload.h"

namespace rat_memcache::store {

struct StoreOptions {
  // Bytes; at least 1 MiB.
  size_t memory_limit = 64 << 20;
  // Bytes that SetMemoryLimit() can raise the limit to: address space, not memory. 0: all memory of
  // the machine.
  size_t memory_max = 0;
  // Largest item in memcached's measure (item_size.h); at most half of memory_limit.
  size_t item_size_max = 1 << 20;
  // Threads that are expected to work at the same time; decides the number of shards.
  uint32_t threads = 4;
  // memcached gives every size class that is in use one page of a MiB at least, whatever its limit
  // says, and takes a hash table beside it. So should a server that takes its place, or it would
  // hold less where the limit is small: with this, the limit is never below a MiB per size class of
  // the items that were stored, and half a one.
  bool page_per_size_class = false;
  SizeClasses::Options size_classes;
  EvictionStrategy eviction = EvictionStrategy::kAdaptive;
  bool cas_enabled = true;
  // Of the hash; 0 draws one.
  uint64_t seed = 0;
  // 0 lets the store choose: shards of at least 16 MiB, segments of 1/256 of a shard.
  uint32_t shards = 0;
  size_t segment_bytes = 0;
};

struct StoreStats {
  ShardStats total;
  uint64_t memory_limit = 0;    // as set
  uint64_t memory_granted = 0;  // the same, or more (StoreOptions::page_per_size_class)
  uint64_t external_bytes = 0;
  uint32_t shards = 0;
  uint64_t segment_bytes = 0;
  uint64_t sample_bytes = 0;  // of the models behind the two figures below
  EvictionStrategy eviction = EvictionStrategy::kAdaptive;
  // The same, or what the adaptive one has chosen, and how often it has.
  EvictionStrategy eviction_at_work = EvictionStrategy::kS3Fifo;
  uint64_t eviction_switches = 0;
  std::optional<KeySample::Curve> miss_curve;
};

class Store {
 public:
  // `clock` must outlive the store.
  static Result<std::unique_ptr<Store>> Open(const StoreOptions& options, const CoarseClock* clock);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // The Key refers to the text, and belongs to this store.
  Key MakeKey(std::string_view text) const {
    const uint64_t hash = HashBytes(text, shared_.seed);
    // The top bits of the hash, which neither index nor ghost use.
    Shard* const shard = shards_[static_cast<size_t>(hash >> 32) * shards_.size() >> 32].get();
    return {text, hash, shard, nullptr};
  }

  // For batches: first PrefetchBucket() of all keys, then PrefetchItem() of all, then the calls.
  void PrefetchBucket(Key* key) const { key->shard->PrefetchBucket(key); }
  void PrefetchItem(const Key& key) const { key.shard->PrefetchItem(key); }

  // See shard.h.
  template <class Visit>
  Found Read(const Key& key, Visit&& visit) {
    return key.shard->Read(key, visit);
  }
  // After ItemView::HoldIn(): whether the value may be kept.
  bool MayHold(const Key& key, const PinnedValue& value) {
    return !value.pins() || key.shard->MayHold(value.size());
  }
  template <class Visit>
  Found ReadAndTouch(const Key& key, uint32_t exptime, Visit&& visit) {
    return key.shard->ReadAndTouch(key, exptime, visit);
  }
  PutResult Put(const PutRequest& request) { return request.key.shard->Put(request); }
  std::unique_ptr<Upload> BeginUpload(const PutRequest& request, uint32_t value_size) {
    return std::make_unique<Upload>(request.key.shard, request, value_size);
  }
  template <class Visit>
  Found Peek(const Key& key, Visit&& visit) {
    return key.shard->Peek(key, visit);
  }
  template <class Visit>
  Found Fetch(const FetchRequest& request, Visit&& visit) {
    return request.key.shard->Fetch(request, visit);
  }
  DeleteResult Delete(const DeleteRequest& request) { return request.key.shard->Delete(request); }
  Found Delete(const Key& key) {
    return Delete({.key = key}).status == DeleteStatus::kDone ? Found::kHit : Found::kMiss;
  }
  Found Touch(const Key& key, uint32_t exptime) { return key.shard->Touch(key, exptime); }
  CountResult Count(const CountRequest& request) { return request.key.shard->Count(request); }
  // Everything stored before the call is gone when it returns; constant cost per segment, not per
  // item. The memory comes back as it is needed, and by Maintain().
  void Flush();

  // Frees what has expired or was flushed, and gives back what is above the limit. To be called
  // about once per second, by one thread at a time.
  // Returns the time that counts against the budget's sweep_time.
  std::chrono::nanoseconds Maintain(const MaintenanceBudget& budget);
  std::chrono::nanoseconds Maintain() { return Maintain({}); }

  // The limit from now on. Raising it takes effect at once; after lowering it, stores and
  // Maintain() evict until it is kept, and give the memory back. False if it is out of range: below
  // what the shards need to work (eight segments each, they cannot be joined), below
  // 1 MiB, or above memory_max().
  bool SetMemoryLimit(size_t bytes);
  const SizeClasses& classes() const { return shared_.classes; }
  size_t memory_limit() const { return shared_.memory_limit.load(std::memory_order_relaxed); }
  size_t memory_max() const { return memory_max_; }
  void SetEviction(EvictionStrategy strategy);
  // Before other threads use the store. The listener must outlive it.
  void SetEvictionListener(EvictionListener* listener) { shared_.listener = listener; }
  // Whether a read that finds an expired item removes it, or leaves it to Maintain().
  void SetLazyExpiration(bool lazy) {
    shared_.lazy_expiration.store(lazy, std::memory_order_relaxed);
  }

  // Memory that belongs under the same limit but not to the store. May be negative.
  void ChargeExternal(int64_t bytes) {
    shared_.external_bytes.fetch_add(static_cast<size_t>(bytes), std::memory_order_relaxed);
  }

  // Walks through all items, a few thousand at a time; see Shard::ScanPart(). False behind the
  // last.
  struct ScanCursor {
    size_t shard = 0;
    uint32_t part = 0;
  };
  template <class Visit>
  bool ScanPart(ScanCursor* cursor, Visit&& visit) {
    if (cursor->shard >= shards_.size()) return false;
    if (shards_[cursor->shard]->ScanPart(&cursor->part, visit)) return true;
    *cursor = {cursor->shard + 1, 0};
    return cursor->shard < shards_.size();
  }

  StoreStats Stats();
  ClassTable StatsByClass();
  // Counts begin anew; what is there now (items, bytes) stays.
  void ResetStats();

 private:
  Store() = default;
  Status MakeShards(size_t shards, EvictionStrategy eviction);

  StoreShared shared_;
  std::unique_ptr<KeySample> sample_;
  std::vector<std::unique_ptr<Shard>> shards_;
  size_t segment_bytes_ = 0;
  size_t memory_max_ = 0;
  // Held while a setting is made known to all parts, so that two at once do not leave them with
  // different ones.
  Mutex settings_mutex_;
  size_t maintained_first_ = 0;  // the shard that Maintain() begins with
};

}  // namespace rat_memcache::store
