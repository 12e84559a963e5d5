// Log lines to stderr, by verbosity: what memcached's -v shows.
//
//   0  faults that an operator must know of
//   1  -v: start, stop, refused connections, other faults of single connections
//   2  -vv: connections, and every request
//
// Threads: any. One write per line.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <atomic>
#include <string_view>

namespace rat_memcache::observe {

enum class Level : int { kFault = 0, kInfo = 1, kDetail = 2 };

class Log {
 public:
  // Relaxed: a line more or less after a change does not matter.
  void set_verbosity(int verbosity) { verbosity_.store(verbosity, std::memory_order_relaxed); }
  int verbosity() const { return verbosity_.load(std::memory_order_relaxed); }
  bool enabled(Level level) const { return verbosity() >= static_cast<int>(level); }

  // `line` without its end. Control characters are shown as \xNN.
  void Write(Level level, std::string_view line) const;

 private:
  std::atomic<int> verbosity_{0};
};

}  // namespace rat_memcache::observe
