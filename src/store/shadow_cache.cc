// SPDX-License-Identifier: LGPL-3.0-or-later
#include "store/shadow_cache.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "store/eviction/aged_count.h"

namespace rat_memcache::store {
namespace {

// As the policy does (eviction/s3_fifo.h).
constexpr double kSmallShare = 0.1;
constexpr double kGhostShare = 0.3;
constexpr uint8_t kS3FreqMax = 3;

}  // namespace

ShadowCache::ShadowCache(ShadowRule rule, size_t keys_max)
    : rule_(rule), nodes_(keys_max), table_(std::bit_ceil(keys_max)) {
  RAT_CHECK(keys_max > 0 && keys_max < kNone, "a shadow cache of this size is not possible");
  Clear();
}

void ShadowCache::Clear() {
  std::fill(table_.begin(), table_.end(), kNone);
  lists_.fill({});
  for (size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i] = {};
    nodes_[i].chain = i + 1 < nodes_.size() ? static_cast<uint16_t>(i + 1) : kNone;
  }
  free_ = 0;
  items_ = 0;
  bytes_ = 0;
  put_since_aged_ = 0;
  evicted_ = false;
}

uint16_t ShadowCache::Find(uint32_t id) const {
  uint16_t node = table_[id & (table_.size() - 1)];
  while (node != kNone && nodes_[node].id != id) {
    node = nodes_[node].chain;
  }
  return node;
}

bool ShadowCache::Ask(uint32_t id) {
  const uint16_t node = Find(id);
  if (node == kNone || nodes_[node].list == kGhost) return false;
  uint8_t& freq = nodes_[node].freq;
  switch (rule_) {
    case ShadowRule::kLru:
      Move(node, 0);
      break;
    case ShadowRule::kLfu:
      if (freq < kFreqMax) ++freq;
      Move(node, freq);
      break;
    case ShadowRule::kS3Fifo:
      if (freq < kFreqMax) ++freq;
      break;
  }
  return true;
}

void ShadowCache::Put(uint32_t id, uint32_t bytes) {
  if (bytes > capacity_) return Remove(id);
  uint16_t node = Find(id);
  if (node != kNone && nodes_[node].list != kGhost) {
    lists_[nodes_[node].list].bytes += uint64_t{bytes} - nodes_[node].bytes;
    bytes_ += uint64_t{bytes} - nodes_[node].bytes;
    nodes_[node].bytes = bytes;
    if (rule_ == ShadowRule::kLru) Move(node, nodes_[node].list);  // an overwrite is a use
  } else {
    uint8_t list = kSmall;
    if (node != kNone) {  // was evicted a short while ago
      list = kMain;
      Unlink(node);
      FreeNode(node);
    }
    while (bytes_ + bytes > capacity_ && items_ > 0) {
      EvictOne();
    }
    node = TakeNode(id);
    nodes_[node].bytes = bytes;
    Link(node, list);
  }
  while (bytes_ > capacity_) {
    EvictOne();
  }
  put_since_aged_ += bytes;
  if (rule_ == ShadowRule::kLfu && put_since_aged_ >= capacity_) Age();
}

void ShadowCache::Remove(uint32_t id) {
  const uint16_t node = Find(id);
  if (node == kNone) return;
  Unlink(node);
  FreeNode(node);
}

void ShadowCache::SetCapacity(uint64_t bytes) {
  capacity_ = bytes;
  while (bytes_ > capacity_ && items_ > 0) {
    EvictOne();
  }
}

void ShadowCache::KeepBelow(uint32_t end) {
  for (List& list : lists_) {
    for (uint16_t node = list.oldest; node != kNone;) {
      const uint16_t next = nodes_[node].newer;
      if (nodes_[node].id >= end) {
        Unlink(node);
        FreeNode(node);
      }
      node = next;
    }
  }
}

