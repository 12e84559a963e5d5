// Settings that can be changed while the server runs and that memcached shows: most have no effect
// on our engine, and are kept for who asks.
//
// Threads: any.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <utility>

#include "base/mutex.h"
#include "config/server_options.h"

namespace rat_memcache::command {

class Tunables {
 public:
  Tunables() = default;
  explicit Tunables(const config::ServerOptions& options)
      : hints_(options.hints), extstore_(options.extstore) {}

  config::EngineHints hints() const {
    MutexLock lock(&mutex_);
    return hints_;
  }
  config::ExtstoreHints extstore() const {
    MutexLock lock(&mutex_);
    return extstore_;
  }
  // change(&hints), change(&extstore)
  template <class Change>
  void ChangeHints(Change&& change) {
    MutexLock lock(&mutex_);
    change(&hints_);
  }
  template <class Change>
  void ChangeExtstore(Change&& change) {
    MutexLock lock(&mutex_);
    change(&extstore_);
  }

 private:
  mutable Mutex mutex_;
  config::EngineHints hints_ RAT_GUARDED_BY(mutex_);
  config::ExtstoreHints extstore_ RAT_GUARDED_BY(mutex_);
};

}  // namespace rat_memcache::command
