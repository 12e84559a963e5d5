// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/eviction/tiny_lfu.h"

#include <algorithm>

namespace rat_memcache::store {

int TinyLfuPolicy::Place(uint64_t hash) {
  sketch_.Add(hash, 1);
  return kWindow;
}

SegmentId TinyLfuPolicy::Pick(const SegmentLog& log) const {
  const double window = static_cast<double>(log.PoolBytes(kWindow));
  const double in_use =
      window + static_cast<double>(log.PoolBytes(kMain) + log.PoolBytes(kMain + 1));
  const bool window_first = window > kWindowShare * in_use;
  const SegmentId of_window = OldestCleanable(log, kWindow, kWindow);
  // What another policy left in the last pool belongs to the main queue.
  const SegmentId of_main = OldestCleanable(log, kMain);
  if (of_main == kNoSegment) return of_window;
  return window_first && of_window != kNoSegment ? of_window : of_main;
}

void TinyLfuPolicy::BeginSegment(const Survey& survey) {
  sketch_.FitTo(survey.items);
  // The window's items are too young to be in question, and must not set the main queue's cutoff.
  Survey of_main = survey;
  of_main.sample = [&survey]() -> std::optional<ItemTraits> {
    std::optional<ItemTraits> item = survey.sample();
    if (item && item->meta.pool == kWindow) item.reset();
    return item;
  };
  main_order_.BeginSegment(of_main);
  in_main_ = false;
}

Verdict TinyLfuPolicy::Judge(uint64_t hash, ItemTraits* item, int pressure) {
  sketch_.Add(hash, item->meta.freq);
  item->meta.freq = 0;
  if (item->meta.pool == kWindow) return JudgeWindow(hash, pressure);
  in_main_ = true;
  const Verdict verdict = main_order_.Judge(hash, item, pressure);
  if (verdict == Verdict::kDrop) {
    victims_[next_victim_] = static_cast<uint8_t>(sketch_.Estimate(hash));
    next_victim_ = (next_victim_ + 1) % victims_.size();
  }
  return verdict;
}

Verdict TinyLfuPolicy::JudgeWindow(uint64_t hash, int pressure) {
  // The stricter of two: an estimate is never too low, but often too high.
  const uint8_t first = victims_[next_rival_];
  next_rival_ = (next_rival_ + 1) % victims_.size();
  const uint32_t rival = std::max(first, victims_[next_rival_]);
  // While the main queue has given up nothing yet, having been asked for again is enough.
  const uint32_t bar = std::max<uint32_t>(rival, 1) + static_cast<uint32_t>(pressure);
  return sketch_.Estimate(hash) > bar ? Verdict::kKeepInPool1 : Verdict::kDrop;
}

void TinyLfuPolicy::EndSegment(size_t bytes_seen, size_t bytes_kept) {
  if (in_main_) main_order_.EndSegment(bytes_seen, bytes_kept);
}

}  // namespace rat_memcache::store
