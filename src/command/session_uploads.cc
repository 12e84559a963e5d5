// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/session_uploads.h"

#include <algorithm>
#include <utility>

namespace rat_memcache::command {

using observe::Count;

PendingUpload* SessionUploads::Find(std::string_view key, uint32_t now) {
  for (const auto& upload : uploads_) {
    if (upload->ExpireIfIdle(now)) counters_->Add(Count::kUploadsExpired);
  }
  std::erase_if(uploads_, [](const auto& upload) { return upload->ended(); });
  const auto found = std::find_if(uploads_.begin(), uploads_.end(), [&](const auto& upload) {
    return upload->announced().key == key;
  });
  return found == uploads_.end() ? nullptr : found->get();
}

bool SessionUploads::Begin(PendingUpload::Announced announced, uint32_t now) {
  PendingUpload* const before = Find(announced.key, now);
  if (!registry_->TakeBookkeeping(PendingUpload::kBookkeepingBytes)) return false;
  if (before != nullptr) {
    counters_->Add(Count::kUploadsAborted);
    Drop(before);
  }
  uploads_.push_back(std::make_unique<PendingUpload>(registry_, std::move(announced), now));
  return true;
}

void SessionUploads::Drop(const PendingUpload* upload) {
  std::erase_if(uploads_, [&](const auto& other) { return other.get() == upload; });
}

uint64_t SessionUploads::OpenCount() const {
  return static_cast<uint64_t>(std::count_if(uploads_.begin(), uploads_.end(),
                                             [](const auto& upload) { return !upload->ended(); }));
}

}  // namespace rat_memcache::command
