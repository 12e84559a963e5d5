// Memory for what connections have to keep: unfinished requests and unsent replies. It counts
// against the cache's memory limit, and all connections together may have no more than a share of
// that, or what -o read_buf_mem_limit says.
//
// Threads: any.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

#include "cache/cache.h"

namespace rat_memcache::net {

class BufferBudget {
 public:
  // `limit` in bytes; 0: half of the memory limit, but 8 MiB at least.
  explicit BufferBudget(cache::Cache* cache, size_t limit = 0) : cache_(cache), limit_(limit) {}

  // False if the share is used up; then nothing was taken.
  bool Take(size_t bytes) {
    // Relaxed: only the sum matters.
    const size_t before = used_.fetch_add(bytes, std::memory_order_relaxed);
    const size_t limit = limit_ != 0 ? limit_ : std::max(cache_->memory_limit() / 2, kLimitMin);
    if (before + bytes > limit) {
      used_.fetch_sub(bytes, std::memory_order_relaxed);
      return false;
    }
    cache_->ChargeExternal(static_cast<int64_t>(bytes));
    return true;
  }
  // For what cannot be refused any more.
  void TakeAnyway(size_t bytes) {
    used_.fetch_add(bytes, std::memory_order_relaxed);
    cache_->ChargeExternal(static_cast<int64_t>(bytes));
  }
  // What a connection or a worker takes by being there counts against the memory limit only: how
  // many there are has a limit of its own.
  void TakeForConnection(size_t bytes) { cache_->ChargeExternal(static_cast<int64_t>(bytes)); }
  void GiveForConnection(size_t bytes) { cache_->ChargeExternal(-static_cast<int64_t>(bytes)); }
  void Give(size_t bytes) {
    used_.fetch_sub(bytes, std::memory_order_relaxed);
    cache_->ChargeExternal(-static_cast<int64_t>(bytes));
  }

 private:
  static constexpr size_t kLimitMin = size_t{8} << 20;

  cache::Cache* const cache_;
  const size_t limit_;
  std::atomic<size_t> used_{0};
};

}  // namespace rat_memcache::net
