// A model of a cache: which keys it would hold, without their values. Fed with a sample of the keys
// of a real cache and given the same share of its memory, it misses about as often as that would
// (Waldspurger, Saemundsson, Ahmad, Park: "Cache modeling and optimization using miniature
// simulations", USENIX ATC 2017). Exact per item, unlike the log that it stands for.
//
// 18 bytes per key. Threads: one at a time.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "store/eviction/size_charge.h"

namespace rat_memcache::store {

enum class ShadowRule : uint8_t { kLru, kLfu, kS3Fifo };

class ShadowCache {
 public:
  // Holds at most `keys_max` keys (below 60000), remembered evictions included.
  ShadowCache(ShadowRule rule, size_t keys_max);

  // Somebody asks for the key: whether it is there.
  bool Ask(uint32_t id);
  // The key is stored, with so many bytes; evicts what has no room beside it.
  void Put(uint32_t id, uint32_t bytes);
  void Remove(uint32_t id);
  void Clear();
  void SetCapacity(uint64_t bytes);
  // Removes the keys with ids from `end` on.
  void KeepBelow(uint32_t end);

  ShadowRule rule() const { return rule_; }
  size_t items() const { return items_; }
  uint64_t item_bytes() const { return bytes_; }
  uint64_t capacity() const { return capacity_; }
  bool full() const { return evicted_; }  // has evicted something since Clear()
  size_t memory() const {
    return nodes_.capacity() * sizeof(Node) + table_.capacity() * sizeof(uint16_t);
  }

 private:
  static constexpr uint16_t kNone = UINT16_MAX;
  static constexpr int kLists = 17;
  static constexpr uint8_t kFreqMax = 15;
  // kS3Fifo's lists; kLfu has one per count, kLru only the first.
  static constexpr uint8_t kSmall = 0;
  static constexpr uint8_t kMain = 1;
  static constexpr uint8_t kGhost = 16;

  struct Node {
    uint32_t id = 0;
    uint32_t bytes = 0;
    uint16_t older = kNone;  // in its list
    uint16_t newer = kNone;
    uint16_t chain = kNone;  // next in its hash chain, or in the list of free nodes
    uint8_t freq = 0;
    uint8_t list = 0;
  };
  struct List {
    uint16_t oldest = kNone;
    uint16_t newest = kNone;
    uint32_t count = 0;
    uint64_t bytes = 0;
  };

  uint16_t Find(uint32_t id) const;
  uint16_t& ChainOf(uint32_t id) { return table_[id & (table_.size() - 1)]; }
  uint16_t TakeNode(uint32_t id);
  void FreeNode(uint16_t node);
  void Link(uint16_t node, uint8_t list);  // at the young end
  void Unlink(uint16_t node);
  void Move(uint16_t node, uint8_t list) {
    Unlink(node);
    Link(node, list);
  }
  void EvictOne();
  void EvictS3();
  // kLfu: all counts lose a quarter.
  void Age();

  ShadowRule rule_;
  std::vector<Node> nodes_;
  std::vector<uint16_t> table_;
  std::array<List, kLists> lists_;
  uint16_t free_ = kNone;
  size_t items_ = 0;  // without the ghost's
  uint64_t bytes_ = 0;
  uint64_t capacity_ = 0;
  uint64_t put_since_aged_ = 0;  // bytes
  SizeCharge charge_;
  bool evicted_ = false;
};

}  // namespace rat_memcache::store
