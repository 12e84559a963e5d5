// A value on its way to a client, chunk by chunk, as the client reads it.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "command/producer.h"
#include "command/thread_context.h"

namespace rat_memcache::command {

class ValueStream : public Producer {
 public:
  struct Chunks {
    uint32_t size = 0;
    uint32_t count = 0;
    uint32_t first = 0;
  };

  // `value` has all its bytes still.
  ValueStream(const ThreadContext& context, std::string_view key, cache::PinnedValue value,
              const Chunks& chunks);
  ~ValueStream() override;

  bool Produce(GatherBuffer* out) override;

 private:
  // What is ready at a time: so much, or so many chunks if that is more.
  static constexpr size_t kReadyBytes = 64 << 10;
  static constexpr int kReadyChunks = 4;

  uint32_t NextChunkBytes() const { return std::min(chunks_.size, value_.left()); }

  const ThreadContext context_;
  const std::string key_;
  cache::PinnedValue value_;
  const Chunks chunks_;
  uint32_t next_;
  bool ended_ = false;
};

}  // namespace rat_memcache::command
