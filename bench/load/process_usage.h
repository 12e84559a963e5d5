// What a process consumes, read from /proc by its id: the server under test, and this one;
// and what the whole machine does.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>

#include "base/result.h"

namespace rat_memcache::load {

struct ProcessUsage {
  double cpu_s = 0;   // on a CPU, all threads, exact to the nanosecond (schedstat)
  double user_s = 0;  // user and system share as the kernel accounts them, in steps of a tick
  double system_s = 0;
  uint64_t rss_bytes = 0;

  // CPU times since `before`; memory as it is now.
  ProcessUsage operator-(const ProcessUsage& before) const {
    return {.cpu_s = cpu_s - before.cpu_s,
            .user_s = user_s - before.user_s,
            .system_s = system_s - before.system_s,
            .rss_bytes = rss_bytes};
  }
};

// Zeros for pid 0, which means that there is no process to watch. The CPU time of a thread that has
// ended is lost, so a difference is right only if no thread ended in between.
Result<ProcessUsage> ReadProcessUsage(uint32_t pid);

ProcessUsage ReadOwnUsage();

// CPU seconds of everything that runs on this machine, as the kernel accounts them: in steps of a
// tick, which is good to a few percent.
double ReadMachineCpuSeconds();

}  // namespace rat_memcache::load
