// SPDX-License-Identifier: LGPL-3.0-or-later
#include "config/eviction_strategy.h"

namespace rat_memcache::config {
namespace {

struct Alias {
  std::string_view name;
  EvictionStrategy strategy;
};
constexpr Alias kAliases[] = {
    {"hybrid", EvictionStrategy::kLruLfu},
    {"lrfu", EvictionStrategy::kLruLfu},
    {"ttl", EvictionStrategy::kTtlBased},
};

// Lower case, without '_' and '-'.
std::string Plain(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (c == '_' || c == '-') continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return plain;
}

}  // namespace

std::string_view NameOf(EvictionStrategy strategy) {
  switch (strategy) {
    case EvictionStrategy::kFifo:
      return "Fifo";
    case EvictionStrategy::kClock:
      return "Clock";
    case EvictionStrategy::kLru:
      return "Lru";
    case EvictionStrategy::kLfu:
      return "Lfu";
    case EvictionStrategy::kLruLfu:
      return "LruLfu";
    case EvictionStrategy::kTtlBased:
      return "TtlBased";
    case EvictionStrategy::kS3Fifo:
      return "S3Fifo";
    case EvictionStrategy::kTinyLfu:
      return "TinyLfu";
    case EvictionStrategy::kAdaptive:
      return "Adaptive";
    case EvictionStrategy::kNone:
      return "None";
  }
  return {};
}

std::optional<EvictionStrategy> ParseEvictionStrategy(std::string_view text) {
  const std::string plain = Plain(text);
  for (const EvictionStrategy strategy : kAllEvictionStrategies) {
    if (plain == Plain(NameOf(strategy))) return strategy;
  }
  for (const Alias& alias : kAliases) {
    if (plain == alias.name) return alias.strategy;
  }
  return std::nullopt;
}

std::string EvictionStrategyNames() {
  std::string names;
  for (const EvictionStrategy strategy : kAllEvictionStrategies) {
    if (!names.empty()) names += ", ";
    names += NameOf(strategy);
  }
  return names;
}

}  // namespace rat_memcache::config
