// The cache engine: what protocols and, later, the library call.
//
// Today it is one tier, the store in memory; a tier on disk will sit beside it, behind the same
// calls. What concerns both tiers is here: the passing of time, the longest and the default life of
// items, and flushes that lie in the future.
//
// Times are seconds of the clock that the cache was opened with (coarse_clock.h); 0 means never.
//
// Threads: every call from any thread, but Tick(), which belongs to the clock's owner.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "base/coarse_clock.h"
#include "base/result.h"
#include "cache/ttl_rules.h"
#include "config/ttl_options.h"
#include "store/store.h"

namespace rat_memcache::cache {

using store::CountRequest;
using store::CountResult;
using store::CountStatus;
using store::DeleteRequest;
using store::DeleteResult;
using store::DeleteStatus;
using store::Direction;
using store::FetchEffects;
using store::FetchRequest;
using store::Found;
using store::ItemView;
using store::Key;
using store::PinnedValue;
using store::PutMode;
using store::PutRequest;
using store::PutResult;
using store::PutStatus;
using store::Upload;

// Of the searches for expired items since the start or the last reset.
struct CleanupStats {
  uint64_t runs = 0;
  uint64_t microseconds = 0;  // all of them together
};

class Cache {
 public:
  // `clock` must outlive the cache.
  static Result<std::unique_ptr<Cache>> Open(const store::StoreOptions& options, CoarseClock* clock,
                                             const config::TtlOptions& ttl = {});
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  uint32_t Now() const { return clock_->Now(); }

  // One key. See store.h for what the calls promise.
  Key MakeKey(std::string_view text) const { return store_->MakeKey(text); }
  void PrefetchBucket(Key* key) const { store_->PrefetchBucket(key); }
  void PrefetchItem(const Key& key) const { store_->PrefetchItem(key); }
  template <class Visit>
  Found Get(const Key& key, Visit&& visit) {
    return store_->Read(key, visit);
  }
  // See store.h.
  bool MayHold(const Key& key, const PinnedValue& value) { return store_->MayHold(key, value); }
  template <class Visit>
  Found GetAndTouch(const Key& key, uint32_t exptime, Visit&& visit) {
    return store_->ReadAndTouch(key, ExptimeOfTouch(key, exptime), visit);
  }
  PutResult Put(const PutRequest& request) {
    if (!rules_.any()) [[likely]] {
      return store_->Put(request);
    }
    return store_->Put(UnderRules(request));
  }
  std::unique_ptr<Upload> BeginUpload(const PutRequest& request, uint32_t value_size) {
    return store_->BeginUpload(UnderRules(request), value_size);
  }
  template <class Visit>
  Found Peek(const Key& key, Visit&& visit) {
    return store_->Peek(key, visit);
  }
  template <class Visit>
  Found Fetch(const FetchRequest& request, Visit&& visit) {
    return store_->Fetch(UnderRules(request), visit);
  }
  DeleteResult Delete(const DeleteRequest& request) { return store_->Delete(UnderRules(request)); }
  Found Delete(const Key& key) { return store_->Delete(key); }
  Found Touch(const Key& key, uint32_t exptime) {
    return store_->Touch(key, ExptimeOfTouch(key, exptime));
  }
  CountResult Count(const CountRequest& request) { return store_->Count(UnderRules(request)); }

  // All keys: at once, or when the clock reaches `when`; never if that is 0. There is one pending
  // flush; a new one, whenever it is, takes its place.
  void Flush();
  void FlushAt(uint32_t when);

  // The clock now shows `now`: carries out what was waiting for it and gives memory of the dead
  // back, which takes 2 % of a core in the long run and a quarter of a second at most. Once per
  // second.
  void Tick(uint32_t now);

  // See store.h.
  bool SetMemoryLimit(size_t bytes) { return store_->SetMemoryLimit(bytes); }
  const store::SizeClasses& classes() const { return store_->classes(); }
  size_t memory_limit() const { return store_->memory_limit(); }
  size_t memory_max() const { return store_->memory_max(); }
  void SetEviction(store::EvictionStrategy strategy) { store_->SetEviction(strategy); }
  void SetEvictionListener(store::EvictionListener* listener) {
    store_->SetEvictionListener(listener);
  }

  // Whether expired items are looked for unasked, from now on.
  void SetActiveExpiration(bool on) { searches_.store(on, std::memory_order_relaxed); }
  // The next Tick() looks for them in all of the memory, whatever its interval and budget.
  void SweepSoon() { sweep_soon_.store(true, std::memory_order_relaxed); }

  // Memory under the same limit that belongs to the caller, such as connection buffers.
  void ChargeExternal(int64_t bytes) { store_->ChargeExternal(bytes); }
  // See Store::ScanPart().
  using ScanCursor = store::Store::ScanCursor;
  template <class Visit>
  bool ScanPart(ScanCursor* cursor, Visit&& visit) {
    return store_->ScanPart(cursor, visit);
  }
  store::StoreStats Stats() { return store_->Stats(); }
  store::ClassTable StatsByClass() { return store_->StatsByClass(); }
  CleanupStats Cleanups() const;
  // Counts begin anew; what is there now (items, bytes) stays.
  void ResetStats();

 private:
  Cache(std::unique_ptr<store::Store> store, CoarseClock* clock, const config::TtlOptions& ttl);

  PutRequest UnderRules(PutRequest request) const;
  FetchRequest UnderRules(FetchRequest request) const;
  DeleteRequest UnderRules(DeleteRequest request) const;
  CountRequest UnderRules(CountRequest request) const;
  // Of a request that may touch an item or make it.
  template <typename Request>
  Request TouchUnderRules(Request request) const;
  uint32_t ExptimeOfTouch(const Key& key, uint32_t exptime) const;
  uint32_t ExptimeOfStore(const Key& key, uint32_t exptime) const;
  void CleanUp(uint32_t now);

  const std::unique_ptr<store::Store> store_;
  CoarseClock* const clock_;
  const config::TtlOptions ttl_;
  const TtlRules rules_;
  // 0: none. Relaxed: who sets it does not hand over anything else with it.
  std::atomic<uint32_t> pending_flush_{0};

  // Both relaxed: the next Tick() that sees them will do.
  std::atomic<bool> searches_;
  std::atomic<bool> sweep_soon_{false};

  // Of Tick() alone.
  uint32_t cleaned_at_ = 0;  // second of the last search for expired items
  // Time that maintenance may still take; below zero after a step that took longer than it had.
  std::chrono::nanoseconds maintenance_credit_;
  // Written by Tick(), read by anybody. Relaxed: figures to look at.
  std::atomic<uint64_t> cleanup_runs_{0};
  std::atomic<uint64_t> cleanup_us_{0};
};

}  // namespace rat_memcache::cache
