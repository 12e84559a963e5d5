// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/eviction/frequency_sketch.h"

#include <algorithm>

namespace rat_memcache::store {
namespace {

// The counter of a probe: one of 16 in one of two words, so that the probes never meet.
struct Place {
  size_t word;
  int shift;
};

Place PlaceOf(uint64_t hash, int probe) {
  // Remixed: the bits that chose the line are the same for all keys of it.
  const uint64_t bits = (hash * 0x9e3779b97f4a7c15u) >> (20 + probe * 8);
  return {static_cast<size_t>(probe) * 2 + (bits & 1), static_cast<int>((bits >> 1 & 15) * 4)};
}

}  // namespace

void FrequencySketch::FitTo(size_t entries) {
  const size_t lines = std::max<size_t>(1, entries / kEntriesPerLine);
  if (!lines_.empty() && lines <= lines_.size() + lines_.size() / 4 && lines >= lines_.size() / 2) {
    return;
  }
  lines_.assign(lines, Line{});
  lines_.shrink_to_fit();
  next_to_halve_ = 0;
  additions_ = 0;
}

void FrequencySketch::Add(uint64_t hash, uint32_t times) {
  if (lines_.empty() || times == 0) return;
  Line& line = lines_[LineOf(hash)];
  const uint32_t raised = std::min(Estimate(hash) + times, kCountMax);
  for (int probe = 0; probe < kProbes; ++probe) {
    const Place place = PlaceOf(hash, probe);
    uint64_t& word = line.words[place.word];
    if ((word >> place.shift & 15) >= raised) continue;
    word = (word & ~(uint64_t{15} << place.shift)) | uint64_t{raised} << place.shift;
  }
  additions_ += times;
  for (; additions_ >= kEntriesPerLine * kAdditionsPerEntry;
       additions_ -= kEntriesPerLine * kAdditionsPerEntry) {
    Halve(&lines_[next_to_halve_]);
    next_to_halve_ = (next_to_halve_ + 1) % lines_.size();
  }
}

uint32_t FrequencySketch::Estimate(uint64_t hash) const {
  if (lines_.empty()) return 0;
  const Line& line = lines_[LineOf(hash)];
  uint32_t least = kCountMax;
  for (int probe = 0; probe < kProbes; ++probe) {
    const Place place = PlaceOf(hash, probe);
    least = std::min(least, static_cast<uint32_t>(line.words[place.word] >> place.shift & 15));
  }
  return least;
}

void FrequencySketch::Halve(Line* line) {
  for (uint64_t& word : line->words) {
    word = word >> 1 & 0x7777777777777777u;
  }
}

}  // namespace rat_memcache::store
