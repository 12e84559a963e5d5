// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/upload_registry.h"

#include <algorithm>

#include "command/pending_upload.h"

namespace rat_memcache::command {

size_t UploadRegistry::BookkeepingMax() const {
  const size_t one =
      PendingUpload::kBookkeepingBytes + limits_->max_chunks * HeldChunk::kBookkeepingBytes;
  return std::max(limits_->max_upload_memory / 4, one);
}

bool UploadRegistry::Take(std::atomic<size_t>* used, size_t limit, size_t bytes) {
  const size_t before = used->fetch_add(bytes, std::memory_order_relaxed);
  if (before + bytes > limit) {
    used->fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  cache_->ChargeExternal(static_cast<int64_t>(bytes));
  return true;
}

void UploadRegistry::Give(std::atomic<size_t>* used, size_t bytes) {
  used->fetch_sub(bytes, std::memory_order_relaxed);
  cache_->ChargeExternal(-static_cast<int64_t>(bytes));
}

void UploadRegistry::Add(PendingUpload* upload) {
  open_.fetch_add(1, std::memory_order_relaxed);
  MutexLock lock(&mutex_);
  uploads_.insert(upload);
}

void UploadRegistry::Remove(PendingUpload* upload) {
  MutexLock lock(&mutex_);
  uploads_.erase(upload);
}

size_t UploadRegistry::Sweep(uint32_t now) {
  size_t ended = 0;
  MutexLock lock(&mutex_);
  for (PendingUpload* const upload : uploads_) {
    if (upload->ExpireIfIdle(now)) ++ended;
  }
  return ended;
}

}  // namespace rat_memcache::command
