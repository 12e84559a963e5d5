// Traces in files.
//
//   be32, be64  one number per request, big-endian, 4 or 8 bytes, nothing else
//   text        one line per request: KEY[,SIZE[,TTL]], blanks and tabs separate as well; SIZE is the
//               value's in bytes, TTL in seconds; empty lines and those that begin with # are skipped
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "replay/request.h"
#include "replay/trace_source.h"

namespace rat_memcache::replay {

enum class TraceFormat : uint8_t { kBigEndian32, kBigEndian64, kText };

// "be32", "be64", "text".
std::optional<TraceFormat> ParseTraceFormat(std::string_view text);

// Numbers of a be32 (size 4) or be64 (size 8) trace.
uint64_t ReadBigEndian(const char* bytes, size_t size);

// False if the line is no request. `line` has no line end, and must outlive the request.
bool ParseTraceLine(std::string_view line, TraceRequest* request);

// `path` may be "-" for standard input.
Result<std::unique_ptr<TraceSource>> OpenTraceFile(const std::string& path, TraceFormat format);

}  // namespace rat_memcache::replay
