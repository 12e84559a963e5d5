// The eviction strategies that there are, and their names in options, configuration and statistics.
// What each does stands in store/eviction/.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rat_memcache::config {

enum class EvictionStrategy : uint8_t {
  kFifo,
  kClock,
  kLru,
  kLfu,
  kLruLfu,
  kTtlBased,
  kS3Fifo,
  kTinyLfu,
  kAdaptive,
  kNone,  // nothing is evicted; a store that does not fit is refused
};

inline constexpr std::array kAllEvictionStrategies = {
    EvictionStrategy::kFifo,   EvictionStrategy::kClock,   EvictionStrategy::kLru,
    EvictionStrategy::kLfu,    EvictionStrategy::kLruLfu,  EvictionStrategy::kTtlBased,
    EvictionStrategy::kS3Fifo, EvictionStrategy::kTinyLfu, EvictionStrategy::kAdaptive,
    EvictionStrategy::kNone,
};

// As documented: "S3Fifo".
std::string_view NameOf(EvictionStrategy strategy);
// By name or alias ("hybrid", "lrfu", "ttl"); ignores case, '_' and '-'.
std::optional<EvictionStrategy> ParseEvictionStrategy(std::string_view text);
// All names, for an error text: "Fifo, Clock, ...".
std::string EvictionStrategyNames();

}  // namespace rat_memcache::config
