// The uploads of one connection, and the chunk that it is sending.
//
// Threads: one owner. The registry and the counters outlive it.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "command/pending_upload.h"
#include "observe/counters.h"

namespace rat_memcache::command {

class SessionUploads {
 public:
  // The payload of a set_data on its way in.
  struct Incoming {
    PendingUpload* upload = nullptr;  // null: there is none
    std::string_view reply;           // so far; unless it is `STORED`, the payload is dropped
    uint32_t size = 0;
    bool noreply = false;
  };

  SessionUploads(UploadRegistry* registry, observe::ThreadCounters* counters)
      : registry_(registry), counters_(counters) {}
  // What is open is given up.
  ~SessionUploads() { counters_->Add(observe::Count::kUploadsAborted, OpenCount()); }
  SessionUploads(const SessionUploads&) = delete;
  SessionUploads& operator=(const SessionUploads&) = delete;

  // The open upload of the key; null if there is none. Forgets those that have ended.
  PendingUpload* Find(std::string_view key, uint32_t now);
  size_t count() const { return uploads_.size(); }
  // In the place of the key's, if there is one. False if there is no memory for it; then nothing
  // has changed.
  bool Begin(PendingUpload::Announced announced, uint32_t now);
  void Drop(const PendingUpload* upload);

  Incoming incoming;

 private:
  uint64_t OpenCount() const;

  UploadRegistry* const registry_;
  observe::ThreadCounters* const counters_;
  std::vector<std::unique_ptr<PendingUpload>> uploads_;
};

}  // namespace rat_memcache::command
