// A large item on its way in: its bytes go straight into the log, piece by piece as they arrive,
// and nobody sees it before Commit(). Memory is taken for what has arrived, not for what was
// announced.
//
// Threads: one owner; several uploads, also of one key, may be open at a time, and the last
// Commit() wins. An Upload must not outlive its store.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/shard.h"

namespace rat_memcache::store {

class Upload {
 public:
  // `request.value` is not looked at; `value_size` bytes will come. The key is copied.
  Upload(Shard* shard, const PutRequest& request, uint32_t value_size);
  // What was not committed is given up.
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  // The next bytes of the value, at most as many as are missing. False if there is no memory for
  // them; then the upload has failed. With no bytes: whether there is memory to begin at all.
  bool Append(std::string_view bytes);
  uint32_t missing() const { return draft_.fields.value_size - filled_; }

  // Stores the item as Put() would have. All bytes must have come. Call once.
  PutResult Commit();

 private:
  bool MakeRoom();

  Shard* const shard_;
  const std::string key_;
  PutRequest request_;
  Shard::Draft draft_;
  uint32_t filled_ = 0;
  // Room of the last piece that is not filled yet.
  char* room_ = nullptr;
  size_t room_bytes_ = 0;
};

}  // namespace rat_memcache::store
