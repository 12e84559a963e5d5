// What happened, counted per thread and summed when somebody asks.
//
// A thread adds to its own block with plain loads and stores; nobody else writes there, so counting
// needs no locked instruction and no shared cache line. A reader may see a count one behind.
//
// Threads: Add() by the block's owner only. CounterRegistry from any thread.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/cache_line.h"
#include "base/mutex.h"

namespace rat_memcache::observe {

// The names are those of memcached's `stats` where it has the same.
enum class Count : uint8_t {
  kConnectionsOpened,
  kConnectionsClosed,
  kConnectionsRejected,
  kConnectionYields,
  kBytesRead,
  kBytesWritten,
  kCmdGet,
  kCmdSet,
  kCmdFlush,
  kCmdTouch,
  kCmdMeta,
  kGetHits,
  kGetMisses,
  kGetExpired,
  kGetFlushed,
  kDeleteHits,
  kDeleteMisses,
  kIncrHits,
  kIncrMisses,
  kDecrHits,
  kDecrMisses,
  kCasHits,
  kCasMisses,
  kCasBadval,
  kTouchHits,
  kTouchMisses,
  kStoreTooLarge,
  kStoreNoMemory,
  kIdleKicks,
  kListenDisabled,    // listen_disabled_num: times that no more connections were accepted
  kListenDisabledUs,  // time_in_listen_disabled_us
  kSslNewSessions,
  kSslHandshakeErrors,
  kSslProtoErrors,
  kAuthCmds,    // logins that came to an end
  kAuthErrors,  // those that failed
  // Ours: what a limit cut off.
  kLinesTooLong,    // connections closed for a line without an end
  kBuffersRefused,  // connections closed because their buffers would exceed the share of memory
  kHitsInPool0,     // gets that were hits, by the queue that the item lay in
  kHitsInPool1,
  kHitsInPool2,
  kReadsPaused,     // times a connection's input had to wait for its output
  kAcceptsPaused,   // times no descriptor was left for another connection
  kReadersGivenUp,  // connections closed because nothing of their replies was taken for too long
  kUdpRequestsDropped,  // datagrams that are no request, or not from a client
  kUdpAnswersDropped,   // datagrams not answered to the end: too large an answer, or no room for it
  // Of the streaming protocol.
  kStreamsBegun,
  kStreamsEnded,   // for whatever reason
  kStreamsFailed,  // refused for want of memory, or ended before all was sent
  kStreamBytesOut,
  kUploadsStored,
  kUploadsAborted,  // by the client: it said so, began anew, or went
  kUploadsExpired,
  kUploadsFailed,
  kUploadBytesIn,
  kCounts,
};

constexpr Count CountOfPool(int pool) {
  return static_cast<Count>(static_cast<int>(Count::kHitsInPool0) + pool);
}

inline constexpr size_t kCountsTotal = static_cast<size_t>(Count::kCounts);

// What is counted per size class too (store/size_classes.h), in the order of `stats slabs`.
enum class ClassCount : uint8_t {
  kGetHits,
  kCmdSet,
  kDeleteHits,
  kIncrHits,
  kDecrHits,
  kCasHits,
  kCasBadval,
  kTouchHits,
  kCounts,
};
inline constexpr size_t kClassCountsTotal = static_cast<size_t>(ClassCount::kCounts);
inline constexpr size_t kSizeClassesMax = 64;

// One thread's counts.
class alignas(kCacheLine) ThreadCounters {
 public:
  void Add(Count what, uint64_t n = 1) {
    std::atomic<uint64_t>& count = counts_[static_cast<size_t>(what)];
    // Not an atomic addition: only the owner writes.
    count.store(count.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void Add(ClassCount what, int size_class) {
    std::atomic<uint64_t>& count =
        in_class_[static_cast<size_t>(size_class)][static_cast<size_t>(what)];
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  uint64_t Get(Count what) const {
    return counts_[static_cast<size_t>(what)].load(std::memory_order_relaxed);
  }
  uint64_t Get(ClassCount what, size_t size_class) const {
    return in_class_[size_class][static_cast<size_t>(what)].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<uint64_t>, kCountsTotal> counts_{};
  // By class first: what one command counts lies on one line.
  std::array<std::array<std::atomic<uint64_t>, kClassCountsTotal>, kSizeClassesMax> in_class_{};
};

class CounterRegistry {
 public:
  // A block for the calling thread; lives as long as the registry.
  ThreadCounters* Register();

  struct Sums {
    std::array<uint64_t, kCountsTotal> counts{};
    std::array<std::array<uint64_t, kClassCountsTotal>, kSizeClassesMax> in_class{};
    uint64_t operator[](Count what) const { return counts[static_cast<size_t>(what)]; }
    uint64_t Of(ClassCount what, size_t size_class) const {
      return in_class[size_class][static_cast<size_t>(what)];
    }
  };
  // Since the last Reset().
  Sums Sum() const;
  // Since the start; for gauges, which a reset must not change.
  Sums SumSinceStart() const;
  void Reset();

 private:
  Sums SumLocked() const RAT_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::vector<std::unique_ptr<ThreadCounters>> blocks_ RAT_GUARDED_BY(mutex_);
  Sums at_reset_ RAT_GUARDED_BY(mutex_);
};

}  // namespace rat_memcache::observe
