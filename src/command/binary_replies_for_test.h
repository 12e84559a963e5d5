// Replies of the binary protocol as text, for tests.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/binary_format.h"

namespace rat_memcache::command {

struct BinaryReply {
  protocol::binary::Opcode opcode;
  protocol::binary::Status status;
  uint32_t opaque;
  uint64_t cas;
  std::string extras;
  std::string key;
  std::string value;
};

inline std::vector<BinaryReply> RepliesIn(std::string_view bytes) {
  using protocol::binary::ReadBig;
  std::vector<BinaryReply> replies;
  while (bytes.size() >= protocol::binary::kHeaderBytes) {
    const char* const at = bytes.data();
    EXPECT_EQ(ReadBig<uint8_t>(at), protocol::binary::kReplyMagic);
    EXPECT_EQ(at[5], 0) << "data type";
    const size_t key = ReadBig<uint16_t>(at + 2);
    const size_t extras = ReadBig<uint8_t>(at + 4);
    const size_t body = ReadBig<uint32_t>(at + 8);
    const std::string_view rest = bytes.substr(protocol::binary::kHeaderBytes);
    if (rest.size() < body || body < key + extras) break;
    replies.push_back({.opcode = static_cast<protocol::binary::Opcode>(ReadBig<uint8_t>(at + 1)),
                       .status = static_cast<protocol::binary::Status>(ReadBig<uint16_t>(at + 6)),
                       .opaque = ReadBig<uint32_t>(at + 12),
                       .cas = ReadBig<uint64_t>(at + 16),
                       .extras = std::string(rest.substr(0, extras)),
                       .key = std::string(rest.substr(extras, key)),
                       .value = std::string(rest.substr(extras + key, body - extras - key))});
    bytes = rest.substr(body);
  }
  EXPECT_EQ(bytes.size(), 0u) << "half a reply";
  return replies;
}

// For example "0:0 flags=7 key=k value cas": opcode and status first. The number of a cas is left
// out.
inline std::string TextOf(const BinaryReply& reply) {
  std::string text = std::to_string(static_cast<int>(reply.opcode)) + ":" +
                     std::to_string(static_cast<int>(reply.status));
  if (reply.opaque != 0) text += " opaque=" + std::to_string(reply.opaque);
  if (reply.extras.size() == 4) {
    text += " flags=" + std::to_string(protocol::binary::ReadBig<uint32_t>(reply.extras.data()));
  } else if (!reply.extras.empty()) {
    text += " extras!";
  }
  if (!reply.key.empty()) text += " key=" + reply.key;
  if (!reply.value.empty()) text += " " + reply.value;
  if (reply.cas != 0) text += " cas";
  return text + "\n";
}

inline std::string TextOfReplies(std::string_view bytes) {
  std::string text;
  for (const BinaryReply& reply : RepliesIn(bytes)) {
    text += TextOf(reply);
  }
  return text;
}

}  // namespace rat_memcache::command
