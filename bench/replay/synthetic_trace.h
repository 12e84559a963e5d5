// Traces by formula: the shapes that separate one eviction policy from another.
//
//   zipf   the popularity of a cache's usual keys
//   shift  the same, but after every interval a quarter of the ranks belongs to other keys
//   scan   the same, but after every interval comes a scan: keys in sequence, each once
//   loop   all keys in turn: worst for LRU, which has always just evicted the next one
//   mix    four groups of keys beside each other, with their own skews, sizes and TTLs
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "replay/trace_source.h"

namespace rat_memcache::replay {

enum class Shape : uint8_t { kZipf, kShift, kScan, kLoop, kMix };

struct SyntheticOptions {
  Shape shape = Shape::kZipf;
  uint32_t keys = 500000;
  uint64_t requests = 5000000;
  double skew = 1.0;
  uint32_t interval = 0;     // requests between shifts or scans; 0: as many as keys
  uint32_t scan_length = 0;  // 0: a quarter of the keys
  uint64_t seed = 1;
};

std::optional<Shape> ParseShape(std::string_view text);

std::unique_ptr<TraceSource> MakeSyntheticTrace(const SyntheticOptions& options);

// A bijection: numbers of keys to ids of ten digits at most that tell nothing of the number.
uint32_t ScatterId(uint32_t number, uint64_t seed);

}  // namespace rat_memcache::replay
