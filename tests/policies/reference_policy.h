// What each eviction strategy would do if it could decide item by item: the yardstick for the
// engine, which decides segment by segment and knows of each item only a few bits.
//
// Written to be read beside the rule it follows. A policy is a handful of queues between which its
// items are spliced, so that one access costs O(log n) and a replay of a million requests about a
// second. Memory is counted in items, all of one size.
//
// Expired items are removed as soon as their time is over, under every policy: no cache can do
// better, whatever it does.
//
// Threads: none. A test owns a policy and is its only user.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

namespace rat_memcache::policies {

class ReferencePolicy {
 public:
  explicit ReferencePolicy(size_t capacity);
  virtual ~ReferencePolicy() = default;
  ReferencePolicy(const ReferencePolicy&) = delete;
  ReferencePolicy& operator=(const ReferencePolicy&) = delete;

  // A get in second `now`, and after a miss the set that follows it; the item then lives until
  // `exptime` (0: for ever). Returns whether it was a hit.
  bool Access(uint64_t key, uint32_t now, uint32_t exptime);

  bool Holds(uint64_t key) const { return places_.contains(key); }
  size_t size() const { return places_.size(); }
  size_t capacity() const { return capacity_; }

 protected:
  struct Item {
    uint64_t key = 0;
    uint32_t exptime = 0;
    uint32_t queue = 0;    // that it waits in
    uint32_t counter = 0;  // of hits, as its policy counts them
    // Last hit or insertion, in requests and in insertions.
    uint64_t last_request = 0;
    uint64_t last_insertion = 0;
  };
  // From the one that entered first to the one that entered last.
  using Queue = std::list<Item>;
  using Place = Queue::iterator;

  virtual void OnRequest(uint64_t /*key*/) {}
  virtual void OnHit(Place place) = 0;
  // Makes room if there is none, and Add()s the item.
  virtual void Insert(const Item& item) = 0;

  // Queues come into being when they are named first; they are ordered by their number.
  Queue& queue(uint32_t number) { return queues_[number]; }
  std::map<uint32_t, Queue>& queues() { return queues_; }
  bool full() const { return places_.size() >= capacity_; }
  uint64_t requests() const { return requests_; }
  uint64_t insertions() const { return insertions_; }

  // To the young end of a queue.
  void Add(const Item& item, uint32_t queue);
  void Move(Place place, uint32_t queue);
  void Remove(Place place);

 private:
  void RemoveExpired(uint32_t now);

  const size_t capacity_;
  std::map<uint32_t, Queue> queues_;
  std::unordered_map<uint64_t, Place> places_;
  std::set<std::pair<uint32_t, uint64_t>> expiring_;  // exptime, key
  uint64_t requests_ = 0;
  uint64_t insertions_ = 0;
};

// The oldest insertion goes.
class FifoReference final : public ReferencePolicy {
 public:
  using ReferencePolicy::ReferencePolicy;

 private:
  void OnHit(Place) override {}
  void Insert(const Item& item) override;
};

// FIFO with further chances: what was hit goes back to the young end, once per hit.
class ClockReference final : public ReferencePolicy {
 public:
  static constexpr uint32_t kCounterMax = 3;
  using ReferencePolicy::ReferencePolicy;

 private:
  void OnHit(Place place) override;
  void Insert(const Item& item) override;
};

// The least recently used goes.
class LruReference final : public ReferencePolicy {
 public:
  using ReferencePolicy::ReferencePolicy;

 private:
  void OnHit(Place place) override;
  void Insert(const Item& item) override;
};

// What the policies that count hits have in common. An item waits in the queue that has its counter
// for a number; every queue is in the order of use. Counters age, or what was popular once would
// never go.
class CountingReference : public ReferencePolicy {
 public:
  static constexpr uint32_t kCounterMax = 15;
  // Every time, a counter loses this part of itself, rounded up.
  static constexpr uint32_t kAgingDivisor = 4;
  // A turnover is as many insertions as the cache has places.
  static constexpr uint64_t kAgingsPerTurnover = 1;

