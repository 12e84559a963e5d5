// Administration by text: limits, strategies, and what memcached has for its own engine.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include "base/gather_buffer.h"
#include "command/thread_context.h"
#include "protocol/request.h"

namespace rat_memcache::command {

class AdminCommands {
 public:
  explicit AdminCommands(const ThreadContext* context) : context_(context) {}

  // Whether the request is one of them.
  static bool Knows(protocol::Op op);
  void Execute(const protocol::Request& request, GatherBuffer* out);

 private:
  void SetVerbosity(const protocol::Request& request, GatherBuffer* out);
  void SetMemoryLimit(const protocol::Request& request, GatherBuffer* out);
  void Lru(std::string_view words, GatherBuffer* out);

  const ThreadContext* const context_;
};

}  // namespace rat_memcache::command
