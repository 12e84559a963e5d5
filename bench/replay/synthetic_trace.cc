// SPDX-License-Identifier: LGPL-3.0-or-later
#include "replay/synthetic_trace.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "load/random.h"
#include "replay/item_shape.h"
#include "replay/zipf_ranks.h"

namespace rat_memcache::replay {
namespace {

using load::Random;

// Keys have numbers; a number becomes an id in one place.
class SyntheticSource : public TraceSource {
 public:
  explicit SyntheticSource(const SyntheticOptions& options)
      : options_(options), random_(options.seed) {}

  bool Next(TraceRequest* request) final {
    if (given_ == options_.requests) return false;
    *request = {};
    request->id = ScatterId(NextKey(given_, request), options_.seed);
    ++given_;
    return true;
  }
  double Done() const final {
    return static_cast<double>(given_) / static_cast<double>(options_.requests);
  }

 protected:
  // The number of the next key. May set the request's size and TTL.
  virtual uint32_t NextKey(uint64_t position, TraceRequest* request) = 0;

  const SyntheticOptions options_;
  Random random_;

 private:
  uint64_t given_ = 0;
};

class ZipfSource : public SyntheticSource {
 public:
  explicit ZipfSource(const SyntheticOptions& options)
      : SyntheticSource(options), ranks_(options.keys, options.skew) {}

 protected:
  uint32_t NextKey(uint64_t, TraceRequest*) override { return NextRank(); }
  // Counts from 0.
  uint32_t NextRank() { return static_cast<uint32_t>(ranks_.Next(&random_) - 1); }

 private:
  const ZipfRanks ranks_;
};

// Ranks belong to four classes, by their remainder. One class after the other is rotated, an
// interval each: what was popular falls far down, and what was not rises.
class ShiftSource : public ZipfSource {
 public:
  using ZipfSource::ZipfSource;

 protected:
  uint32_t NextKey(uint64_t position, TraceRequest*) override {
    const uint32_t rank = NextRank();
    const uint32_t keys_class = rank % kClasses;
    const uint64_t class_size = (options_.keys - keys_class + kClasses - 1) / kClasses;
    const uint64_t turns = (position / options_.interval + kClasses - 1 - keys_class) / kClasses;
    // Most of the half: so that nothing returns to the top for many turns.
    const uint64_t step = std::max<uint64_t>(class_size * 3 / 8, 1);
    const uint64_t place = (rank / kClasses + turns * step) % class_size;
    return static_cast<uint32_t>(place) * kClasses + keys_class;
  }

 private:
  static constexpr uint32_t kClasses = 4;
};

class ScanSource : public ZipfSource {
 public:
  using ZipfSource::ZipfSource;

 protected:
  // What is scanned has numbers behind those of the usual keys, so that a scan is of no use to
  // anybody until the next one comes by.
  uint32_t NextKey(uint64_t position, TraceRequest*) override {
    const uint64_t period = uint64_t{options_.interval} + options_.scan_length;
    if (position % period < options_.interval) return NextRank();
    const uint32_t key = options_.keys + scanned_;
    scanned_ = (scanned_ + 1) % options_.keys;
    return key;
  }

 private:
  uint32_t scanned_ = 0;
};

class LoopSource : public SyntheticSource {
 public:
  using SyntheticSource::SyntheticSource;

 protected:
  uint32_t NextKey(uint64_t position, TraceRequest*) override {
    return static_cast<uint32_t>(position % options_.keys);
  }
};

class MixSource : public SyntheticSource {
 public:
  explicit MixSource(const SyntheticOptions& options) : SyntheticSource(options) {
    uint32_t first = 0;
    for (const Kind& kind : kKinds) {
      const uint32_t keys = std::max(static_cast<uint32_t>(kind.of_keys * options.keys), 1u);
      groups_.push_back({first, ZipfRanks(keys, kind.skew)});
      first += keys;
    }
  }

 protected:
  uint32_t NextKey(uint64_t, TraceRequest* request) override {
    constexpr uint32_t kPercent = 100;
    uint32_t drawn = random_.Below(kPercent);
    size_t i = 0;
    while (drawn >= kKinds[i].percent_of_requests) {
      drawn -= kKinds[i].percent_of_requests;
      ++i;
    }
    const Kind& kind = kKinds[i];
    const Group& group = groups_[i];
    const uint32_t key = group.first + static_cast<uint32_t>(group.ranks.Next(&random_) - 1);
    request->value_size = SizeByHash(key, kind.sizes);
    request->ttl = kind.ttl;
    return key;
  }

 private:
  struct Kind {
    uint32_t percent_of_requests;
    double of_keys;
    double skew;
    SizeRange sizes;
    uint32_t ttl;
  };
  static constexpr std::array<Kind, 4> kKinds = {{
      {45, 0.50, 1.0, {20, 100}, 0},     // rows of a database
      {30, 0.30, 0.8, {100, 600}, 300},  // pages
      {15, 0.15, 0.6, {500, 4000}, 60},  // results of queries
      {10, 0.05, 1.1, {8, 40}, 3600},    // sessions and counters
  }};
  struct Group {
    uint32_t first;
    ZipfRanks ranks;
  };

  std::vector<Group> groups_;
};

}  // namespace

std::optional<Shape> ParseShape(std::string_view text) {
  if (text == "zipf") return Shape::kZipf;
  if (text == "shift") return Shape::kShift;
  if (text == "scan") return Shape::kScan;
  if (text == "loop") return Shape::kLoop;
  if (text == "mix") return Shape::kMix;
  return std::nullopt;
}

uint32_t ScatterId(uint32_t number, uint64_t seed) {
  // Every step can be undone: an addition, a multiplication by an odd number, a shifted xor.
  uint32_t x = number + static_cast<uint32_t>(load::Mix(seed));
  x = (x ^ (x >> 16)) * 0x9e3779b1u;
  x = (x ^ (x >> 15)) * 0x85ebca77u;
  return x ^ (x >> 16);
}

std::unique_ptr<TraceSource> MakeSyntheticTrace(const SyntheticOptions& given) {
  SyntheticOptions options = given;
  if (options.interval == 0) options.interval = options.keys;
  if (options.scan_length == 0) options.scan_length = std::max(options.keys / 4, 1u);
  switch (options.shape) {
    case Shape::kZipf:
      return std::make_unique<ZipfSource>(options);
    case Shape::kShift:
      return std::make_unique<ShiftSource>(options);
    case Shape::kScan:
      return std::make_unique<ScanSource>(options);
    case Shape::kLoop:
      return std::make_unique<LoopSource>(options);
    case Shape::kMix:
      return std::make_unique<MixSource>(options);
  }
  return nullptr;
}

}  // namespace rat_memcache::replay
