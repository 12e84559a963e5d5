// Draws the keys to ask for.
//
// Uniform draws are one multiplication. Zipf draws go through an alias table: exact, without a
// period, and one memory access each. Ranks are spread over the ids by a seeded shuffle, so that
// popular keys are not the ones that were stored first.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "load/random.h"

namespace rat_memcache::load {

class KeyChooser {
 public:
  // Every id below `keys` is as likely as any other.
  static KeyChooser Uniform(uint32_t keys, uint64_t seed);
  // The id of rank r (1, 2, ...) has a probability proportional to 1 / r^theta.
  static KeyChooser Zipf(uint32_t keys, double theta, uint64_t seed);

  uint32_t Next() {
    if (slots_.empty()) return random_.Below(keys_);
    const uint64_t bits = random_.Next();
    const uint32_t id = Random::Scale(static_cast<uint32_t>(bits >> 32), keys_);
    const Slot slot = slots_[id];
    return static_cast<uint32_t>(bits) < slot.own_share ? id : slot.alias;
  }

 private:
  // A draw that falls on this slot yields the slot's own id with probability own_share / 2^32, and
  // the alias otherwise.
  struct Slot {
    uint32_t own_share;
    uint32_t alias;
  };

  KeyChooser(uint32_t keys, uint64_t seed) : keys_(keys), random_(seed) {}

  uint32_t keys_;
  Random random_;
  std::vector<Slot> slots_;  // empty for uniform draws
};

}  // namespace rat_memcache::load
