// The meta protocol: mg, ms, md, ma, me, mn.
//
// A reply is a code of two letters and the flags that the client asked for, in its order. `q` hides
// what the client expects anyway: the miss of an mg, the success of the others; never an error.
//
// Source: memcached's doc/protocol.txt ("Meta Commands"), and its behaviour.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include "base/gather_buffer.h"
#include "command/thread_context.h"
#include "protocol/request.h"

namespace rat_memcache::command {

class MetaCommands {
 public:
  explicit MetaCommands(const ThreadContext* context) : context_(context) {}

  void Get(const protocol::Request& request, const cache::Key& key, GatherBuffer* out);
  void Delete(const protocol::Request& request, const cache::Key& key, GatherBuffer* out);
  void Arithmetic(const protocol::Request& request, const cache::Key& key, GatherBuffer* out);
  void Debug(const protocol::Request& request, const cache::Key& key, GatherBuffer* out);

 private:
  // What a read has seen of an item that it has counted as used.
  struct ReadBefore {
    bool fetched = false;
    uint32_t idle_seconds = 0;
  };
  // A get with effects. `before`: null unless such a read has gone before. Returns what it found.
  cache::Found Fetch(const protocol::Request& request, const cache::Key& key,
                     const ReadBefore* before, GatherBuffer* out);

  const ThreadContext* const context_;
};

// ms: what it says beyond an ordinary store, and its reply.
namespace meta {
void FillPut(const protocol::MetaRequest& meta, const ThreadContext& context,
             cache::PutRequest* put);
void AnswerPut(const protocol::Request& request, cache::PutResult result, GatherBuffer* out);
}  // namespace meta

}  // namespace rat_memcache::command
