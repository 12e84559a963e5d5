// The process as the operating system sees it.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

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

// Lets the process have `wanted` open files and sockets, or as many as the system allows, if that
// is `enough`.
Status AllowDescriptors(uint32_t wanted, uint32_t enough);

// Signals that ask a server to end: what a terminal, an init system and memcached's scripts send.
std::vector<int> StopSignals();
// Sends this process the signal that an operator would: to end at once, or when everything is
// served.
void AskToStop(bool gracefully);
// Whether somebody is looking at stderr.
bool StderrIsTerminal();
// Signals that ask it to read its files again.
std::vector<int> ReloadSignals();
// A reader of our output that goes away, or a terminal that hangs up, is no reason to end.
void IgnoreHangups();
// Keeps the memory of the process from being swapped out. After what is large has been reserved,
// and before BecomeUser(): it takes a privilege, or an unlimited RLIMIT_MEMLOCK.
Status LockMemory();
// Lets the process leave a core file when it crashes, as large as the system allows. After
// BecomeUser(), which forbids it.
Status AllowCoreDumps();

bool RunsAsRoot();
// Becomes `user` for good, groups included. Only root can.
Status BecomeUser(const std::string& user);

// Leaves the terminal and goes on in the background, in two steps, so that the caller's shell waits
// until the server really serves: the parent stays behind in Daemonize() until the child calls
// DaemonIsUp() (then it exits with 0) or ends without having done so (then with 1).
struct DaemonHabits {
  bool keep_output = false;  // stdout and stderr stay where they are
  bool keep_folder = false;  // otherwise it goes to the root folder
};
Status Daemonize(DaemonHabits habits);
void DaemonIsUp();

// Writes the process id as one line, by way of a temporary file in the same folder. The result is a
// warning if the file named another process that is running, which is empty otherwise.
Result<std::string> WritePidFile(const std::string& path);
// Writes `text` to `path`, by way of `path` + ".lck".
Status WriteFileAtomically(const std::string& path, const std::string& temporary,
                           const std::string& text);
// Removes the file if it still names this process.
void RemovePidFile(const std::string& path);

// Closes a socket that no object owns.
void CloseSocket(int handle);

}  // namespace rat_memcache::platform
