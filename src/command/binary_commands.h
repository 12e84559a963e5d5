// The binary protocol: what each opcode does, and its replies.
//
// A quiet opcode leaves out what its client expects: the miss of a read, the success of everything
// else. Errors are told always, such as that a key to be deleted is not there.
//
// Source: memcached's doc/protocol-binary.txt, and its behaviour.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include "base/gather_buffer.h"
#include "command/incoming_value.h"
#include "command/session.h"
#include "command/thread_context.h"
#include "protocol/request.h"

namespace rat_memcache::command {

// Everything but stores and logins.
class BinaryCommands {
 public:
  explicit BinaryCommands(const ThreadContext* context) : context_(context) {}

  After Execute(const protocol::Request& request, const cache::Key& key, GatherBuffer* out);

 private:
  void Retrieve(const protocol::Request& request, const cache::Key& key, GatherBuffer* out);
  void Delete(const protocol::Request& request, const cache::Key& key, GatherBuffer* out);
  void ChangeNumber(const protocol::Request& request, const cache::Key& key, GatherBuffer* out);
  void FlushAll(const protocol::Request& request, GatherBuffer* out);
  void Stat(const protocol::Request& request, GatherBuffer* out);

  const ThreadContext* const context_;
};

// Storage commands: what they say beyond an ordinary store, and their replies.
namespace binary {
// Whether it is counted as memcached's cas is.
bool IsCas(const protocol::Request& request);
void FillPut(const protocol::Request& request, cache::PutRequest* put);
void AnswerPut(const protocol::Request& request, cache::PutResult result, GatherBuffer* out);
void AnswerRefusal(const protocol::Request& request, PutRefusal why, GatherBuffer* out);
}  // namespace binary

}  // namespace rat_memcache::command
