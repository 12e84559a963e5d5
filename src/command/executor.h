// Carries requests out and writes their replies: the only place that knows protocol and cache both.
//
// A batch is worked on in three passes: hash the keys and fetch their index buckets, fetch the
// items, execute. By the time a request is executed, what it needs is in the processor's cache.
//
// Threads: one executor per thread; sessions belong to connections, and so to one thread too.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/gather_buffer.h"
#include "command/admin_commands.h"
#include "command/binary_commands.h"
#include "command/classic_commands.h"
#include "command/context.h"
#include "command/login_commands.h"
#include "command/meta_commands.h"
#include "command/session.h"
#include "command/store_commands.h"
#include "command/streaming_commands.h"
#include "command/thread_context.h"
#include "observe/counters.h"
#include "protocol/request.h"

namespace rat_memcache::command {

class Executor {
 public:
  Executor(const Context* context, observe::ThreadCounters* counters)
      : context_{context, context->cache, counters} {}
  // Its parts refer to each other.
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  using After = command::After;
  // Executes the requests in order. kClose: the client said quit, or what cannot be forgiven; what
  // follows is not executed.
  After Run(protocol::RequestBatch* batch, Session* session, GatherBuffer* out);
  // The same with one request, for who must know what each has answered.
  After RunOne(const protocol::Request& request, Session* session, GatherBuffer* out);
  // Whether the session must log in before anything else, which its parser has to know.
  bool NeedsLogin(const Session& session) const { return logins_.Required(session); }

 private:
  // Requests that go through the passes together; about as many as the processor can have cache
  // lines on the way.
  static constexpr size_t kWave = 32;

  After Execute(const protocol::Request& request, const cache::Key& key, Session* session,
                GatherBuffer* out);
  After ExecuteBinary(const protocol::Request& request, const cache::Key& key, Session* session,
                      GatherBuffer* out);
  // One after the other, as long as the session must log in.
  After RunLogin(protocol::RequestBatch* batch, Session* session, GatherBuffer* out);
  void LogRequest(const protocol::Request& request) const;

  ThreadContext context_;
  StoreCommands stores_{&context_};
  ClassicCommands classic_{&context_};
  MetaCommands meta_{&context_};
  AdminCommands admin_{&context_};
  BinaryCommands binary_{&context_};
  StreamingCommands streaming_{&context_};
  LoginCommands logins_{&context_};
  std::array<cache::Key, protocol::RequestBatch::kCapacity> keys_;
};

}  // namespace rat_memcache::command
