// SPDX-License-Identifier: LGPL-3.0-or-later
#include "platform/process.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/mman.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rat_memcache::platform {
namespace {

// The write end of the pipe that tells the waiting parent; -1 if there is no parent waiting.
int daemon_pipe = -1;
// Whether stderr is to be let go of. Only once the server is up, so that a failing start can say
// why.
bool daemon_is_silent = false;

std::string ErrnoText() { return std::strerror(errno); }

int64_t Microseconds(const timeval& time) {
  return int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
}

}  // namespace

int64_t ProcessId() { return ::getpid(); }

CpuTime ProcessCpuTime() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return {Microseconds(usage.ru_utime), Microseconds(usage.ru_stime)};
}

double MonotonicSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Status AllowDescriptors(uint32_t wanted, uint32_t enough) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return Done{};
  const rlimit raised{wanted, std::max<rlim_t>(limit.rlim_max, wanted)};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return Done{};
  const std::string why = ErrnoText();
  limit.rlim_cur = limit.rlim_max;
  if (limit.rlim_max >= enough && ::setrlimit(RLIMIT_NOFILE, &limit) == 0) return Done{};
  return Error{"failed to set rlimit for open files to " + std::to_string(enough) + ": " + why +
                   "; start as root, raise ulimit -n, or lower -c",
               kExitOs};
}

std::vector<int> StopSignals() { return {SIGINT, SIGTERM, SIGUSR1}; }

void AskToStop(bool gracefully) { std::raise(gracefully ? SIGUSR1 : SIGINT); }

std::vector<int> ReloadSignals() { return {SIGHUP}; }

bool StderrIsTerminal() { return ::isatty(STDERR_FILENO) == 1; }

void IgnoreHangups() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
}

Status LockMemory() {
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  ::setrlimit(RLIMIT_MEMLOCK, &unlimited);
  rlimit limit{};
  ::getrlimit(RLIMIT_MEMLOCK, &limit);
  int what = MCL_CURRENT;
#ifdef MCL_ONFAULT
  // A page is locked when it is first used: much address space is reserved that never will be.
  what |= MCL_ONFAULT;
#endif
  // Under a limit, root could lock memory now, and once it is another user get none any more.
  if (limit.rlim_cur == RLIM_INFINITY) what |= MCL_FUTURE;
  if (::mlockall(what) == 0) return Done{};
  return Error{"-k: memory is not locked: " + ErrnoText() + "; start as root or raise ulimit -l",
               kExitOs};
}

Status AllowCoreDumps() {
#ifdef __linux__
  ::prctl(PR_SET_DUMPABLE, 1);
#endif
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  if (::setrlimit(RLIMIT_CORE, &unlimited) == 0) return Done{};
  rlimit limit{};
  ::getrlimit(RLIMIT_CORE, &limit);
  limit.rlim_cur = limit.rlim_max;
  if (limit.rlim_max != 0 && ::setrlimit(RLIMIT_CORE, &limit) == 0) return Done{};
  return Error{"-r: there will be no core file: the system allows none; raise ulimit -c", kExitOs};
}

bool RunsAsRoot() { return ::geteuid() == 0; }

Status BecomeUser(const std::string& user) {
  errno = 0;
  const passwd* const entry = ::getpwnam(user.c_str());
  if (entry == nullptr) {
    return Error{"can't find the user " + user + " to switch to; name an existing one with -u",
                 kExitNoUser};
  }
  // In this order: once the user is changed, the groups cannot be.
  if (::setgroups(0, nullptr) != 0 || ::setgid(entry->pw_gid) != 0 ||
      ::setuid(entry->pw_uid) != 0) {
    return Error{"failed to assume identity of user " + user + ": " + ErrnoText(), kExitOs};
  }
  return Done{};
}

Status Daemonize(DaemonHabits habits) {
  int ends[2];
  if (::pipe(ends) != 0) return Error{"cannot start in the background: " + ErrnoText(), kExitOs};
  const pid_t child = ::fork();
  if (child < 0) return Error{"cannot start in the background: " + ErrnoText(), kExitOs};
  if (child > 0) {
    ::close(ends[1]);
    char word = 0;
    ssize_t n;
    do {
      n = ::read(ends[0], &word, 1);
    } while (n < 0 && errno == EINTR);
    if (n == 1) ::_exit(0);
    // The child has ended without a word of success; its own exit code says more.
    int status = 0;
    ::waitpid(child, &status, 0);
    ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
  }
  ::close(ends[0]);
  ::fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  daemon_pipe = ends[1];
  daemon_is_silent = !habits.keep_output;
  if (::setsid() < 0 || (!habits.keep_folder && ::chdir("/") != 0)) {
    return Error{"cannot start in the background: " + ErrnoText(), kExitOs};
  }
  const int null = ::open("/dev/null", O_RDWR);
  if (null >= 0) {
    ::dup2(null, STDIN_FILENO);
    if (!habits.keep_output) ::dup2(null, STDOUT_FILENO);
    if (null > STDERR_FILENO) ::close(null);
  }
  return Done{};
}

void DaemonIsUp() {
  if (daemon_pipe < 0) return;
  const ssize_t written = ::write(daemon_pipe, "1", 1);
  (void)written;  // nobody waits any more: nothing to be done about it
  ::close(daemon_pipe);
  daemon_pipe = -1;
  if (!daemon_is_silent) return;
  const int null = ::open("/dev/null", O_RDWR);
  if (null < 0) return;
  ::dup2(null, STDERR_FILENO);
  if (null > STDERR_FILENO) ::close(null);
}

Status WriteFileAtomically(const std::string& path, const std::string& temporary,
                           const std::string& text) {
  std::FILE* const file = std::fopen(temporary.c_str(), "w");
  if (file == nullptr) {
    return Error{"could not open " + temporary + " for writing: " + ErrnoText(), kExitOs};
  }
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if ((std::fclose(file) != 0) || !written || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const std::string why = ErrnoText();
    ::unlink(temporary.c_str());
    return Error{"could not write " + path + ": " + why, kExitOs};
  }
  return Done{};
}

namespace {

// The process that a pid file names; 0 if there is no such file or no number in it.
pid_t NamedProcess(const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "r");
  if (file == nullptr) return 0;
  long pid = 0;
  const bool readable = std::fscanf(file, "%ld", &pid) == 1;
  std::fclose(file);
  return readable && pid > 0 ? static_cast<pid_t>(pid) : 0;
}

}  // namespace

Result<std::string> WritePidFile(const std::string& path) {
  std::string warning;
  const pid_t old = NamedProcess(path);
  if (old != 0 && old != ::getpid() && (::kill(old, 0) == 0 || errno == EPERM)) {
    warning = "the pid file " + path + " named a running process, " + std::to_string(old) +
              "; it now names this one";
  }
  const Status written =
      WriteFileAtomically(path, path + ".tmp", std::to_string(::getpid()) + "\n");
  if (!written.ok()) return written.error();
  return warning;
}

void RemovePidFile(const std::string& path) {
  if (NamedProcess(path) == ::getpid()) ::unlink(path.c_str());
}

void CloseSocket(int handle) { ::close(handle); }

}  // namespace rat_memcache::platform
