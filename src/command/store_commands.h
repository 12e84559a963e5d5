// Values on their way in, of every protocol: checked, stored at once or as they are streamed in,
// and answered.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <string_view>

#include "base/gather_buffer.h"
#include "command/session.h"
#include "command/thread_context.h"
#include "protocol/request.h"

namespace rat_memcache::command {

class StoreCommands {
 public:
  explicit StoreCommands(const ThreadContext* context) : context_(context) {}

  void Store(const protocol::Request& request, const cache::Key& key, Session* session,
             GatherBuffer* out);
  // The next bytes of a streamed value.
  void TakeBody(std::string_view bytes, Session* session);
  // All of it has come.
  void EndBody(bool framed_well, Session* session, GatherBuffer* out);

 private:
  cache::PutRequest PutRequestFor(const protocol::Request& request, const cache::Key& key) const;
  // As memcached counts it.
  uint64_t ItemSize(const protocol::Request& request) const;
  void BeginBody(const protocol::Request& request, const cache::Key& key, bool too_large,
                 Session* session);
  void GiveUpBody(Session* session, PutRefusal why);
  void Answer(const protocol::Request& request, const cache::Key& key, cache::PutResult result,
              GatherBuffer* out);
  // To watchers.
  void ReportLookup(const protocol::Request& request, const cache::Key& key);
  void Report(const protocol::Request& request, std::string_view status, uint64_t item_size,
              uint32_t value_size);
  // Counts why, and takes the old value away if that is the rule.
  void Refuse(const protocol::Request& request, const cache::Key& key, PutRefusal why);
  void SayRefusal(const protocol::Request& request, PutRefusal why, GatherBuffer* out);

  const ThreadContext* const context_;
};

}  // namespace rat_memcache::command
