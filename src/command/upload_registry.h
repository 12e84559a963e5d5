// All uploads of the streaming protocol that are open, whosever they are: their memory has one
// limit, and who leaves one lying about loses it.
//
// The bytes of chunks count against max_upload_memory. What it takes to keep track of them counts
// against a limit of its own, so that many small chunks are not free of charge and one upload of
// just max_upload_memory is possible. Both count against the cache's memory limit.
//
// Locks and threads: every call from any thread. The registry's lock comes before that of an
// upload.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <unordered_set>

#include "base/mutex.h"
#include "cache/cache.h"
#include "config/streaming_options.h"

namespace rat_memcache::command {

class PendingUpload;

class UploadRegistry {
 public:
  // Both outlive the registry.
  UploadRegistry(cache::Cache* cache, const config::StreamingOptions* limits)
      : cache_(cache), limits_(limits) {}
  UploadRegistry(const UploadRegistry&) = delete;
  UploadRegistry& operator=(const UploadRegistry&) = delete;

  const config::StreamingOptions& limits() const { return *limits_; }

  // False if the limit is reached; then nothing was taken.
  bool TakePayload(size_t bytes) { return Take(&payload_, limits_->max_upload_memory, bytes); }
  void GivePayload(size_t bytes) { Give(&payload_, bytes); }
  bool TakeBookkeeping(size_t bytes) { return Take(&bookkeeping_, BookkeepingMax(), bytes); }
  void GiveBookkeeping(size_t bytes) { Give(&bookkeeping_, bytes); }

  // From an upload's beginning to its end; for the upload itself.
  void Add(PendingUpload* upload);
  void Remove(PendingUpload* upload);
  // Ends uploads that nobody has said anything about for too long, and gives their memory back.
  // Returns how many. About once per second.
  size_t Sweep(uint32_t now);

  // Gauges.
  size_t open() const { return open_.load(std::memory_order_relaxed); }
  size_t bytes_held() const { return payload_.load(std::memory_order_relaxed); }
  // An upload has ended, though its owner does not know yet.
  void CountEnded() { open_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  // What keeping track of chunks may take: a quarter of the payload, or what one upload may need.
  size_t BookkeepingMax() const;
  bool Take(std::atomic<size_t>* used, size_t limit, size_t bytes);
  void Give(std::atomic<size_t>* used, size_t bytes);

  cache::Cache* const cache_;
  const config::StreamingOptions* const limits_;
  // Relaxed: only the sums matter.
  std::atomic<size_t> payload_{0};
  std::atomic<size_t> bookkeeping_{0};
  std::atomic<size_t> open_{0};
  Mutex mutex_;
  std::unordered_set<PendingUpload*> uploads_ RAT_GUARDED_BY(mutex_);
};

}  // namespace rat_memcache::command
