// Replies of the binary protocol, as packets.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string_view>

#include "base/gather_buffer.h"
#include "protocol/binary_format.h"
#include "protocol/request.h"

namespace rat_memcache::protocol::binary {

// What stands in a reply beside what it repeats of its request.
struct Reply {
  Status status = Status::kOk;
  std::string_view key;
  std::string_view value;
  uint64_t cas = 0;
};

void AppendReply(const BinaryHeader& request, const Reply& reply, GatherBuffer* out);

// A reply with nothing but a status and its text.
inline void AppendError(const BinaryHeader& request, Status status, GatherBuffer* out) {
  AppendReply(request, {.status = status, .value = TextOf(status)}, out);
}

}  // namespace rat_memcache::protocol::binary
