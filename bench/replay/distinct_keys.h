// The set of all ids seen. A replay looks into it with every request, so it is one array without
// pointers.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "load/random.h"

namespace rat_memcache::replay {

class DistinctKeys {
 public:
  uint64_t size() const { return size_; }

  // True if the id is new.
  bool Add(uint64_t id) {
    if (id == kEmpty) {
      if (has_empty_) return false;
      has_empty_ = true;
      ++size_;
      return true;
    }
    if (size_ * 2 >= places_.size()) Grow();
    uint64_t* const place = Find(id);
    if (*place == id) return false;
    *place = id;
    ++size_;
    return true;
  }

 private:
  static constexpr uint64_t kEmpty = 0;

  // Where the id is, or would be.
  uint64_t* Find(uint64_t id) {
    const size_t mask = places_.size() - 1;
    size_t at = load::Mix(id) & mask;
    while (places_[at] != id && places_[at] != kEmpty) {
      at = (at + 1) & mask;
    }
    return &places_[at];
  }

  void Grow() {
    std::vector<uint64_t> old(places_.size() * 2, kEmpty);
    old.swap(places_);
    for (const uint64_t id : old) {
      if (id != kEmpty) *Find(id) = id;
    }
  }

  std::vector<uint64_t> places_ = std::vector<uint64_t>(1 << 16, kEmpty);
  bool has_empty_ = false;
  uint64_t size_ = 0;
};

}  // namespace rat_memcache::replay
