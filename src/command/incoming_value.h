// A value that is being streamed in, and the request it belongs to.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cache/cache.h"
#include "protocol/request.h"

namespace rat_memcache::command {

// Why a value is not stored, whatever the item there is.
enum class PutRefusal : uint8_t { kTooLarge, kNoMemory, kNoMemoryDuringRead };

// A copy of a request that outlives the bytes it was parsed from.
class KeptRequest {
 public:
  explicit KeptRequest(const protocol::Request& request) : request_(request) {
    text_.append(request.key);
    if (request.meta != nullptr) {
      meta_ = *request.meta;
      text_.append(meta_.wire_key).append(meta_.flags);
    }
    if (request.binary != nullptr) header_ = *request.binary;
    // The text has its place now.
    std::string_view rest = text_;
    request_.key = Take(request.key.size(), &rest);
    request_.value = {};
    if (request.meta != nullptr) {
      meta_.wire_key = Take(meta_.wire_key.size(), &rest);
      meta_.flags = Take(meta_.flags.size(), &rest);
      request_.meta = &meta_;
    }
    if (request.binary != nullptr) request_.binary = &header_;
  }
  KeptRequest(const KeptRequest&) = delete;
  KeptRequest& operator=(const KeptRequest&) = delete;

  const protocol::Request& get() const { return request_; }

 private:
  static std::string_view Take(size_t size, std::string_view* from) {
    const std::string_view taken = from->substr(0, size);
    from->remove_prefix(size);
    return taken;
  }

  protocol::Request request_;
  protocol::MetaRequest meta_{};
  protocol::BinaryHeader header_;
  std::string text_;
};

struct IncomingValue {
  explicit IncomingValue(const protocol::Request& request) : kept(request) {}

  const KeptRequest kept;
  // Null if the value was refused: then its bytes are dropped, and the refusal is said behind them.
  std::unique_ptr<cache::Upload> upload;
  PutRefusal refusal = PutRefusal::kTooLarge;
};

}  // namespace rat_memcache::command
