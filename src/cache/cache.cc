// SPDX-License-Identifier: LGPL-3.0-or-later
#include "cache/cache.h"

#include <utility>

namespace rat_memcache::cache {

Result<std::unique_ptr<Cache>> Cache::Open(const store::StoreOptions& options, CoarseClock* clock) {
  auto store = store::Store::Open(options, clock);
  if (!store.ok()) return store.error();
  return std::unique_ptr<Cache>(new Cache(std::move(store).value(), clock));
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
  store_->Maintain();
}

}  // namespace rat_memcache::cache
