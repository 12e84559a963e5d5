// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/eviction/ghost.h"

#include <algorithm>

namespace rat_memcache::store {

void GhostTable::FitTo(size_t entries) {
  const size_t lines = std::max<size_t>(1, entries / kPerLine);
  if (!lines_.empty() && lines <= lines_.size() + lines_.size() / 4 && lines >= lines_.size() / 2) {
    return;
  }
  lines_.assign(lines, Line{});
  lines_.shrink_to_fit();
  generation_ = kLifetime;
  additions_left_ = 0;
}

void GhostTable::Add(uint64_t hash) {
  if (lines_.empty()) return;
  if (additions_left_ == 0) {
    ++generation_;
    additions_left_ = std::max<size_t>(1, capacity() / kLifetime);
  }
  --additions_left_;
  Line& line = LineOf(hash);
  size_t oldest = 0;
  for (size_t i = 1; i < kPerLine; ++i) {
    if (AgeOf(line.generations[i]) > AgeOf(line.generations[oldest])) oldest = i;
  }
  line.fingerprints[oldest] = FingerprintOf(hash);
  line.generations[oldest] = generation_;
}

bool GhostTable::Take(uint64_t hash) {
  if (lines_.empty()) return false;
  Line& line = LineOf(hash);
  for (size_t i = 0; i < kPerLine; ++i) {
    if (line.fingerprints[i] == FingerprintOf(hash) && AgeOf(line.generations[i]) < kLifetime) {
      line.generations[i] = static_cast<uint8_t>(generation_ - kLifetime);
      return true;
    }
  }
  return false;
}

}  // namespace rat_memcache::store
