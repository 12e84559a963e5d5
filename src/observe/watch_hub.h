// Events for who watches: `watch fetchers` and its kind.
//
// A line goes to the buffer of each watcher that has asked for its stream. The buffers are limited:
// a watcher that reads too slowly misses lines, and is told how many. Nobody who works for other
// clients waits for a watcher; without watchers an event costs one relaxed load.
//
// Threads: any. A watcher is read by one.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"

namespace rat_memcache::observe {

// A bit each, in memcached's order: names are compared so far as they were written.
enum class WatchStream : uint16_t {
  kRawCommands = 1 << 0,  // never has events
  kEvictions = 1 << 1,
  kFetchers = 1 << 2,
  kMutations = 1 << 3,
  kSystem = 1 << 4,
  kConnections = 1 << 5,
  kProxy = 1 << 6,  // never has events
  kDeletions = 1 << 7,
};
using WatchStreams = uint16_t;

class WatchHub {
 public:
  static constexpr size_t kWatchersMax = 20;

  class Watcher {
   public:
    Watcher(WatchStreams streams, size_t bytes_max, std::function<void()> wake)
        : streams_(streams), bytes_max_(bytes_max), wake_(std::move(wake)) {}
    // The lines that have come since the last call.
    std::string Take();

   private:
    friend class WatchHub;
    // False if there is no room for it.
    bool Add(std::string_view line);

    const WatchStreams streams_;
    const size_t bytes_max_;
    const std::function<void()> wake_;
    Mutex mutex_;
    std::string lines_ RAT_GUARDED_BY(mutex_);
    uint64_t skipped_ RAT_GUARDED_BY(mutex_) = 0;
    bool woken_ RAT_GUARDED_BY(mutex_) = false;
  };

  struct Counts {
    uint64_t written = 0;  // lines
    uint64_t skipped = 0;  // by watchers that read too slowly
    uint64_t sent = 0;     // bytes
    uint64_t watchers = 0;
  };

  // Each watcher may hold `bytes_max` unread.
  explicit WatchHub(size_t bytes_max) : bytes_max_(bytes_max) {}

  // Relaxed: a watcher misses what happens while it comes.
  bool wanted(WatchStream stream) const {
    return (wanted_.load(std::memory_order_relaxed) & static_cast<WatchStreams>(stream)) != 0;
  }
  // `what`: the line from its `type=` on, without its end. Only worth making if wanted().
  void Report(WatchStream stream, std::string_view what);

  // `wake` is called on the thread that reports, once before each Take(); it must not block. Null
  // if there are too many already.
  std::shared_ptr<Watcher> Add(WatchStreams streams, std::function<void()> wake);
  void Remove(const std::shared_ptr<Watcher>& watcher);
  Counts counts() const;

 private:
  const size_t bytes_max_;
  std::atomic<WatchStreams> wanted_{0};
  mutable Mutex mutex_;
  std::vector<std::shared_ptr<Watcher>> watchers_ RAT_GUARDED_BY(mutex_);
  uint64_t next_id_ RAT_GUARDED_BY(mutex_) = 1;
  Counts counts_ RAT_GUARDED_BY(mutex_);
};

}  // namespace rat_memcache::observe
