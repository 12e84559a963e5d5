// The binary protocol: what each opcode does, and its replies.
//
// Source: memcached's doc/protocol-binary.txt, and its behaviour.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include "base/gather_buffer.h"
#include "command/incoming_value.h"
#include "command/thread_context.h"
#include "protocol/request.h"

namespace rat_memcache::command {

// Storage commands: what they say beyond an ordinary store, and their replies.
namespace binary {
void FillPut(const protocol::Request& request, cache::PutRequest* put);
void AnswerPut(const protocol::Request& request, cache::PutResult result, GatherBuffer* out);
void AnswerRefusal(const protocol::Request& request, PutRefusal why, GatherBuffer* out);
}  // namespace binary

}  // namespace rat_memcache::command
