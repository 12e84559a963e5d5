// SPDX-License-Identifier: LGPL-3.0-or-later
#include "policies/reference_policy.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

namespace rat_memcache::policies {

// --- What all have in common ---

ReferencePolicy::ReferencePolicy(size_t capacity) : capacity_(capacity) {
  if (capacity == 0) std::abort();  // there would be nothing to evict
  places_.reserve(capacity + 1);
}

bool ReferencePolicy::Access(uint64_t key, uint32_t now, uint32_t exptime) {
  RemoveExpired(now);
  ++requests_;
  OnRequest(key);
  if (const auto found = places_.find(key); found != places_.end()) {
    const Place place = found->second;
    place->last_request = requests_;
    place->last_insertion = insertions_;
    OnHit(place);
    return true;
  }
  ++insertions_;
  Insert(
      {.key = key, .exptime = exptime, .last_request = requests_, .last_insertion = insertions_});
  return false;
}

void ReferencePolicy::Add(const Item& item, uint32_t number) {
  Queue& to = queue(number);
  to.push_back(item);
  const Place place = std::prev(to.end());
  place->queue = number;
  places_.emplace(item.key, place);
  if (item.exptime != 0) expiring_.emplace(item.exptime, item.key);
}

void ReferencePolicy::Move(Place place, uint32_t number) {
  Queue& to = queue(number);
  to.splice(to.end(), queue(place->queue), place);
  place->queue = number;
}

void ReferencePolicy::Remove(Place place) {
  if (place->exptime != 0) expiring_.erase({place->exptime, place->key});
  places_.erase(place->key);
  queue(place->queue).erase(place);
}

void ReferencePolicy::RemoveExpired(uint32_t now) {
  while (!expiring_.empty() && expiring_.begin()->first <= now) {
    Remove(places_.at(expiring_.begin()->second));
  }
}

// --- Fifo ---

void FifoReference::Insert(const Item& item) {
  if (full()) Remove(queue(0).begin());
  Add(item, 0);
}

// --- Clock ---

void ClockReference::OnHit(Place place) {
  place->counter = std::min(place->counter + 1, kCounterMax);
}

void ClockReference::Insert(const Item& item) {
  while (full()) {
    const Place oldest = queue(0).begin();
    if (oldest->counter > 0) {
      --oldest->counter;
      Move(oldest, 0);
    } else {
      Remove(oldest);
    }
  }
  Add(item, 0);
}

// --- Lru ---

void LruReference::OnHit(Place place) { Move(place, 0); }

void LruReference::Insert(const Item& item) {
  if (full()) Remove(queue(0).begin());
  Add(item, 0);
}

// --- Lfu, LruLfu ---

void CountingReference::OnHit(Place place) { Move(place, std::min(place->queue + 1, kCounterMax)); }

void CountingReference::Insert(const Item& item) {
  if (full()) Remove(Victim());
  Add(item, 0);
  if (insertions() % std::max<uint64_t>(1, capacity() / kAgingsPerTurnover) == 0) Age();
}

void CountingReference::Age() {
  // Upwards, so that nothing is aged twice: a queue is merged into one that was emptied before, or
  // already holds others that have aged to the same counter.
  for (uint32_t counter = 1; counter <= kCounterMax; ++counter) {
    const uint32_t aged = counter - (counter + kAgingDivisor - 1) / kAgingDivisor;
    for (Item& item : queue(counter)) {
      item.queue = aged;
    }
    queue(aged).merge(queue(counter),
                      [](const Item& a, const Item& b) { return a.last_request < b.last_request; });
  }
}

ReferencePolicy::Place LfuReference::Victim() {
  uint32_t counter = 0;
  while (queue(counter).empty()) {
    ++counter;
  }
  return queue(counter).begin();
}

ReferencePolicy::Place LruLfuReference::Victim() {
  // Within a queue the order of use is the order of scores, so only the oldest of each can be it.
  Place victim;
  double lowest = std::numeric_limits<double>::infinity();
  for (auto& [counter, items] : queues()) {
    if (items.empty()) continue;
    const double turnovers =
        static_cast<double>(items.front().last_insertion) / static_cast<double>(capacity());
    const double score = turnovers + bonus_ * std::log2(1.0 + counter);
    if (score < lowest) {
      lowest = score;
      victim = items.begin();
    }
  }
  return victim;
}

// --- TtlBased ---

void TtlBasedReference::OnHit(Place place) { Move(place, place->queue); }

void TtlBasedReference::Insert(const Item& item) {
  // A queue per second; what never expires waits behind all of them.
  if (full()) {
    while (queues().begin()->second.empty()) {
      queues().erase(queues().begin());
    }
    Remove(queues().begin()->second.begin());
  }
  Add(item, item.exptime != 0 ? item.exptime : UINT32_MAX);
}

// --- S3Fifo ---

void S3FifoReference::OnHit(Place place) {
  place->counter = std::min(place->counter + 1, kCounterMax);
}

void S3FifoReference::Insert(const Item& item) {
  // Asked before room is made, which may push the key out of the ghost.
  const bool known = TakeGhost(item.key);
  if (full()) EvictOne();
  Add(item, known ? kMain : kSmall);
}

void S3FifoReference::EvictOne() {
  // Every step chooses its queue anew: what moves from small to main changes the shares.
  for (;;) {
    if (queue(kSmall).size() * 100 > capacity() * kSmallPercent || queue(kMain).empty()) {
      const Place oldest = queue(kSmall).begin();
      if (oldest->counter == 0) {
        AddGhost(oldest->key);
        return Remove(oldest);
      }
      oldest->counter = 0;
      Move(oldest, kMain);
    } else {
      const Place oldest = queue(kMain).begin();
      if (oldest->counter == 0) return Remove(oldest);
      --oldest->counter;
      Move(oldest, kMain);
    }
  }
}

void S3FifoReference::AddGhost(uint64_t key) {
  ghost_places_.emplace(key, ghosts_.insert(ghosts_.end(), key));
  if (ghosts_.size() * 100 > capacity() * kGhostPercent) {
    ghost_places_.erase(ghosts_.front());
    ghosts_.pop_front();
  }
}

bool S3FifoReference::TakeGhost(uint64_t key) {
  const auto found = ghost_places_.find(key);
  if (found == ghost_places_.end()) return false;
  ghosts_.erase(found->second);
  ghost_places_.erase(found);
  return true;
}

// --- TinyLfu ---

void TinyLfuReference::OnRequest(uint64_t key) {
  uint32_t& count = counts_[key];
  count = std::min(count + 1, kCountMax);
  if (requests() % (kHalvingPeriod * capacity()) != 0) return;
  for (auto& [counted, halved] : counts_) {
    halved /= 2;
  }
  std::erase_if(counts_, [](const auto& entry) { return entry.second == 0; });
}

uint32_t TinyLfuReference::CountOf(uint64_t key) const {
  const auto found = counts_.find(key);
  return found == counts_.end() ? 0 : found->second;
}

void TinyLfuReference::OnHit(Place place) { Move(place, place->queue); }

void TinyLfuReference::Insert(const Item& item) {
  const size_t window_max = std::max<size_t>(1, capacity() * kWindowPercent / 100);
  Add(item, kWindow);
  if (queue(kWindow).size() <= window_max) return;
  const Place candidate = queue(kWindow).begin();
  if (queue(kMain).size() >= capacity() - window_max) {
    if (queue(kMain).empty()) return Remove(candidate);
    const Place victim = queue(kMain).begin();
    if (CountOf(candidate->key) <= CountOf(victim->key)) return Remove(candidate);
    Remove(victim);
  }
  Move(candidate, kMain);
}

// --- memcached ---

void MemcachedModel::OnHit(Place place) {
  place->counter = std::min(place->counter + 1, kActive);
  if (place->queue == kCold && place->counter == kActive) {
    place->counter = kFetched;
    Move(place, kWarm);
    Balance();
  }
}

void MemcachedModel::Insert(const Item& item) {
  if (full()) {
    // In a full cache the others hold at most three fifths; only a tiny one, or one whose cold
    // items have just expired, has to look further.
    for (const uint32_t number : {kCold, kWarm, kHot}) {
      if (queue(number).empty()) continue;
      Remove(queue(number).begin());
      break;
    }
  }
  Add(item, kHot);
  Balance();
}

void MemcachedModel::Balance() {
  while (queue(kHot).size() * 100 > capacity() * kHotPercent) {
    const Place oldest = queue(kHot).begin();
    const bool active = oldest->counter == kActive;
    if (active) oldest->counter = kFetched;
    Move(oldest, active ? kWarm : kCold);
  }
  while (queue(kWarm).size() * 100 > capacity() * kWarmPercent) {
    const Place oldest = queue(kWarm).begin();
    const bool active = oldest->counter == kActive;
    if (active) oldest->counter = kFetched;
    Move(oldest, active ? kWarm : kCold);
  }
}

}  // namespace rat_memcache::policies