uint16_t ShadowCache::TakeNode(uint32_t id) {
  while (free_ == kNone) {
    // More keys than there is room for: the ghost's go first.
    const uint16_t ghost = lists_[kGhost].oldest;
    if (ghost == kNone) {
      EvictOne();
      continue;
    }
    Unlink(ghost);
    FreeNode(ghost);
  }
  const uint16_t node = free_;
  free_ = nodes_[node].chain;
  nodes_[node] = {};
  nodes_[node].id = id;
  nodes_[node].chain = ChainOf(id);
  ChainOf(id) = node;
  return node;
}

void ShadowCache::FreeNode(uint16_t node) {
  uint16_t* link = &ChainOf(nodes_[node].id);
  while (*link != node) {
    link = &nodes_[*link].chain;
  }
  *link = nodes_[node].chain;
  nodes_[node].chain = free_;
  free_ = node;
}

void ShadowCache::Link(uint16_t node, uint8_t list_index) {
  List& list = lists_[list_index];
  nodes_[node].list = list_index;
  nodes_[node].newer = kNone;
  nodes_[node].older = list.newest;
  (list.newest == kNone ? list.oldest : nodes_[list.newest].newer) = node;
  list.newest = node;
  ++list.count;
  list.bytes += nodes_[node].bytes;
  if (list_index == kGhost) return;
  ++items_;
  bytes_ += nodes_[node].bytes;
}

void ShadowCache::Unlink(uint16_t node) {
  const Node& gone = nodes_[node];
  List& list = lists_[gone.list];
  (gone.older == kNone ? list.oldest : nodes_[gone.older].newer) = gone.newer;
  (gone.newer == kNone ? list.newest : nodes_[gone.newer].older) = gone.older;
  --list.count;
  list.bytes -= gone.bytes;
  if (gone.list == kGhost) return;
  --items_;
  bytes_ -= gone.bytes;
}

void ShadowCache::EvictOne() {
  evicted_ = true;
  if (rule_ == ShadowRule::kS3Fifo) return EvictS3();
  for (List& list : lists_) {
    if (list.oldest == kNone) continue;
    const uint16_t node = list.oldest;
    Unlink(node);
    return FreeNode(node);
  }
}

void ShadowCache::EvictS3() {
  for (;;) {
    const bool small_first =
        static_cast<double>(lists_[kSmall].bytes) > kSmallShare * static_cast<double>(capacity_) ||
        lists_[kMain].count == 0;
    const uint16_t node = lists_[small_first ? kSmall : kMain].oldest;
    uint8_t& freq = nodes_[node].freq;
    const uint8_t charge =
        charge_.For(nodes_[node].bytes, static_cast<double>(bytes_) / static_cast<double>(items_));
    const uint8_t count =
        std::min(freq, static_cast<uint8_t>(kS3FreqMax * std::max<uint8_t>(charge, 1)));
    if (count >= charge) {
      freq = small_first ? 0 : static_cast<uint8_t>(count - charge);
      Move(node, kMain);
    } else if (!small_first) {
      Unlink(node);
      return FreeNode(node);
    } else {
      Move(node, kGhost);
      while (lists_[kGhost].count > 1 && static_cast<double>(lists_[kGhost].count) >
                                             kGhostShare * static_cast<double>(items_)) {
        const uint16_t oldest = lists_[kGhost].oldest;
        Unlink(oldest);
        FreeNode(oldest);
      }
      return;
    }
  }
}

void ShadowCache::Age() {
  put_since_aged_ = 0;
  // From the lowest count on, so that none is lowered twice.
  for (uint8_t count = 1; count <= kFreqMax; ++count) {
    for (uint16_t node = lists_[count].oldest; node != kNone;) {
      const uint16_t next = nodes_[node].newer;
      nodes_[node].freq = AgedCount(count);
      Move(node, nodes_[node].freq);
      node = next;
    }
  }
}

}  // namespace rat_memcache::store
