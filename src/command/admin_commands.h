// Administration by text: limits, strategies, dumps, and what memcached has for its own engine.
//
// What has no counterpart in our engine is checked as memcached checks it, kept for `stats
// settings`, and has no effect (docs/options.md says which).
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "base/gather_buffer.h"
#include "command/session.h"
#include "command/thread_context.h"
#include "protocol/request.h"

namespace rat_memcache::command {

class AdminCommands {
 public:
  explicit AdminCommands(const ThreadContext* context) : context_(context) {}

  // False: the connection is to be closed.
  bool Execute(const protocol::Request& request, Session* session, GatherBuffer* out);

 private:
  // The words behind the command, without a `noreply` at their end.
  class Words;
  // Whether replies to earlier requests are still on their way.
  enum class Behind : uint8_t { kNothing, kOthers };

  std::string SetVerbosity(uint64_t level);
  std::string SetMemoryLimit(uint64_t megabytes);
  std::string SetEviction(std::string_view name);
  std::string Lru(const Words& words);
  std::string LruCrawler(const Words& words, Behind behind, Session* session);
  std::string SwitchCrawler(bool on);
  std::string Crawl(std::string_view classes);
  std::string BeginDump(const Words& words, Behind behind, Session* session);
  std::string Slabs(const Words& words);
  std::string Reassign(const Words& words);
  std::string Automove(const Words& words);
  std::string Extstore(const Words& words);
  // Empty: done, and the connection is to be closed.
  std::string Shutdown(const Words& words);
  std::string DebugTime(const Words& words);
  std::string RefreshCertificates();
  std::string Watch(std::string_view words, Behind behind, Session* session);

  const ThreadContext* const context_;
};

}  // namespace rat_memcache::command
