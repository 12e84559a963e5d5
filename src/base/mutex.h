// A mutex that Clang's thread-safety analysis understands. What it guards is written at the members
// with RAT_GUARDED_BY. It is meant for work of a microsecond or less: who finds it held waits as
// long as that before it goes to sleep, since falling asleep and being woken take several.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <mutex>

#include "base/spin_wait.h"
#include "base/thread_annotations.h"

namespace rat_memcache {

class RAT_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() RAT_ACQUIRE() {
    for (int i = 0; i < kTriesBeforeSleep; ++i) {
      if (mutex_.try_lock()) return;
      PauseProcessor();
    }
    mutex_.lock();
  }
  bool TryLock() RAT_TRY_ACQUIRE(true) { return mutex_.try_lock(); }
  void Unlock() RAT_RELEASE() { mutex_.unlock(); }

 private:
  static constexpr int kTriesBeforeSleep = 64;
  std::mutex mutex_;
};

class RAT_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex* mutex) RAT_ACQUIRE(mutex) : mutex_(mutex) { mutex_->Lock(); }
  ~MutexLock() RAT_RELEASE() { mutex_->Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* const mutex_;
};

}  // namespace rat_memcache
