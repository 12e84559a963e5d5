// The classic text protocol: everything but stores.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include "base/gather_buffer.h"
#include "command/thread_context.h"
#include "protocol/request.h"

namespace rat_memcache::command {

class ClassicCommands {
 public:
  explicit ClassicCommands(const ThreadContext* context) : context_(context) {}

  void Retrieve(const protocol::Request& request, const cache::Key& key, GatherBuffer* out);
  void Delete(const protocol::Request& request, const cache::Key& key, GatherBuffer* out);
  void ChangeNumber(const protocol::Request& request, const cache::Key& key, GatherBuffer* out);
  void Touch(const protocol::Request& request, const cache::Key& key, GatherBuffer* out);
  void FlushAll(const protocol::Request& request, GatherBuffer* out);

 private:
  const ThreadContext* const context_;
};

// Flushes now or later, as memcached understands the time.
void FlushAt(const ThreadContext& context, int64_t exptime);

}  // namespace rat_memcache::command
