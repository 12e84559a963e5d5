// A value that comes in chunks, in any order, and is not stored before its set_end.
//
// Texts that are returned are the reply: `STORED`, or what is wrong.
//
// Threads: the connection's, and for Expire() that of UploadRegistry::Sweep(). The lock is the
// upload's own, so the two meet only over an upload that is left lying about.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "command/upload_registry.h"

namespace rat_memcache::command {

// Memory of a chunk, which counts as long as this exists.
class HeldChunk {
 public:
  // What a chunk takes beside its bytes: its place in a table and the heap's own.
  static constexpr size_t kBookkeepingBytes = 96;

  HeldChunk() = default;
  ~HeldChunk() { Release(); }
  HeldChunk(HeldChunk&& other) noexcept
      : registry_(std::exchange(other.registry_, nullptr)),
        bytes_(std::move(other.bytes_)),
        size_(std::exchange(other.size_, 0)) {}
  HeldChunk& operator=(HeldChunk&& other) noexcept {
    if (this != &other) {
      Release();
      registry_ = std::exchange(other.registry_, nullptr);
      bytes_ = std::move(other.bytes_);
      size_ = std::exchange(other.size_, 0);
    }
    return *this;
  }
  HeldChunk(const HeldChunk&) = delete;
  HeldChunk& operator=(const HeldChunk&) = delete;

  // Empty; false if the limit is reached.
  bool Allocate(UploadRegistry* registry, uint32_t size);
  void Release();

  char* data() { return bytes_.get(); }
  uint32_t size() const { return size_; }
  std::string_view bytes() const { return {bytes_.get(), size_}; }

 private:
  UploadRegistry* registry_ = nullptr;  // null: nothing is held
  std::unique_ptr<char[]> bytes_;
  uint32_t size_ = 0;
};

class PendingUpload {
 public:
  struct Announced {
    std::string key;
    uint32_t total_size = 0;
    uint32_t chunk_count = 0;
    uint32_t client_flags = 0;
    int64_t exptime = 0;  // as the client wrote it
  };
  // What an upload takes before its first chunk.
  static constexpr size_t kBookkeepingBytes = 512;

  // TakeBookkeeping(kBookkeepingBytes) was successful.
  PendingUpload(UploadRegistry* registry, Announced announced, uint32_t now);
  ~PendingUpload();
  PendingUpload(const PendingUpload&) = delete;
  PendingUpload& operator=(const PendingUpload&) = delete;

  const Announced& announced() const { return announced_; }
  // Nothing was said about it for too long; its memory is gone.
  bool ended() const { return ended_.load(std::memory_order_relaxed); }
  // True if that happens now.
  bool ExpireIfIdle(uint32_t now);

  // A chunk of so many bytes comes: what is wrong with it, or `STORED`, which then has to come
  // true.
  std::string_view BeginChunk(uint64_t number, uint64_t size, uint32_t now);
  void AppendToChunk(std::string_view bytes, uint32_t now);
  std::string_view EndChunk(bool framed_well);

  // The first reply to a chunk that was wrong and that nobody was told.
  void Remember(std::string_view fault) {
    if (remembered_.empty()) remembered_ = fault;
  }
  std::string_view remembered() const { return remembered_; }

  // `STORED` if all chunks are there, which are then the caller's, in order. Otherwise the upload
  // stays as it is.
  std::string_view Take(std::vector<HeldChunk>* chunks);

 private:
  using Chunks = std::unordered_map<uint32_t, HeldChunk>;

  UploadRegistry* const registry_;
  const Announced announced_;
  std::string_view remembered_;
  // Relaxed: the lock orders what goes with them.
  std::atomic<uint32_t> last_used_;
  std::atomic<bool> ended_{false};

  Mutex mutex_;
  Chunks chunks_ RAT_GUARDED_BY(mutex_);
  uint64_t received_ RAT_GUARDED_BY(mutex_) = 0;  // bytes of all chunks_
  // The chunk that is coming.
  HeldChunk incoming_ RAT_GUARDED_BY(mutex_);
  uint32_t incoming_number_ RAT_GUARDED_BY(mutex_) = 0;
  uint32_t incoming_filled_ RAT_GUARDED_BY(mutex_) = 0;
};

}  // namespace rat_memcache::command
