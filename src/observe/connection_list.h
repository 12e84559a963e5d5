// The open connections and listeners, for `stats conns`.
//
// Threads: any. What an entry says is asked for under the list's lock, so an entry that is being
// taken out is either shown whole or not at all.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.h"

namespace rat_memcache::observe {

struct ConnectionReport {
  int64_t handle = 0;
  bool udp = false;
  std::string address;
  std::string listen_address;  // empty: a listener
  std::string_view state;      // memcached's word: conn_...
  std::optional<uint32_t> seconds_since_command;
};

class ConnectionList {
 public:
  // Something that is listed from Enlist() to Unlist(). Both by its owner: when it is complete, and
  // before what Describe() looks at goes away.
  class Entry {
   public:
    Entry() = default;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    virtual ConnectionReport Describe() const = 0;

   protected:
    virtual ~Entry() = default;
    void Enlist(ConnectionList* list) {
      list_ = list;
      list_->Add(this);
    }
    void Unlist() {
      if (list_ != nullptr) list_->Remove(this);
      list_ = nullptr;
    }

   private:
    friend class ConnectionList;
    ConnectionList* list_ = nullptr;
    Entry* next_ = nullptr;
    Entry* previous_ = nullptr;
  };

  // visit(const ConnectionReport&)
  template <class Visit>
  void ForEach(Visit&& visit) const {
    MutexLock lock(&mutex_);
    for (const Entry* entry = first_; entry != nullptr; entry = entry->next_) {
      visit(entry->Describe());
    }
  }

 private:
  void Add(Entry* entry) {
    MutexLock lock(&mutex_);
    entry->previous_ = last_;
    (last_ != nullptr ? last_->next_ : first_) = entry;
    last_ = entry;
  }
  void Remove(Entry* entry) {
    MutexLock lock(&mutex_);
    (entry->previous_ != nullptr ? entry->previous_->next_ : first_) = entry->next_;
    (entry->next_ != nullptr ? entry->next_->previous_ : last_) = entry->previous_;
  }

  mutable Mutex mutex_;
  Entry* first_ RAT_GUARDED_BY(mutex_) = nullptr;
  Entry* last_ RAT_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace rat_memcache::observe
