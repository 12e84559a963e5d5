// SPDX-License-Identifier: LGPL-3.0-or-later
#include "observe/watch_hub.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

namespace rat_memcache::observe {

bool WatchHub::Watcher::Add(std::string_view line) {
  bool wakes = false;
  {
    MutexLock lock(&mutex_);
    if (lines_.size() + line.size() > bytes_max_) {
      ++skipped_;
      return false;
    }
    if (skipped_ > 0) lines_ += "skipped=" + std::to_string(std::exchange(skipped_, 0)) + "\n";
    lines_ += line;
    wakes = !std::exchange(woken_, true);
  }
  if (wakes) wake_();
  return true;
}

std::string WatchHub::Watcher::Take() {
  MutexLock lock(&mutex_);
  woken_ = false;
  return std::exchange(lines_, {});
}

void WatchHub::Report(WatchStream stream, std::string_view what) {
  using namespace std::chrono;
  const int64_t now = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
  // The lines of all threads in one order, so that the ids of each watcher only go up.
  MutexLock lock(&mutex_);
  char head[64];
  std::snprintf(head, sizeof head, "ts=%lld.%06d gid=%llu ",
                static_cast<long long>(now / 1'000'000), static_cast<int>(now % 1'000'000),
                static_cast<unsigned long long>(next_id_++));
  std::string line(head);
  line += what;
  line += '\n';
  ++counts_.written;
  for (const std::shared_ptr<Watcher>& watcher : watchers_) {
    if ((watcher->streams_ & static_cast<WatchStreams>(stream)) == 0) continue;
    if (watcher->Add(line)) {
      counts_.sent += line.size();
    } else {
      ++counts_.skipped;
    }
  }
}

std::shared_ptr<WatchHub::Watcher> WatchHub::Add(WatchStreams streams, std::function<void()> wake) {
  MutexLock lock(&mutex_);
  if (watchers_.size() == kWatchersMax) return nullptr;
  watchers_.push_back(std::make_shared<Watcher>(streams, bytes_max_, std::move(wake)));
  wanted_.fetch_or(streams, std::memory_order_relaxed);
  return watchers_.back();
}

void WatchHub::Remove(const std::shared_ptr<Watcher>& watcher) {
  MutexLock lock(&mutex_);
  watchers_.erase(std::remove(watchers_.begin(), watchers_.end(), watcher), watchers_.end());
  WatchStreams wanted = 0;
  for (const std::shared_ptr<Watcher>& other : watchers_) {
    wanted |= other->streams_;
  }
  wanted_.store(wanted, std::memory_order_relaxed);
}

WatchHub::Counts WatchHub::counts() const {
  MutexLock lock(&mutex_);
  Counts counts = counts_;
  counts.watchers = watchers_.size();
  return counts;
}

}  // namespace rat_memcache::observe
