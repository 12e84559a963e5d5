// Adaptive: LRU, LFU or S3-FIFO, whichever would have missed least of late.
//
// Which one that is, is found out elsewhere, by models of all three over a sample of the keys
// (key_sample.h). As all policies read the same bits of a slot, items stay where they are when the
// verdict changes: the new rule shows as segments are cleaned.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <atomic>
#include <utility>

#include "store/eviction/lfu.h"
#include "store/eviction/lru.h"
#include "store/eviction/s3_fifo.h"

namespace rat_memcache::store {

class AdaptivePolicy final : public EvictionPolicy {
 public:
  // `choice` must outlive the policy.
  explicit AdaptivePolicy(const std::atomic<EvictionStrategy>* choice) : choice_(choice) {}

  EvictionStrategy strategy() const override { return EvictionStrategy::kAdaptive; }
  int Place(uint64_t hash) override { return Chosen().Place(hash); }
  SegmentId Pick(const SegmentLog& log) const override { return Chosen().Pick(log); }
  void BeginSegment(const Survey& survey) override {
    EvictionPolicy* const before = std::exchange(at_work_, &Chosen());
    // Its ghost is memory that items can use better while nobody looks at it.
    if (before == &s3_fifo_ && at_work_ != before) s3_fifo_ = S3FifoPolicy();
    at_work_->BeginSegment(survey);
  }
  Verdict Judge(uint64_t hash, ItemTraits* item, int pressure) override {
    return at_work_->Judge(hash, item, pressure);
  }
  void OnDrop(uint64_t hash, SlotMeta meta) override { at_work_->OnDrop(hash, meta); }
  void EndSegment(size_t bytes_seen, size_t bytes_kept) override {
    at_work_->EndSegment(bytes_seen, bytes_kept);
  }
  bool rotates(int pool) const override { return Chosen().rotates(pool); }
  size_t bytes() const override { return s3_fifo_.bytes(); }

 private:
  const EvictionPolicy& Chosen() const {
    switch (choice_->load(std::memory_order_relaxed)) {
      case EvictionStrategy::kLru:
        return lru_;
      case EvictionStrategy::kLfu:
        return lfu_;
      default:
        return s3_fifo_;
    }
  }
  EvictionPolicy& Chosen() {
    return const_cast<EvictionPolicy&>(static_cast<const AdaptivePolicy*>(this)->Chosen());
  }

  // Relaxed: see KeySample.
  const std::atomic<EvictionStrategy>* const choice_;
  LruPolicy lru_;
  LfuPolicy lfu_;
  S3FifoPolicy s3_fifo_;
  EvictionPolicy* at_work_ = &s3_fifo_;  // on the present segment
};

}  // namespace rat_memcache::store
