// SPDX-License-Identifier: LGPL-3.0-or-later
#include "observe/counters.h"

namespace rat_memcache::observe {

ThreadCounters* CounterRegistry::Register() {
  MutexLock lock(&mutex_);
  return blocks_.emplace_back(std::make_unique<ThreadCounters>()).get();
}

CounterRegistry::Sums CounterRegistry::SumLocked() const {
  Sums sums;
  for (const auto& block : blocks_) {
    for (size_t i = 0; i < kCountsTotal; ++i) {
      sums.counts[i] += block->Get(static_cast<Count>(i));
    }
    for (size_t size_class = 0; size_class < kSizeClassesMax; ++size_class) {
      for (size_t i = 0; i < kClassCountsTotal; ++i) {
        sums.in_class[size_class][i] += block->Get(static_cast<ClassCount>(i), size_class);
      }
    }
  }
  return sums;
}

CounterRegistry::Sums CounterRegistry::Sum() const {
  MutexLock lock(&mutex_);
  Sums sums = SumLocked();
  for (size_t i = 0; i < kCountsTotal; ++i) {
    sums.counts[i] -= at_reset_.counts[i];
  }
  for (size_t size_class = 0; size_class < kSizeClassesMax; ++size_class) {
    for (size_t i = 0; i < kClassCountsTotal; ++i) {
      sums.in_class[size_class][i] -= at_reset_.in_class[size_class][i];
    }
  }
  return sums;
}

CounterRegistry::Sums CounterRegistry::SumSinceStart() const {
  MutexLock lock(&mutex_);
  return SumLocked();
}

void CounterRegistry::Reset() {
  MutexLock lock(&mutex_);
  at_reset_ = SumLocked();
}

}  // namespace rat_memcache::observe
