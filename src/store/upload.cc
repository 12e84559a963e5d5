// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/upload.h"

#include <algorithm>

#include "base/check.h"

namespace rat_memcache::store {

Upload::Upload(Shard* shard, const PutRequest& request, uint32_t value_size)
    : shard_(shard), key_(request.key.text), request_(request) {
  request_.key.text = key_;
  request_.value = {};
  draft_.key = request_.key;
  draft_.fields = {.key = key_,
                   .value_size = value_size,
                   .client_flags = request.client_flags,
                   .exptime = request.exptime};
}

Upload::~Upload() {
  MutexLock lock(&shard_->mutex_);
  shard_->AbandonDraft(&draft_);
}

bool Upload::MakeRoom() {
  MutexLock lock(&shard_->mutex_);
  shard_->AdoptEpoch();
  if (draft_.pieces.empty())
    draft_.pool = shard_->PoolFor(draft_.key, shard_->FindLive(draft_.key));
  room_ = shard_->ExtendDraft(&draft_, missing(), &room_bytes_);
  return room_ != nullptr;
}

bool Upload::Append(std::string_view bytes) {
  RAT_DCHECK(bytes.size() <= missing(), "more bytes than were announced");
  do {
    if (room_bytes_ == 0 && missing() > 0 && !MakeRoom()) return false;
    // Without the shard's lock: no slot names the piece, and it is pinned.
    const size_t taken = std::min(bytes.size(), room_bytes_);
    StoreSharedBytes(room_, bytes.data(), taken);
    bytes.remove_prefix(taken);
    room_ += taken;
    room_bytes_ -= taken;
    filled_ += static_cast<uint32_t>(taken);
  } while (!bytes.empty());
  return true;
}

PutResult Upload::Commit() {
  RAT_CHECK(missing() == 0, "committing an upload before all of it has come");
  if (draft_.pieces.empty()) return shard_->Put(request_);  // a stub lists at least one piece
  return shard_->CommitDraft(&draft_, request_);
}

}  // namespace rat_memcache::store
