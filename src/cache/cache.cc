// SPDX-License-Identifier: LGPL-3.0-or-later
#include "cache/cache.h"

#include <algorithm>
#include <utility>

namespace rat_memcache::cache {

namespace {

// Maintenance takes this share of a core, ...
constexpr int kShareOfCore = 50;  // one fiftieth
// ... and may save up this much of it for when many items expire at once.
constexpr std::chrono::milliseconds kCreditMax{250};

// Giving back what is above a limit that was lowered goes on even if there is no credit, so much
// per second: the clock must not stand still meanwhile.
constexpr std::chrono::milliseconds kExcessMax{100};

}  // namespace

Result<std::unique_ptr<Cache>> Cache::Open(const store::StoreOptions& options, CoarseClock* clock,
                                           const config::TtlOptions& ttl) {
  auto store = store::Store::Open(options, clock);
  if (!store.ok()) return store.error();
  return std::unique_ptr<Cache>(new Cache(std::move(store).value(), clock, ttl));
}

Cache::Cache(std::unique_ptr<store::Store> store, CoarseClock* clock, const config::TtlOptions& ttl)
    : store_(std::move(store)),
      clock_(clock),
      ttl_(ttl),
      rules_(ttl),
      searches_(ttl.active_expiration),
      maintenance_credit_(kCreditMax) {
  store_->SetLazyExpiration(ttl.lazy_expiration);
}

PutRequest Cache::UnderRules(PutRequest request) const {
  if (request.mode == PutMode::kAppend || request.mode == PutMode::kPrepend) {
    // These keep the item's life, if there is an item.
    if (request.create_exptime) {
      request.create_exptime = ExptimeOfStore(request.key, *request.create_exptime);
    }
    return request;
  }
  request.exptime = ExptimeOfStore(request.key, request.exptime);
  return request;
}

template <typename Request>
Request Cache::TouchUnderRules(Request request) const {
  if (request.exptime) request.exptime = ExptimeOfTouch(request.key, *request.exptime);
  if (request.create) {
    request.create->exptime = ExptimeOfStore(request.key, request.create->exptime);
  }
  return request;
}

FetchRequest Cache::UnderRules(FetchRequest request) const { return TouchUnderRules(request); }
CountRequest Cache::UnderRules(CountRequest request) const { return TouchUnderRules(request); }

DeleteRequest Cache::UnderRules(DeleteRequest request) const {
  if (request.empty_value) {
    request.exptime = ExptimeOfStore(request.key, request.exptime.value_or(0));
  } else if (request.exptime) {
    request.exptime = ExptimeOfTouch(request.key, *request.exptime);
  }
  return request;
}

uint32_t Cache::ExptimeOfTouch(const Key& key, uint32_t exptime) const {
  const TtlRules::Outcome outcome = rules_.ForTouch(exptime, Now());
  if (outcome.clamped) key.shard->CountClamped();
  return outcome.exptime;
}

uint32_t Cache::ExptimeOfStore(const Key& key, uint32_t exptime) const {
  const TtlRules::Outcome outcome = rules_.ForStore(exptime, Now());
  if (outcome.clamped) key.shard->CountClamped();
  return outcome.exptime;
}

void Cache::Flush() {
  pending_flush_.store(0, std::memory_order_relaxed);
  store_->Flush();
}

void Cache::FlushAt(uint32_t when) {
  if (when != 0 && when <= Now()) return Flush();
  pending_flush_.store(when, std::memory_order_relaxed);
}

void Cache::Tick(uint32_t now) {
  clock_->Set(now);
  uint32_t when = pending_flush_.load(std::memory_order_relaxed);
  // Exchanged, so that a flush that takes its place at this moment is not lost.
  if (when != 0 && when <= now &&
      pending_flush_.compare_exchange_strong(when, 0, std::memory_order_relaxed)) {
    store_->Flush();
  }
  CleanUp(now);
}

void Cache::CleanUp(uint32_t now) {
  const bool asked = sweep_soon_.exchange(false, std::memory_order_relaxed);
  if (asked) maintenance_credit_ = kCreditMax;
  const bool due = asked || (searches_.load(std::memory_order_relaxed) &&
                             now - cleaned_at_ >= ttl_.cleanup_interval);
  maintenance_credit_ = std::min<std::chrono::nanoseconds>(
      maintenance_credit_ + std::chrono::nanoseconds(std::chrono::seconds(1)) / kShareOfCore,
      kCreditMax);
  const bool sweeps = maintenance_credit_ > maintenance_credit_.zero();
  // Giving back is not charged, or nothing would be looked for while a limit is being lowered.
  const std::chrono::nanoseconds took = store_->Maintain(
      {.sweep_time = maintenance_credit_,
       .excess_time = kExcessMax,
       .entries_max = ttl_.max_cleanup_entries != 0 ? ttl_.max_cleanup_entries : UINT64_MAX,
       .expire = due});
  maintenance_credit_ -= took;
  if (!due || !sweeps) return;
  cleaned_at_ = now;
  cleanup_runs_.fetch_add(1, std::memory_order_relaxed);
  cleanup_us_.fetch_add(
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()),
      std::memory_order_relaxed);
}

CleanupStats Cache::Cleanups() const {
  return {cleanup_runs_.load(std::memory_order_relaxed),
          cleanup_us_.load(std::memory_order_relaxed)};
}

void Cache::ResetStats() {
  store_->ResetStats();
  cleanup_runs_.store(0, std::memory_order_relaxed);
  cleanup_us_.store(0, std::memory_order_relaxed);
}

}  // namespace rat_memcache::cache
