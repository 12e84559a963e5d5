// The words of memcached's classic text protocol, as it writes them.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/decimal.h"
#include "base/gather_buffer.h"
#include "base/small_bytes.h"
#include "protocol/request.h"

namespace rat_memcache::protocol::ascii {

inline constexpr std::string_view kEnd = "END\r\n";
inline constexpr std::string_view kOk = "OK\r\n";
inline constexpr std::string_view kMetaNoop = "MN\r\n";
inline constexpr std::string_view kReset = "RESET\r\n";
inline constexpr std::string_view kError = "ERROR\r\n";
inline constexpr std::string_view kStored = "STORED\r\n";
inline constexpr std::string_view kNotStored = "NOT_STORED\r\n";
inline constexpr std::string_view kExists = "EXISTS\r\n";
inline constexpr std::string_view kNotFound = "NOT_FOUND\r\n";
inline constexpr std::string_view kDeleted = "DELETED\r\n";
inline constexpr std::string_view kTouched = "TOUCHED\r\n";
inline constexpr std::string_view kNotANumber =
    "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n";
inline constexpr std::string_view kFlushNotAllowed = "CLIENT_ERROR flush_all not allowed\r\n";
inline constexpr std::string_view kTooLarge = "SERVER_ERROR object too large for cache\r\n";
inline constexpr std::string_view kNoMemoryToStore =
    "SERVER_ERROR out of memory storing object\r\n";
inline constexpr std::string_view kNoMemory = "SERVER_ERROR out of memory\r\n";
inline constexpr std::string_view kNoMemoryForNewItem =
    "SERVER_ERROR Out of memory allocating new item\r\n";
inline constexpr std::string_view kNoMemoryDuringRead =
    "SERVER_ERROR Out of memory during read\r\n";

inline constexpr std::string_view kMemlimitTooSmall =
    "MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m\r\n";
inline constexpr std::string_view kMemlimitInBytes =
    "MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes\r\n";
inline constexpr std::string_view kMemlimitOutOfBounds =
    "MEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust\r\n";

std::string_view TextOf(Reject reject);

inline char* WriteEndOfLine(char* to) {
  std::memcpy(to, "\r\n", 2);
  return to + 2;
}

// `VALUE <key> <flags> <bytes>[ <cas>]\r\n`. Returns the end of what was written, at most
// ValueLineMax() bytes.
inline char* WriteValueLine(char* to, std::string_view key, uint32_t client_flags,
                            uint32_t value_size, std::optional<uint64_t> cas) {
  std::memcpy(to, "VALUE ", 6);
  to += 6;
  CopyBytes(to, key.data(), key.size());
  to += key.size();
  *to++ = ' ';
  to = WriteDecimal(to, client_flags);
  *to++ = ' ';
  to = WriteDecimal(to, value_size);
  if (cas) {
    *to++ = ' ';
    to = WriteDecimal(to, *cas);
  }
  return WriteEndOfLine(to);
}
constexpr size_t ValueLineMax(size_t key_size) { return key_size + 3 * kMaxDecimalDigits + 16; }

// `<number>\r\n`
void AppendNumber(GatherBuffer* out, uint64_t number);
// `STAT <name> <value>\r\n`
void AppendStat(GatherBuffer* out, std::string_view name, std::string_view value);

}  // namespace rat_memcache::protocol::ascii
