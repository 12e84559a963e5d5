// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/prefix_stats.h"

namespace rat_memcache::command {

PrefixStats::Counts* PrefixStats::Find(std::string_view key) {
  const size_t end = key.find(delimiter_);
  if (end == std::string_view::npos) return nullptr;
  const std::string_view prefix = key.substr(0, end);
  const auto known = counts_.find(prefix);
  if (known != counts_.end()) return &known->second;
  if (counts_.size() == kPrefixesMax) return nullptr;
  return &counts_.emplace(prefix, Counts{}).first->second;
}

void PrefixStats::CountGet(std::string_view key, bool hit) {
  MutexLock lock(&mutex_);
  if (Counts* const counts = Find(key)) {
    ++counts->gets;
    if (hit) ++counts->hits;
  }
}

void PrefixStats::CountSet(std::string_view key) {
  MutexLock lock(&mutex_);
  if (Counts* const counts = Find(key)) ++counts->sets;
}

void PrefixStats::CountDelete(std::string_view key) {
  MutexLock lock(&mutex_);
  if (Counts* const counts = Find(key)) ++counts->deletes;
}

void PrefixStats::Reset() {
  MutexLock lock(&mutex_);
  counts_.clear();
}

std::string PrefixStats::Dump() const {
  MutexLock lock(&mutex_);
  std::string text;
  for (const auto& [prefix, counts] : counts_) {
    text += "PREFIX " + prefix + " get " + std::to_string(counts.gets) + " hit " +
            std::to_string(counts.hits) + " set " + std::to_string(counts.sets) + " del " +
            std::to_string(counts.deletes) + "\r\n";
  }
  return text;
}

}  // namespace rat_memcache::command
