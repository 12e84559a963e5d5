// SPDX-License-Identifier: LGPL-3.0-or-later
#include "load/process_usage.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>
#include <system_error>
#include <unistd.h>

namespace rat_memcache::load {
namespace {

namespace fs = std::filesystem;

double TicksPerSecond() { return static_cast<double>(::sysconf(_SC_CLK_TCK)); }

// Time on a CPU, summed over the threads that exist now.
double OnCpuSeconds(const fs::path& process) {
  double sum_ns = 0;
  std::error_code error;
  for (const fs::directory_entry& thread : fs::directory_iterator(process / "task", error)) {
    double on_cpu_ns = 0;
    std::ifstream file(thread.path() / "schedstat");
    file >> on_cpu_ns;
    sum_ns += on_cpu_ns;
  }
  return sum_ns / 1e9;
}

// Fields 14 and 15 of `stat`, counted from behind the name, which may hold spaces and parentheses.
void ReadTicks(const fs::path& process, ProcessUsage* usage) {
  std::ifstream file(process / "stat");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) {
    fields >> skipped;
  }
  double user_ticks = 0;
  double system_ticks = 0;
  fields >> user_ticks >> system_ticks;
  usage->user_s = user_ticks / TicksPerSecond();
  usage->system_s = system_ticks / TicksPerSecond();
}

uint64_t ResidentBytes(const fs::path& process) {
  std::ifstream file(process / "status");
  std::string word;
  while (file >> word) {
    if (word == "VmRSS:") {
      uint64_t kib = 0;
      file >> kib;
      return kib * 1024;
    }
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

}  // namespace

Result<ProcessUsage> ReadProcessUsage(uint32_t pid) {
  ProcessUsage usage;
  if (pid == 0) return usage;
  const fs::path process = "/proc/" + std::to_string(pid);
  usage.rss_bytes = ResidentBytes(process);
  if (usage.rss_bytes == 0) {
    return Error{"no process " + std::to_string(pid) +
                 ": write the id of the running server behind --server-pid"};
  }
  usage.cpu_s = OnCpuSeconds(process);
  ReadTicks(process, &usage);
  return usage;
}

ProcessUsage ReadOwnUsage() { return ReadProcessUsage(static_cast<uint32_t>(::getpid())).value(); }

// cpu <user> <nice> <system> <idle> <iowait> <irq> <softirq> ..., sums over all CPUs.
double ReadMachineCpuSeconds() {
  std::ifstream file("/proc/stat");
  std::string name;
  double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0;
  file >> name >> user >> nice >> system >> idle >> iowait >> irq >> softirq;
  return (user + nice + system + irq + softirq) / TicksPerSecond();
}

}  // namespace rat_memcache::load
