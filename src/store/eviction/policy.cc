// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/eviction/policy.h"

#include "base/check.h"
#include "store/eviction/adaptive.h"
#include "store/eviction/clock.h"
#include "store/eviction/fifo.h"
#include "store/eviction/lfu.h"
#include "store/eviction/lru.h"
#include "store/eviction/lru_lfu.h"
#include "store/eviction/none.h"
#include "store/eviction/s3_fifo.h"
#include "store/eviction/tiny_lfu.h"
#include "store/eviction/ttl_based.h"

namespace rat_memcache::store {

std::unique_ptr<EvictionPolicy> MakePolicy(EvictionStrategy strategy,
                                           const std::atomic<EvictionStrategy>* adaptive_choice) {
  switch (strategy) {
    case EvictionStrategy::kFifo:
      return std::make_unique<FifoPolicy>();
    case EvictionStrategy::kClock:
      return std::make_unique<ClockPolicy>();
    case EvictionStrategy::kLru:
      return std::make_unique<LruPolicy>();
    case EvictionStrategy::kLfu:
      return std::make_unique<LfuPolicy>();
    case EvictionStrategy::kLruLfu:
      return std::make_unique<LruLfuPolicy>();
    case EvictionStrategy::kTtlBased:
      return std::make_unique<TtlBasedPolicy>();
    case EvictionStrategy::kS3Fifo:
      return std::make_unique<S3FifoPolicy>();
    case EvictionStrategy::kTinyLfu:
      return std::make_unique<TinyLfuPolicy>();
    case EvictionStrategy::kAdaptive:
      return std::make_unique<AdaptivePolicy>(adaptive_choice);
    case EvictionStrategy::kNone:
      return std::make_unique<NonePolicy>();
  }
  RAT_CHECK(false, "unknown eviction strategy");
}

SegmentId OldestCleanable(const SegmentLog& log, int first_pool, int last_pool) {
  SegmentId oldest = kNoSegment;
  for (int pool = first_pool; pool <= last_pool; ++pool) {
    SegmentId id = log.Oldest(pool);
    while (id != kNoSegment && !log.Cleanable(id)) {
      id = log[id].next;
    }
    // Sequence numbers wrap, so the difference decides.
    if (oldest == kNoSegment ||
        (id != kNoSegment && static_cast<int32_t>(log[id].sequence - log[oldest].sequence) < 0)) {
      oldest = id;
    }
  }
  return oldest;
}

}  // namespace rat_memcache::store
