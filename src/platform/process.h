// The process as the operating system sees it.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace rat_memcache::platform {

int64_t ProcessId();

struct CpuTime {
  int64_t user_us = 0;
  int64_t system_us = 0;
};
// Of the whole process so far.
CpuTime ProcessCpuTime();

// Seconds of a clock that only goes forward, whatever happens to the wall clock.
double MonotonicSeconds();

// Lets the process have `descriptors` open files and sockets.
Status AllowDescriptors(uint32_t descriptors);

bool RunsAsRoot();
// Becomes `user` for good, groups included. Only root can.
Status BecomeUser(const std::string& user);

// Leaves the terminal and goes on in the background, in two steps, so that the caller's shell waits
// until the server really serves: the parent stays behind in Daemonize() until the child calls
// DaemonIsUp() (then it exits with 0) or ends without having done so (then with 1).
// `keep_output` leaves stdout and stderr where they are.
Status Daemonize(bool keep_output);
void DaemonIsUp();

// Writes the process id as one line, by way of a temporary file in the same folder.
Status WritePidFile(const std::string& path);
// Writes `text` to `path`, by way of `path` + ".lck".
Status WriteFileAtomically(const std::string& path, const std::string& temporary,
                           const std::string& text);
void RemoveFile(const std::string& path);

}  // namespace rat_memcache::platform
