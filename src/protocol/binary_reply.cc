// SPDX-License-Identifier: LGPL-3.0-or-later
#include "protocol/binary_reply.h"

#include "base/small_bytes.h"

namespace rat_memcache::protocol::binary {

void AppendReply(const BinaryHeader& request, const Reply& reply, GatherBuffer* out) {
  const size_t body = reply.key.size() + reply.value.size();
  char* const at = WriteHeader(out->Reserve(kHeaderBytes + body),
                               {.opcode = request.opcode,
                                .status = reply.status,
                                .key_bytes = static_cast<uint16_t>(reply.key.size()),
                                .body_bytes = static_cast<uint32_t>(body),
                                .opaque = request.opaque,
                                .cas = reply.cas});
  CopyBytes(at, reply.key.data(), reply.key.size());
  CopyBytes(at + reply.key.size(), reply.value.data(), reply.value.size());
  out->Commit(kHeaderBytes + body);
}

}  // namespace rat_memcache::protocol::binary
