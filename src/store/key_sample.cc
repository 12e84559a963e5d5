// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/key_sample.h"

#include <algorithm>
#include <cmath>

namespace rat_memcache::store {
namespace {

using config::EvictionStrategy;

// Memory per sampled key of the cache: the models take about 0.4 % of it, more of less than 12 MiB.
constexpr size_t kMemoryPerKey = size_t{32} << 10;
// Fewer keys than this find out too slowly who is better, or err.
constexpr size_t kKeysMin = 384;
constexpr size_t kKeysMax = 4096;
// Never more than an eighth of all keys: a cache of few keys has no use for a sample, and many
// requests for them.
constexpr uint32_t kThresholdMax = uint32_t{1} << 29;
// What the index takes per item, on average.
constexpr size_t kIndexBytesPerItem = 11;
// Nodes per key that a model may hold: S3-FIFO's ghost has three for ten keys.
constexpr double kNodesPerKey = 1.35;

// A rival takes over if it misses less than this share of what the active one misses, ...
constexpr double kBetter = 0.985;
// ... by so many standard deviations.
constexpr double kSure = 1.5;
// A small sample needs longer to tell: half is left after a turnover.
constexpr double kFadingIfSmall = 0.957;
constexpr size_t kSmallSample = 512;
constexpr int kChecksPerTurnover = 16;
// What is left of the counts by the next check: half in a quarter of a turnover. Being wrong for a
// while costs little; being late costs as long as it lasts.
constexpr double kFading = 0.84;
// A curve from fewer misses than this is noise.
constexpr double kMissesToTell = 50;

uint32_t Footprint(size_t record_bytes) {
  return static_cast<uint32_t>(std::min<size_t>(record_bytes + kIndexBytesPerItem, UINT32_MAX));
}

ShadowRule RuleOf(EvictionStrategy strategy) {
  switch (strategy) {
    case EvictionStrategy::kFifo:
    case EvictionStrategy::kClock:
    case EvictionStrategy::kLru:
    case EvictionStrategy::kTtlBased:
      return ShadowRule::kLru;
    case EvictionStrategy::kLfu:
    case EvictionStrategy::kLruLfu:
      return ShadowRule::kLfu;
    case EvictionStrategy::kS3Fifo:
    case EvictionStrategy::kTinyLfu:
    case EvictionStrategy::kAdaptive:
    case EvictionStrategy::kNone:
      break;
  }
  return ShadowRule::kS3Fifo;
}

}  // namespace

KeySample::KeySample(EvictionStrategy strategy, size_t memory_limit)
    : active_(strategy), strategy_(strategy), memory_limit_(memory_limit) {
  MutexLock lock(&mutex_);
  Rebuild();
}

template <class Visit>
void KeySample::ForEach(Visit&& visit) {
  for (Model& model : rivals_) {
    if (model.cache) visit(&model);
  }
  for (Model& model : curve_) {
    visit(&model);
  }
}

KeySample::Model& KeySample::ActiveModel() {
  const auto at = std::find(kRivals.begin(), kRivals.end(), active());
  const bool among_rivals = strategy_ == EvictionStrategy::kAdaptive && at != kRivals.end();
  return rivals_[among_rivals ? static_cast<size_t>(at - kRivals.begin()) : 0];
}

void KeySample::Rebuild() {
  const bool adaptive = strategy_ == EvictionStrategy::kAdaptive;
  active_.store(adaptive ? kRivals[0] : strategy_, std::memory_order_relaxed);
  keys_ = std::clamp(memory_limit_ / kMemoryPerKey, kKeysMin, kKeysMax);
  threshold_.store(kThresholdMax, std::memory_order_relaxed);
  stored_bytes_ = 0;
  const auto nodes = static_cast<size_t>(static_cast<double>(keys_) * kNodesPerKey);
  for (size_t i = 0; i < rivals_.size(); ++i) {
    rivals_[i] = {};
    if (i == 0 || adaptive)
      rivals_[i].cache.emplace(RuleOf(adaptive ? kRivals[i] : strategy_), nodes);
  }
  RebuildCurve();
}

void KeySample::RebuildCurve() {
  constexpr std::array<double, kSizes> kTimes = {0.5, 2};
  for (size_t i = 0; i < kSizes; ++i) {
    curve_[i] = {};
    curve_[i].cache.emplace(RuleOf(active()), static_cast<size_t>(static_cast<double>(keys_) *
                                                                  kNodesPerKey * kTimes[i]));
  }
  size_t bytes = sizeof *this;
  ForEach([&](Model* model) {
    model->misses = 0;
    bytes += model->cache->memory();
  });
  bytes_.store(bytes, std::memory_order_relaxed);
  SetCapacities();
}

void KeySample::SetCapacities() {
  const double rate =
      std::ldexp(static_cast<double>(threshold_.load(std::memory_order_relaxed)), -32);
  const double once = static_cast<double>(memory_limit_) * rate;
  for (Model& rival : rivals_) {
    if (rival.cache) rival.cache->SetCapacity(static_cast<uint64_t>(once));
  }
  curve_[kHalf].cache->SetCapacity(static_cast<uint64_t>(once / 2));
  curve_[kTwice].cache->SetCapacity(static_cast<uint64_t>(once * 2));
}

void KeySample::Ask(uint64_t hash, uint32_t bytes_if_hit) {
  if (!mutex_.TryLock()) return;
  const uint32_t id = IdOf(hash);
  Model& active = ActiveModel();
  const bool hit = active.cache->Ask(id);
  // In a cache that missed, the client would have stored the item now.
  const auto store = [&](Model* model) {
    if (bytes_if_hit != 0) model->cache->Put(id, bytes_if_hit);
  };
  if (!hit) {
    ++active.misses;
    store(&active);
  }
  ForEach([&](Model* model) {
    if (model == &active) return;
    const bool also = model->cache->Ask(id);
    if (!also) {
      ++model->misses;
      store(model);
    }
    if (also && !hit) ++model->gains;
    if (!also && hit) ++model->losses;
  });
  mutex_.Unlock();
}

void KeySample::OnHit(uint64_t hash, size_t bytes) { Ask(hash, Footprint(bytes)); }
void KeySample::OnMiss(uint64_t hash) { Ask(hash, 0); }

void KeySample::OnStore(uint64_t hash, size_t bytes) {
  if (!mutex_.TryLock()) return;
  const uint32_t size = Footprint(bytes);
  ForEach([&](Model* model) { model->cache->Put(IdOf(hash), size); });
  stored_bytes_ += size;
  FitRate();
  if (stored_bytes_ >= ActiveModel().cache->capacity() / kChecksPerTurnover) Check();
  mutex_.Unlock();
}

void KeySample::OnRemove(uint64_t hash) {
  if (!mutex_.TryLock()) return;
  ForEach([&](Model* model) { model->cache->Remove(IdOf(hash)); });
  mutex_.Unlock();
}

void KeySample::OnFlush() {
  MutexLock lock(&mutex_);
  ForEach([](Model* model) { model->cache->Clear(); });
  SetCapacities();
}

void KeySample::FitRate() {
  bool crowded = false;
  for (const Model& rival : rivals_) {
    crowded |= rival.cache && rival.cache->items() > keys_;
  }
  if (!crowded) return;
  const uint32_t threshold = threshold_.load(std::memory_order_relaxed) / 4 * 3;
  threshold_.store(threshold, std::memory_order_relaxed);
  ForEach([&](Model* model) { model->cache->KeepBelow(threshold); });
  SetCapacities();
}

void KeySample::Check() {
  stored_bytes_ = 0;
  Model& active = ActiveModel();
  if (strategy_ == EvictionStrategy::kAdaptive) {
    size_t best = rivals_.size();
    for (size_t i = 0; i < rivals_.size(); ++i) {
      const Model& rival = rivals_[i];
      const double doubt = kSure * std::sqrt(rival.gains + rival.losses);
      if (&rival == &active || rival.gains - rival.losses <= doubt ||
          rival.misses > kBetter * active.misses) {
        continue;
      }
      if (best == rivals_.size() || rival.misses < rivals_[best].misses) best = i;
    }
    if (best != rivals_.size()) {
      active_.store(kRivals[best], std::memory_order_relaxed);
      switches_.fetch_add(1, std::memory_order_relaxed);
      for (Model& rival : rivals_) {
        rival.gains = rival.losses = 0;
      }
      RebuildCurve();
      return;
    }
  }
  const double fading = keys_ < kSmallSample ? kFadingIfSmall : kFading;
  ForEach([&](Model* model) {
    model->misses *= fading;
    model->gains *= fading;
    model->losses *= fading;
  });
  // Items have become so large that few are followed: follow more keys.
  const uint32_t threshold = threshold_.load(std::memory_order_relaxed);
  if (active.cache->full() && active.cache->items() < keys_ / 2 && threshold < kThresholdMax) {
    threshold_.store(std::min(threshold * 2, kThresholdMax), std::memory_order_relaxed);
    SetCapacities();
  }
}

void KeySample::SetMemoryLimit(size_t bytes) {
  MutexLock lock(&mutex_);
  memory_limit_ = bytes;
  SetCapacities();
}

void KeySample::SetStrategy(EvictionStrategy strategy) {
  MutexLock lock(&mutex_);
  if (strategy == strategy_) return;
  strategy_ = strategy;
  Rebuild();
}

EvictionStrategy KeySample::strategy() {
  MutexLock lock(&mutex_);
  return strategy_;
}

std::optional<KeySample::Curve> KeySample::MissCurve() {
  MutexLock lock(&mutex_);
  const double now = ActiveModel().misses;
  if (now < kMissesToTell) return std::nullopt;
  const auto relative = [&](Size size) RAT_REQUIRES(mutex_) { return curve_[size].misses / now; };
  // Models that were begun anew a moment ago have yet to fill; more memory never means more misses.
  return Curve{std::max(1.0, relative(kHalf)), std::min(1.0, relative(kTwice))};
}

}  // namespace rat_memcache::store
