// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/value_stream.h"

#include <algorithm>
#include <utility>

#include "protocol/stream_reply.h"

namespace rat_memcache::command {

namespace ascii = protocol::ascii;
using observe::Count;

ValueStream::ValueStream(const ThreadContext& context, std::string_view key,
                         cache::PinnedValue value, const Chunks& chunks)
    : context_(context), key_(key), value_(std::move(value)), chunks_(chunks), next_(chunks.first) {
  context_.counters->Add(Count::kStreamsBegun);
  context_.cache->ChargeExternal(static_cast<int64_t>(value_.copied_bytes()));
  // Fits, since the first chunk begins within the value.
  value_.Skip(chunks_.first * chunks_.size);
}

ValueStream::~ValueStream() {
  context_.cache->ChargeExternal(-static_cast<int64_t>(value_.copied_bytes()));
  context_.counters->Add(Count::kStreamsEnded);
  if (!ended_) context_.counters->Add(Count::kStreamsFailed);
}

bool ValueStream::Produce(GatherBuffer* out) {
  const size_t line_max = ascii::StreamLineMax(key_.size());
  const size_t before = out->size();
  for (int chunks = 0;; ++chunks) {
    if (next_ == chunks_.count) {
      char* const begin = out->Reserve(line_max);
      out->Commit(static_cast<size_t>(ascii::WriteStreamEnd(begin, key_) - begin));
      ended_ = true;
      return false;
    }
    const uint32_t bytes = NextChunkBytes();
    char* const begin = out->Reserve(line_max + bytes + 2);
    out->Commit(static_cast<size_t>(ascii::WriteStreamData(begin, key_, next_, bytes) - begin));
    value_.AppendTo(out, bytes);
    out->Append("\r\n");
    context_.counters->Add(Count::kStreamBytesOut, bytes);
    ++next_;
    const size_t with_next = out->size() - before + line_max + NextChunkBytes();
    if (chunks + 1 >= kReadyChunks && with_next > kReadyBytes) return true;
  }
}

}  // namespace rat_memcache::command
