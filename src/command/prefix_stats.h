// `stats detail`: requests counted by the first part of their key, up to a delimiter.
//
// Off until somebody asks: then each request of a key with a delimiter takes a lock that all
// threads share, as in memcached. The number of prefixes is limited, since clients name them.
//
// Threads: any.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/mutex.h"

namespace rat_memcache::command {

class PrefixStats {
 public:
  // Keys of any more prefixes are not counted.
  static constexpr size_t kPrefixesMax = 10'000;

  PrefixStats(char delimiter, bool enabled) : delimiter_(delimiter), enabled_(enabled) {}

  // Relaxed: it only decides what is counted.
  bool enabled() const { return enabled_.load(std::memory_order_relaxed); }
  void Enable(bool on) { enabled_.store(on, std::memory_order_relaxed); }

  void CountGet(std::string_view key, bool hit);
  void CountSet(std::string_view key);
  void CountDelete(std::string_view key);
  void Reset();
  // Lines of `PREFIX <prefix> get <n> hit <n> set <n> del <n>`.
  std::string Dump() const;

 private:
  struct Counts {
    uint64_t gets = 0;
    uint64_t hits = 0;
    uint64_t sets = 0;
    uint64_t deletes = 0;
  };
  // Null if the key has no prefix, or there are too many.
  Counts* Find(std::string_view key) RAT_REQUIRES(mutex_);

  const char delimiter_;
  std::atomic<bool> enabled_;
  mutable Mutex mutex_;
  std::map<std::string, Counts, std::less<>> counts_ RAT_GUARDED_BY(mutex_);
};

}  // namespace rat_memcache::command
