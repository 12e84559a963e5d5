// CAS uniques: one sequence for the whole store, handed out to the shards in leases.
//
// Like memcached's, the first number is 2 and every change of an item takes the next. With leases
// of more than one, writers on different shards do not meet at one counter; the order of numbers
// within a key, which is all that a client can rely on, is kept. The first few thousand numbers are
// leased one by one, so that a fresh server counts exactly as memcached does.
//
// Threads: Lease() from any thread.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>

namespace rat_memcache::store {

class CasSequence {
 public:
  struct Range {
    uint64_t next = 0;
    uint64_t end = 0;  // one past the last
  };

  Range Lease() {
    const uint64_t size = next_.load(std::memory_order_relaxed) < kLeasedOneByOne ? 1 : 64;
    // Relaxed: the numbers only have to be different.
    const uint64_t first = next_.fetch_add(size, std::memory_order_relaxed);
    return {first, first + size};
  }

 private:
  static constexpr uint64_t kLeasedOneByOne = 4096;

  std::atomic<uint64_t> next_{2};
};

}  // namespace rat_memcache::store
