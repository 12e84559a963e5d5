// The packets of memcached's binary protocol: opcodes, statuses, and the header that every packet
// begins with. Numbers are big-endian.
//
//   0  magic: 0x80 request, 0x81 reply      8  bytes of the body: extras, key, value
//   1  opcode                              12  opaque: comes back as it was sent
//   2  bytes of the key (2)                16  cas (8)
//   4  bytes of the extras                 24  the body
//   5  data type: not looked at, 0
//   6  request: not looked at; reply: status (2)
//
// Source: memcached's doc/protocol-binary.txt.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace rat_memcache::protocol::binary {

inline constexpr size_t kHeaderBytes = 24;
inline constexpr uint8_t kRequestMagic = 0x80;
inline constexpr uint8_t kReplyMagic = 0x81;

// Q at the end: quiet, K: with the key.
enum class Opcode : uint8_t {
  kGet = 0x00,
  kSet = 0x01,
  kAdd = 0x02,
  kReplace = 0x03,
  kDelete = 0x04,
  kIncrement = 0x05,
  kDecrement = 0x06,
  kQuit = 0x07,
  kFlush = 0x08,
  kGetQ = 0x09,
  kNoop = 0x0a,
  kVersion = 0x0b,
  kGetK = 0x0c,
  kGetKQ = 0x0d,
  kAppend = 0x0e,
  kPrepend = 0x0f,
  kStat = 0x10,
  kSetQ = 0x11,
  kAddQ = 0x12,
  kReplaceQ = 0x13,
  kDeleteQ = 0x14,
  kIncrementQ = 0x15,
  kDecrementQ = 0x16,
  kQuitQ = 0x17,
  kFlushQ = 0x18,
  kAppendQ = 0x19,
  kPrependQ = 0x1a,
  kTouch = 0x1c,
  kGat = 0x1d,
  kGatQ = 0x1e,
  kSaslListMechs = 0x20,
  kSaslAuth = 0x21,
  kSaslStep = 0x22,
  kGatK = 0x23,
  kGatKQ = 0x24,
};

enum class Status : uint16_t {
  kOk = 0x00,
  kNotFound = 0x01,
  kExists = 0x02,
  kTooLarge = 0x03,
  kInvalid = 0x04,
  kNotStored = 0x05,
  kNotANumber = 0x06,
  kAuthFailure = 0x20,
  kAuthContinues = 0x21,
  kUnknownCommand = 0x81,
  kNoMemory = 0x82,
};

// The body of a reply with this status.
constexpr std::string_view TextOf(Status status) {
  switch (status) {
    case Status::kNotFound:
      return "Not found";
    case Status::kExists:
      return "Data exists for key.";
    case Status::kTooLarge:
      return "Too large.";
    case Status::kInvalid:
      return "Invalid arguments";
    case Status::kNotStored:
      return "Not stored.";
    case Status::kNotANumber:
      return "Non-numeric server-side value for incr or decr";
    case Status::kAuthFailure:
      return "Auth failure.";
    case Status::kUnknownCommand:
      return "Unknown command";
    case Status::kNoMemory:
      return "Out of memory";
    case Status::kOk:
    case Status::kAuthContinues:
      break;
  }
  return {};
}

constexpr uint8_t SwapBytes(uint8_t value) { return value; }
constexpr uint16_t SwapBytes(uint16_t value) {
  return static_cast<uint16_t>(value << 8 | value >> 8);
}
// Compilers know this for one instruction.
constexpr uint32_t SwapBytes(uint32_t value) {
  return value << 24 | (value & 0xff00) << 8 | (value >> 8 & 0xff00) | value >> 24;
}
constexpr uint64_t SwapBytes(uint64_t value) {
  return uint64_t{SwapBytes(static_cast<uint32_t>(value))} << 32 |
         SwapBytes(static_cast<uint32_t>(value >> 32));
}

template <std::unsigned_integral T>
inline T ReadBig(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return std::endian::native == std::endian::little ? SwapBytes(value) : value;
}
template <std::unsigned_integral T>
inline char* WriteBig(char* to, T value) {
  if (std::endian::native == std::endian::little) value = SwapBytes(value);
  std::memcpy(to, &value, sizeof value);
  return to + sizeof value;
}

// The sizes that a header announces.
struct Sizes {
  uint16_t key = 0;
  uint8_t extras = 0;
  uint32_t body = 0;
};

struct ReplyHeader {
  uint8_t opcode = 0;
  Status status = Status::kOk;
  uint16_t key_bytes = 0;
  uint8_t extras_bytes = 0;
  uint32_t body_bytes = 0;
  uint32_t opaque = 0;
  uint64_t cas = 0;
};

// Returns the end: kHeaderBytes further on.
inline char* WriteHeader(char* to, const ReplyHeader& header) {
  *to++ = static_cast<char>(kReplyMagic);
  *to++ = static_cast<char>(header.opcode);
  to = WriteBig(to, header.key_bytes);
  *to++ = static_cast<char>(header.extras_bytes);
  *to++ = 0;
  to = WriteBig(to, static_cast<uint16_t>(header.status));
  to = WriteBig(to, header.body_bytes);
  to = WriteBig(to, header.opaque);
  return WriteBig(to, header.cas);
}

}  // namespace rat_memcache::protocol::binary