 protected:
  using ReferencePolicy::ReferencePolicy;

  virtual Place Victim() = 0;

 private:
  void OnHit(Place place) final;
  void Insert(const Item& item) final;
  void Age();
};

// LFU with aging: the lowest counter goes; among equals, the least recently used.
class LfuReference final : public CountingReference {
 public:
  using CountingReference::CountingReference;

 private:
  Place Victim() override;
};

// Hits buy time: the item goes whose last use plus a bonus for its counter lies farthest back.
class LruLfuReference final : public CountingReference {
 public:
  // Turnovers per doubling of 1 + counter.
  static constexpr double kBonus = 0.25;

  explicit LruLfuReference(size_t capacity, double bonus = kBonus)
      : CountingReference(capacity), bonus_(bonus) {}

 private:
  Place Victim() override;

  const double bonus_;
};

// What expires next goes; items that never expire go last, the least recently used first. (Among
// those that expire in the same second it is the least recently used too.)
class TtlBasedReference final : public ReferencePolicy {
 public:
  using ReferencePolicy::ReferencePolicy;

 private:
  void OnHit(Place place) override;
  void Insert(const Item& item) override;
};

// S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi: "FIFO queues are all you need for cache eviction", SOSP
// 2023): new keys wait in a small queue, and only what is hit there, or comes back soon after it
// was evicted from there, is given a place in the main queue.
class S3FifoReference final : public ReferencePolicy {
 public:
  static constexpr uint32_t kCounterMax = 3;
  // Percent of the capacity.
  static constexpr size_t kSmallPercent = 10;
  static constexpr size_t kGhostPercent = 30;
  using ReferencePolicy::ReferencePolicy;

 private:
  static constexpr uint32_t kSmall = 0;
  static constexpr uint32_t kMain = 1;

  void OnHit(Place place) override;
  void Insert(const Item& item) override;
  void EvictOne();
  void AddGhost(uint64_t key);
  bool TakeGhost(uint64_t key);

  std::list<uint64_t> ghosts_;
  std::unordered_map<uint64_t, std::list<uint64_t>::iterator> ghost_places_;
};

// TinyLFU (Einziger, Friedman, Manes: "TinyLFU: A highly efficient cache admission policy", ACM TOS
// 2017): what falls out of a window gets into the main part only if it was asked for more often
// lately than the item that would have to go. Here with exact counts instead of a sketch, and main
// as one LRU queue.
class TinyLfuReference final : public ReferencePolicy {
 public:
  static constexpr uint32_t kCountMax = 15;
  static constexpr size_t kWindowPercent = 10;
  // Accesses, in capacities, after which all counts are halved.
  static constexpr uint64_t kHalvingPeriod = 10;
  using ReferencePolicy::ReferencePolicy;

 private:
  static constexpr uint32_t kWindow = 0;
  static constexpr uint32_t kMain = 1;

  void OnRequest(uint64_t key) override;
  void OnHit(Place place) override;
  void Insert(const Item& item) override;
  uint32_t CountOf(uint64_t key) const;

  std::unordered_map<uint64_t, uint32_t> counts_;
};

// memcached's segmented LRU, to see where it stands; nothing of ours follows it. Left out: the
// limits of age between its queues, and that its background thread takes some time.
class MemcachedModel final : public ReferencePolicy {
 public:
  static constexpr size_t kHotPercent = 20;
  static constexpr size_t kWarmPercent = 40;
  using ReferencePolicy::ReferencePolicy;

 private:
  static constexpr uint32_t kHot = 0;
  static constexpr uint32_t kWarm = 1;
  static constexpr uint32_t kCold = 2;
  // Values of Item::counter. The first hit marks an item as fetched, for good; each later one marks
  // it as active, until that has saved it once.
  static constexpr uint32_t kFetched = 1;
  static constexpr uint32_t kActive = 2;

  void OnHit(Place place) override;
  void Insert(const Item& item) override;
  void Balance();
};

}  // namespace rat_memcache::policies
