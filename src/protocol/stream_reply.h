// The words of the streaming protocol (docs/streaming.md) that memcached's do not have.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/decimal.h"
#include "base/small_bytes.h"
#include "protocol/ascii_reply.h"

namespace rat_memcache::protocol::ascii {

// Of downloads.
inline constexpr std::string_view kStreamKeyNotFound = "STREAM_ERROR key not found\r\n";
inline constexpr std::string_view kStreamBadChunkSize = "STREAM_ERROR invalid chunk size\r\n";
inline constexpr std::string_view kStreamTooManyChunks = "STREAM_ERROR too many chunks\r\n";
inline constexpr std::string_view kStreamBadChunkNumber = "STREAM_ERROR invalid chunk number\r\n";
inline constexpr std::string_view kStreamValueChanged = "STREAM_ERROR value changed\r\n";
inline constexpr std::string_view kStreamTooMany = "STREAM_ERROR too many streams\r\n";
inline constexpr std::string_view kStreamNotOverUdp = "STREAM_ERROR not available over UDP\r\n";

// Of uploads.
inline constexpr std::string_view kUploadNotOverUdp = "CLIENT_ERROR not available over UDP\r\n";
inline constexpr std::string_view kUploadBadChunkCount = "CLIENT_ERROR invalid chunk count\r\n";
inline constexpr std::string_view kUploadTooMany =
    "CLIENT_ERROR too many uploads on this connection\r\n";
inline constexpr std::string_view kUploadNone = "CLIENT_ERROR no upload in progress\r\n";
inline constexpr std::string_view kUploadBadChunkNumber = "CLIENT_ERROR invalid chunk number\r\n";
inline constexpr std::string_view kUploadChunkTooLarge = "CLIENT_ERROR chunk too large\r\n";
inline constexpr std::string_view kUploadExceedsTotal =
    "CLIENT_ERROR chunk data exceeds total size\r\n";
inline constexpr std::string_view kUploadNoMemory = "SERVER_ERROR upload memory limit reached\r\n";
inline constexpr std::string_view kUploadIncomplete = "CLIENT_ERROR upload incomplete\r\n";
inline constexpr std::string_view kUploadSizeMismatch = "CLIENT_ERROR upload size mismatch\r\n";

// Most bytes of any of the lines below.
constexpr size_t StreamLineMax(size_t key_size) { return key_size + 4 * kMaxDecimalDigits + 24; }

inline char* WriteText(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

// `STREAM_BEGIN <key> <total_size> <chunk_count>[ <flags> <cas>]\r\n`. Returns the end, as all
// here.
struct StreamVersion {
  uint32_t client_flags = 0;
  uint64_t cas = 0;
};
inline char* WriteStreamBegin(char* to, std::string_view key, uint32_t total_size,
                              uint32_t chunk_count, const std::optional<StreamVersion>& version) {
  to = WriteText(to, "STREAM_BEGIN ");
  CopyBytes(to, key.data(), key.size());
  to += key.size();
  *to++ = ' ';
  to = WriteDecimal(to, total_size);
  *to++ = ' ';
  to = WriteDecimal(to, chunk_count);
  if (version) {
    *to++ = ' ';
    to = WriteDecimal(to, version->client_flags);
    *to++ = ' ';
    to = WriteDecimal(to, version->cas);
  }
  return WriteEndOfLine(to);
}

// `STREAM_DATA <key> <chunk_number> <len>\r\n`
inline char* WriteStreamData(char* to, std::string_view key, uint32_t chunk_number, uint32_t size) {
  to = WriteText(to, "STREAM_DATA ");
  CopyBytes(to, key.data(), key.size());
  to += key.size();
  *to++ = ' ';
  to = WriteDecimal(to, chunk_number);
  *to++ = ' ';
  to = WriteDecimal(to, size);
  return WriteEndOfLine(to);
}

// `STREAM_END <key>\r\n`
inline char* WriteStreamEnd(char* to, std::string_view key) {
  to = WriteText(to, "STREAM_END ");
  CopyBytes(to, key.data(), key.size());
  return WriteEndOfLine(to + key.size());
}

}  // namespace rat_memcache::protocol::ascii
