// SPDX-License-Identifier: LGPL-3.0-or-later
#include "load/progress.h"

#include <chrono>
#include <cstdio>
#include <unistd.h>

namespace rat_memcache::load {
namespace {

constexpr int64_t kIntervalNs = 200000000;

int64_t ClockNs() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

}  // namespace

Progress::Progress() : on_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (shown_ns_ != 0) std::fputs("\r\033[K", stderr);
}

bool Progress::IsDue() { return on_ && ClockNs() - shown_ns_ >= kIntervalNs; }

void Progress::Print(const std::string& text) {
  std::fprintf(stderr, "\rrat_load: %s\033[K", text.c_str());
  std::fflush(stderr);
}

void Progress::Count(uint64_t requests) {
  if (!IsDue()) return;
  const int64_t now_ns = ClockNs();
  const double seconds = static_cast<double>(now_ns - shown_ns_) / 1e9;
  const double rate = static_cast<double>(requests - shown_requests_) / seconds;
  shown_ns_ = now_ns;
  shown_requests_ = requests;
  Print(phase_ + ", " + std::to_string(static_cast<uint64_t>(rate)) + " requests/s");
}

void Progress::Show(std::string_view phase, uint64_t done, uint64_t all) {
  if (!IsDue()) return;
  shown_ns_ = ClockNs();
  Print(std::string(phase) + " " + std::to_string(done) + " of " + std::to_string(all));
}

}  // namespace rat_memcache::load
