// The streaming protocol: large values out and in, chunk by chunk (docs/streaming.md).
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <string_view>
#include <vector>

#include "base/gather_buffer.h"
#include "command/session.h"
#include "command/stat_lines.h"
#include "command/thread_context.h"
#include "protocol/request.h"

namespace rat_memcache::command {

class StreamingCommands {
 public:
  explicit StreamingCommands(const ThreadContext* context) : context_(context) {}

  void Execute(const protocol::Request& request, const cache::Key& key, Session* session,
               GatherBuffer* out);
  // The next bytes of a chunk that comes in parts.
  void TakeBody(std::string_view bytes, Session* session);
  // All of it has come.
  void EndBody(bool framed_well, Session* session, GatherBuffer* out);

 private:
  using Text = std::string_view;

  // Null: a stream has begun, and its first line is written.
  Text Get(const protocol::Request& request, const cache::Key& key, Session* session,
           GatherBuffer* out);
  Text Begin(const protocol::Request& request, Session* session);
  void Data(const protocol::Request& request, Session* session, GatherBuffer* out);
  // What is wrong with a chunk before its payload is looked at, or `STORED`.
  Text BeginChunk(const protocol::Request& request, PendingUpload* upload);
  void EndChunk(bool framed_well, const SessionUploads::Incoming& chunk, GatherBuffer* out);
  Text End(const protocol::Request& request, const cache::Key& key, Session* session);
  Text Abort(const protocol::Request& request, Session* session);
  // As one set. False: there is no room.
  bool Store(const PendingUpload::Announced& announced, const cache::Key& key,
             std::vector<HeldChunk> chunks);
  cache::PutResult Put(const cache::PutRequest& request, uint32_t total_size,
                       std::vector<HeldChunk> chunks);
  PendingUpload* Find(std::string_view key, Session* session) const;
  SessionUploads* UploadsOf(Session* session) const;

  const ThreadContext* const context_;
};

// `stats streaming`.
void AppendStreamingStats(const Context& context, StatLines* lines);

}  // namespace rat_memcache::command
