// SPDX-License-Identifier: LGPL-3.0-or-later
#include "load/key_chooser.h"

#include <cmath>
#include <limits>
#include <utility>

namespace rat_memcache::load {
namespace {

// Chances of the ids, scaled so that their average is 1, in shuffled order of rank.
std::vector<double> ZipfChances(uint32_t keys, double theta, Random* random) {
  std::vector<double> chances(keys);
  double sum = 0;
  for (uint32_t i = 0; i < keys; ++i) {
    chances[i] = std::pow(static_cast<double>(i) + 1, -theta);
    sum += chances[i];
  }
  for (double& chance : chances) {
    chance *= keys / sum;
  }
  for (uint32_t i = keys - 1; i > 0; --i) {
    std::swap(chances[i], chances[random->Below(i + 1)]);
  }
  return chances;
}

}  // namespace

KeyChooser KeyChooser::Uniform(uint32_t keys, uint64_t seed) { return KeyChooser(keys, seed); }

// Vose's method: ids with less than an average chance are filled up with a share of one that has
// more, until every slot weighs the same.
KeyChooser KeyChooser::Zipf(uint32_t keys, double theta, uint64_t seed) {
  KeyChooser chooser(keys, seed);
  std::vector<double> chances = ZipfChances(keys, theta, &chooser.random_);
  std::vector<uint32_t> poor;
  std::vector<uint32_t> rich;
  for (uint32_t id = 0; id < keys; ++id) {
    (chances[id] < 1 ? poor : rich).push_back(id);
  }
  constexpr uint32_t kWhole = std::numeric_limits<uint32_t>::max();
  chooser.slots_.resize(keys);
  while (!poor.empty() && !rich.empty()) {
    const uint32_t giver = rich.back();
    const uint32_t taker = poor.back();
    poor.pop_back();
    chooser.slots_[taker] = {static_cast<uint32_t>(chances[taker] * kWhole), giver};
    chances[giver] -= 1 - chances[taker];
    if (chances[giver] < 1) {
      rich.pop_back();
      poor.push_back(giver);
    }
  }
  // What is left weighs 1 but for rounding.
  for (const std::vector<uint32_t>* rest : {&poor, &rich}) {
    for (const uint32_t id : *rest) {
      chooser.slots_[id] = {kWhole, id};
    }
  }
  return chooser;
}

}  // namespace rat_memcache::load
