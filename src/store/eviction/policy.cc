// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/eviction/policy.h"

#include "base/check.h"
#include "store/eviction/fifo.h"
#include "store/eviction/lru.h"
#include "store/eviction/s3_fifo.h"

namespace rat_memcache::store {

std::unique_ptr<EvictionPolicy> MakePolicy(PolicyKind kind) {
  switch (kind) {
    case PolicyKind::kFifo:
      return std::make_unique<FifoPolicy>();
    case PolicyKind::kLru:
      return std::make_unique<LruPolicy>();
    case PolicyKind::kS3Fifo:
      return std::make_unique<S3FifoPolicy>();
  }
  RAT_CHECK(false, "unknown eviction policy");
}

SegmentId OldestCleanable(const SegmentLog& log, int pool) {
  SegmentId id = log.Oldest(pool);
  while (id != kNoSegment && !log.Cleanable(id)) {
    id = log[id].next;
  }
  return id;
}

SegmentId OldestCleanable(const SegmentLog& log) {
  SegmentId oldest = kNoSegment;
  for (int pool = 0; pool < kPools; ++pool) {
    const SegmentId id = OldestCleanable(log, pool);
    // Sequence numbers wrap, so the difference decides.
    if (oldest == kNoSegment ||
        (id != kNoSegment && static_cast<int32_t>(log[id].sequence - log[oldest].sequence) < 0)) {
      oldest = id;
    }
  }
  return oldest;
}

}  // namespace rat_memcache::store
