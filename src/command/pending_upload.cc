// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/pending_upload.h"

#include <cstring>

#include "base/check.h"
#include "protocol/stream_reply.h"

namespace rat_memcache::command {

namespace ascii = protocol::ascii;

bool HeldChunk::Allocate(UploadRegistry* registry, uint32_t size) {
  Release();
  if (!registry->TakePayload(size)) return false;
  if (!registry->TakeBookkeeping(kBookkeepingBytes)) {
    registry->GivePayload(size);
    return false;
  }
  registry_ = registry;
  size_ = size;
  bytes_ = std::make_unique_for_overwrite<char[]>(size);
  return true;
}

void HeldChunk::Release() {
  if (registry_ == nullptr) return;
  bytes_.reset();
  registry_->GivePayload(size_);
  registry_->GiveBookkeeping(kBookkeepingBytes);
  registry_ = nullptr;
  size_ = 0;
}

PendingUpload::PendingUpload(UploadRegistry* registry, Announced announced, uint32_t now)
    : registry_(registry), announced_(std::move(announced)), last_used_(now) {
  registry_->Add(this);
}

PendingUpload::~PendingUpload() {
  registry_->Remove(this);
  if (!ended()) registry_->CountEnded();
  registry_->GiveBookkeeping(kBookkeepingBytes);
}

bool PendingUpload::ExpireIfIdle(uint32_t now) {
  const uint32_t timeout = registry_->limits().upload_timeout;
  const auto idle = [&] { return now - last_used_.load(std::memory_order_relaxed) > timeout; };
  if (ended() || now < last_used_.load(std::memory_order_relaxed) || !idle()) return false;
  MutexLock lock(&mutex_);
  // It may have been used since.
  if (ended() || now < last_used_.load(std::memory_order_relaxed) || !idle()) return false;
  ended_.store(true, std::memory_order_relaxed);
  Chunks().swap(chunks_);
  incoming_.Release();
  received_ = 0;
  registry_->CountEnded();
  return true;
}

std::string_view PendingUpload::BeginChunk(uint64_t number, uint64_t size, uint32_t now) {
  MutexLock lock(&mutex_);
  if (ended()) return ascii::kUploadNone;
  last_used_.store(now, std::memory_order_relaxed);
  if (number >= announced_.chunk_count) return ascii::kUploadBadChunkNumber;
  if (size == 0 || size > registry_->limits().max_chunk_size) return ascii::kUploadChunkTooLarge;
  const auto number_32 = static_cast<uint32_t>(number);
  const auto before = chunks_.find(number_32);
  const uint64_t others = received_ - (before != chunks_.end() ? before->second.size() : 0);
  if (others + size > announced_.total_size) return ascii::kUploadExceedsTotal;
  if (!incoming_.Allocate(registry_, static_cast<uint32_t>(size))) return ascii::kUploadNoMemory;
  incoming_number_ = number_32;
  incoming_filled_ = 0;
  return ascii::kStored;
}

void PendingUpload::AppendToChunk(std::string_view bytes, uint32_t now) {
  MutexLock lock(&mutex_);
  if (ended()) return;
  last_used_.store(now, std::memory_order_relaxed);
  RAT_CHECK(bytes.size() <= incoming_.size() - incoming_filled_, "a chunk is too long");
  std::memcpy(incoming_.data() + incoming_filled_, bytes.data(), bytes.size());
  incoming_filled_ += static_cast<uint32_t>(bytes.size());
}

std::string_view PendingUpload::EndChunk(bool framed_well) {
  MutexLock lock(&mutex_);
  if (ended()) return ascii::kUploadNone;
  if (!framed_well) {
    incoming_.Release();
    return ascii::TextOf(protocol::Reject::kBadChunk);
  }
  RAT_CHECK(incoming_filled_ == incoming_.size(), "a chunk is too short");
  HeldChunk& place = chunks_[incoming_number_];
  received_ = received_ - place.size() + incoming_.size();
  place = std::move(incoming_);
  return ascii::kStored;
}

std::string_view PendingUpload::Take(std::vector<HeldChunk>* chunks) {
  MutexLock lock(&mutex_);
  if (ended()) return ascii::kUploadNone;
  if (chunks_.size() < announced_.chunk_count) return ascii::kUploadIncomplete;
  if (received_ < announced_.total_size) return ascii::kUploadSizeMismatch;
  chunks->reserve(announced_.chunk_count);
  for (uint32_t number = 0; number < announced_.chunk_count; ++number) {
    chunks->push_back(std::move(chunks_.find(number)->second));
  }
  Chunks().swap(chunks_);
  received_ = 0;
  return ascii::kStored;
}

}  // namespace rat_memcache::command
