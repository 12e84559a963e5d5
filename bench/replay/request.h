// One request of a trace: which key, and what to store if it is missed.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rat_memcache::replay {

// Memcached's default limit (-I); a larger value could not be stored by either side.
inline constexpr uint32_t kMaxValueSize = 1u << 20;

// As a trace has it.
struct TraceRequest {
  // Equal for equal keys. A text trace has its keys' hash here.
  uint64_t id = 0;
  // Empty unless the trace has texts; good until the next request is taken.
  std::string_view text;
  // What the trace says; else the options decide.
  std::optional<uint32_t> value_size;
  std::optional<uint32_t> ttl;
};

// As a target gets it.
struct Request {
  uint64_t id = 0;
  std::string_view key;
  uint32_t value_size = 0;
  uint32_t ttl = 0;  // seconds; 0: for ever
};

}  // namespace rat_memcache::replay
