// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/admin_commands.h"

#include <algorithm>
#include <string>

#include "protocol/ascii_reply.h"

namespace rat_memcache::command {
namespace {

namespace ascii = protocol::ascii;
using protocol::Op;
using protocol::Request;

}  // namespace

bool AdminCommands::Knows(Op op) {
  switch (op) {
    case Op::kVerbosity:
    case Op::kCacheMemlimit:
    case Op::kLru:
      return true;
    default:
      return false;
  }
}

void AdminCommands::Execute(const Request& request, GatherBuffer* out) {
  switch (request.op) {
    case Op::kVerbosity:
      return SetVerbosity(request, out);
    case Op::kCacheMemlimit:
      return SetMemoryLimit(request, out);
    default:
      return Lru(request.value, out);
  }
}

void AdminCommands::SetVerbosity(const Request& request, GatherBuffer* out) {
  context_->shared->log->set_verbosity(static_cast<int>(std::min<uint64_t>(request.number, 2)));
  Say(request.noreply, ascii::kOk, out);
}

void AdminCommands::SetMemoryLimit(const Request& request, GatherBuffer* out) {
  constexpr uint64_t kMegabytesMin = 8;
  constexpr uint64_t kMegabytesMax = 1'000'000'000;
  const uint64_t megabytes = request.number;
  const auto answer = [&](std::string_view text) { Say(request.noreply, text, out); };
  if (megabytes < kMegabytesMin) return answer(ascii::kMemlimitTooSmall);
  if (megabytes > kMegabytesMax) return answer(ascii::kMemlimitInBytes);
  if (!context_->cache->SetMemoryLimit(megabytes << 20)) return answer(ascii::kMemlimitOutOfBounds);
  context_->shared->log->Write(observe::Level::kInfo, "rat_memcached: the memory limit is now " +
                                                          std::to_string(megabytes) + " MiB");
  answer(ascii::kOk);
}

// `lru eviction NAME`, a word of ours: memcached's own belong to its lists.
void AdminCommands::Lru(std::string_view words, GatherBuffer* out) {
  constexpr std::string_view kWord = "eviction ";
  constexpr std::string_view kNoreply = " noreply";
  const bool noreply = words.ends_with(kNoreply);
  if (noreply) words.remove_suffix(kNoreply.size());
  if (!words.starts_with(kWord)) return Say(noreply, ascii::kError, out);
  const auto strategy = config::ParseEvictionStrategy(words.substr(kWord.size()));
  if (!strategy) {
    return Say(noreply,
               "CLIENT_ERROR unknown eviction strategy; there are " +
                   config::EvictionStrategyNames() + "\r\n",
               out);
  }
  context_->cache->SetEviction(*strategy);
  context_->shared->log->Write(
      observe::Level::kInfo,
      "rat_memcached: the eviction strategy is now " + std::string(config::NameOf(*strategy)));
  Say(noreply, ascii::kOk, out);
}

}  // namespace rat_memcache::command
