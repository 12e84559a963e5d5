// Carries requests out and writes their replies: the only place that knows protocol and cache both.
//
// A batch is worked on in three passes: hash the keys and fetch their index buckets, fetch the
// items, execute. By the time a request is executed, what it needs is in the processor's cache.
//
// Threads: one executor per thread; sessions belong to connections, and so to one thread too.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/gather_buffer.h"
#include "command/context.h"
#include "observe/counters.h"
#include "protocol/request.h"

namespace rat_memcache::command {

// What a connection must remember between batches: a value that is being streamed in, if there is
// one.
class Session {
 private:
  friend class Executor;

  struct Incoming {
    // Null if the value was refused: then its bytes are dropped, and `refusal` is said behind them.
    std::unique_ptr<cache::Upload> upload;
    std::string_view refusal;
    protocol::Op op;
    bool noreply;
    std::string key;
  };
  std::unique_ptr<Incoming> incoming_;
};

class Executor {
 public:
  Executor(const Context* context, observe::ThreadCounters* counters)
      : context_(context), cache_(context->cache), counters_(counters) {}

  enum class After : uint8_t { kGoOn, kClose };
  // Executes the requests in order. kClose: the client said quit; what follows is not executed.
  After Run(protocol::RequestBatch* batch, Session* session, GatherBuffer* out);

 private:
  // Requests that go through the passes together; about as many as the processor can have cache
  // lines on the way.
  static constexpr size_t kWave = 32;

  After Execute(const protocol::Request& request, const cache::Key& key, Session* session,
                GatherBuffer* out);
  void Retrieve(const protocol::Request& request, const cache::Key& key, GatherBuffer* out);
  void Store(const protocol::Request& request, const cache::Key& key, Session* session,
             GatherBuffer* out);
  void BeginBody(const protocol::Request& request, const cache::Key& key, bool too_large,
                 Session* session);
  void TakeBody(std::string_view bytes, Session* session);
  void GiveUpBody(Session* session, std::string_view why);
  void EndBody(bool framed_well, Session* session, GatherBuffer* out);
  void AnswerPut(protocol::Op op, bool noreply, const cache::Key& key, cache::PutStatus status,
                 GatherBuffer* out);
  // Counts why, and takes the old value away if that is the rule.
  void RefusePut(protocol::Op op, const cache::Key& key, std::string_view why);
  void Delete(const protocol::Request& request, const cache::Key& key, GatherBuffer* out);
  void ChangeNumber(const protocol::Request& request, const cache::Key& key, GatherBuffer* out);
  void Touch(const protocol::Request& request, const cache::Key& key, GatherBuffer* out);
  void SetMemoryLimit(const protocol::Request& request, GatherBuffer* out);
  void SetEviction(const protocol::Request& request, GatherBuffer* out);
  void FlushAll(const protocol::Request& request, GatherBuffer* out);
  void LogRequest(const protocol::Request& request) const;
  uint32_t Exptime(int32_t exptime) const;
  cache::PutRequest PutRequestFor(const protocol::Request& request, const cache::Key& key) const;

  const Context* const context_;
  cache::Cache* const cache_;
  observe::ThreadCounters* const counters_;
  std::array<cache::Key, protocol::RequestBatch::kCapacity> keys_;
};

}  // namespace rat_memcache::command
