// SPDX-License-Identifier: LGPL-3.0-or-later
#include "policies/key_streams.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "support/random.h"

namespace rat_memcache::policies {
namespace {

using Random = TestRandom;

constexpr double kKeysPerPlace = 10;
// With alpha > 1 nearly everything would be a hit, and no test long enough for a few turnovers; so
// those have a very long tail.
constexpr double kKeysOfSteepZipf = 0x1p31;
constexpr size_t kShifts = 4;
constexpr size_t kScans = 6;
constexpr uint64_t kRequestsPerStray = 20;
constexpr uint32_t kTtlMin = 10;
constexpr uint32_t kTtlMax = 600;
// A cache of requests takes so many seconds, which makes the TTLs matter: a few turnovers at most.
constexpr size_t kSecondsPerCache = 30;

// Draws ranks, 0 the most popular. The power law of a continuous variable, rounded down: as Zipf as
// any real workload, and neither slow nor large however many keys there are.
class ZipfRanks {
 public:
  ZipfRanks(double keys, double alpha) : keys_(keys), exponent_(1 - alpha) {}

  uint32_t Draw(Random* random) const {
    const double u = random->Fraction();
    const double x = exponent_ == 0
                         ? std::pow(keys_, u)
                         : std::pow(1 + u * (std::pow(keys_, exponent_) - 1), 1 / exponent_);
    return static_cast<uint32_t>(std::min(x, keys_)) - 1;
  }

 private:
  const double keys_;
  const double exponent_;
};

// Which key has which rank.
class Popularity {
 public:
  Popularity(size_t keys, Random* random) : key_of_rank_(keys) {
    std::iota(key_of_rank_.begin(), key_of_rank_.end(), 0u);
    Redraw(random);
  }
  void Redraw(Random* random) {
    for (size_t i = key_of_rank_.size() - 1; i > 0; --i) {
      std::swap(key_of_rank_[i], key_of_rank_[random->Below(i + 1)]);
    }
  }
  uint32_t KeyOf(uint32_t rank) const { return key_of_rank_[rank]; }

 private:
  std::vector<uint32_t> key_of_rank_;
};

double KeysOf(const StreamSize& size) {
  return static_cast<double>(size.cache_items) * kKeysPerPlace;
}

size_t LoopLength(const StreamSize& size) { return size.cache_items + size.cache_items / 10; }

uint32_t TtlOf(uint32_t key) {
  return kTtlMin + static_cast<uint32_t>(Random::Mix(key + 1) % (kTtlMax - kTtlMin + 1));
}

// Calls next_key(i) for each request, and lets time pass.
template <class NextKey>
KeyStream Make(std::string name, const StreamSize& size, NextKey next_key) {
  KeyStream stream{std::move(name), {}};
  stream.requests.reserve(size.requests);
  const size_t per_second = std::max<size_t>(1, size.cache_items / kSecondsPerCache);
  for (size_t i = 0; i < size.requests; ++i) {
    stream.requests.push_back(
        {.key = next_key(i), .second = static_cast<uint32_t>(i / per_second)});
  }
  return stream;
}

}  // namespace

KeyStream Zipf(const StreamSize& size, double alpha) {
  Random random(size.seed);
  const bool steep = alpha > 1;
  const ZipfRanks ranks(steep ? kKeysOfSteepZipf : KeysOf(size), alpha);
  StreamSize longer = size;
  if (steep) longer.requests *= 2;
  return Make("zipf " + std::to_string(alpha).substr(0, 3), longer,
              [&](size_t) { return ranks.Draw(&random); });
}

KeyStream ShiftingZipf(const StreamSize& size) {
  Random random(size.seed);
  const ZipfRanks ranks(KeysOf(size), 1);
  Popularity popularity(static_cast<size_t>(KeysOf(size)), &random);
  const size_t period = size.requests / (kShifts + 1) + 1;
  return Make("zipf shifting", size, [&](size_t i) {
    if (i % period == period - 1) popularity.Redraw(&random);
    return popularity.KeyOf(ranks.Draw(&random));
  });
}

KeyStream ScannedZipf(const StreamSize& size) {
  Random random(size.seed);
  const ZipfRanks ranks(KeysOf(size), 1);
  const size_t period = size.requests / kScans;
  const size_t scan = size.cache_items / 2;
  auto fresh_key = static_cast<uint32_t>(KeysOf(size));
  return Make("zipf scanned", size, [&](size_t i) {
    // While a scan goes on, its requests and the others take turns.
    if (i % period < 2 * scan && i % 2 == 0) return fresh_key++;
    return ranks.Draw(&random);
  });
}

KeyStream Loop(const StreamSize& size) {
  const size_t keys = LoopLength(size);
  return Make("loop", size, [&](size_t i) { return static_cast<uint32_t>(i % keys); });
}

KeyStream StrayingLoop(const StreamSize& size) {
  Random random(size.seed);
  const size_t keys = LoopLength(size);
  return Make("loop straying", size, [&](size_t i) {
    const bool strays = random.Below(kRequestsPerStray) == 0;
    return static_cast<uint32_t>(strays ? random.Below(keys) : i % keys);
  });
}

KeyStream Recency(const StreamSize& size) {
  Random random(size.seed);
  const size_t keys = size.cache_items * 3;
  std::vector<uint32_t> past;
  past.reserve(size.requests);
  const double mean_distance = static_cast<double>(size.cache_items);
  return Make("recency", size, [&](size_t) {
    auto key = static_cast<uint32_t>(random.Below(keys));
    if (random.Fraction() < 0.5) {
      const double distance = -std::log(1 - random.Fraction()) * mean_distance;
      if (distance < static_cast<double>(past.size())) {
        key = past[past.size() - 1 - static_cast<size_t>(distance)];
      }
    }
    past.push_back(key);
    return key;
  });
}

KeyStream ExpiringZipf(const StreamSize& size) {
  KeyStream stream = Zipf(size, 1.0);
  stream.name = "zipf expiring";
  for (Request& request : stream.requests) {
    request.ttl = TtlOf(request.key);
  }
  return stream;
}

std::vector<KeyStream> AllStreams(const StreamSize& size) {
  std::vector<KeyStream> streams;
  for (const double alpha : {0.8, 1.0, 1.2}) {
    streams.push_back(Zipf(size, alpha));
  }
  streams.push_back(ShiftingZipf(size));
  streams.push_back(ScannedZipf(size));
  streams.push_back(Loop(size));
  streams.push_back(StrayingLoop(size));
  streams.push_back(Recency(size));
  streams.push_back(ExpiringZipf(size));
  return streams;
}

}  // namespace rat_memcache::policies
