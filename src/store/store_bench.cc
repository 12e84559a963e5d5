// What one operation of the memory tier costs, in process, with a million items in random order.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>
#include <array>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "store/store.h"

namespace rat_memcache::store {
namespace {

constexpr size_t kItems = 1'000'000;
constexpr size_t kValueBytes = 32;
constexpr size_t kBatch = 16;

// Opened once, filled with kItems items of 14-byte keys.
class Fixture {
 public:
  static Fixture& Get() {
    static Fixture fixture;
    return fixture;
  }

  Store& store() { return *store_; }
  // Keys in random order, in memory that is read sequentially.
  std::string_view key(size_t i) const { return {&keys_[(i % kItems) * kKeyBytes], kKeyBytes}; }

 private:
  static constexpr size_t kKeyBytes = 14;

  Fixture() {
    store_ = std::move(Store::Open({.memory_limit = size_t{1} << 30}, &clock_)).value();
    std::vector<uint32_t> order(kItems);
    std::iota(order.begin(), order.end(), 0u);
    std::shuffle(order.begin(), order.end(), std::mt19937(1));
    const std::string value(kValueBytes, 'v');
    for (const uint32_t id : order) {
      char text[kKeyBytes + 1];
      std::snprintf(text, sizeof text, "key:%010u", id);
      keys_.append(text, kKeyBytes);
    }
    std::shuffle(order.begin(), order.end(), std::mt19937(2));
    for (const uint32_t id : order) {
      (void)store_->Put({.key = store_->MakeKey(key(id)), .value = value});
    }
  }

  CoarseClock clock_;
  std::unique_ptr<Store> store_;
  std::string keys_;
};

// The floor of everything below: one access that waits for the one before, in as much memory as the
// items take and laid out in the same small pages. A get of a random item cannot do without two.
void BM_MemoryLatency(benchmark::State& state) {
  struct alignas(64) Node {
    Node* next;
  };
  constexpr size_t kNodes = (size_t{64} << 20) / sizeof(Node);
  static const std::vector<Node> nodes = [] {
    std::vector<Node> made(kNodes);
    std::vector<uint32_t> order(kNodes);
    std::iota(order.begin(), order.end(), 0u);
    std::shuffle(order.begin(), order.end(), std::mt19937(3));
    for (size_t i = 0; i < kNodes; ++i) {
      made[order[i]].next = &made[order[(i + 1) % kNodes]];
    }
    return made;
  }();
  const Node* at = nodes.data();
  for (auto _ : state) {
    at = at->next;
    benchmark::DoNotOptimize(at);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_MemoryLatency);

// Copies the value out, as a reply would.
struct CopyOut {
  char* to;
  void operator()(const ItemView& item) const { item.CopyValueTo(to); }
};

void BM_GetHit(benchmark::State& state) {
  Fixture& fixture = Fixture::Get();
  Store& store = fixture.store();
  size_t i = static_cast<size_t>(state.thread_index()) * kItems / 2;
  char value[kValueBytes];
  for (auto _ : state) {
    const Found found = store.Read(store.MakeKey(fixture.key(i++)), CopyOut{value});
    if (found != Found::kHit) state.SkipWithError("miss");
    benchmark::DoNotOptimize(value);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_GetHit)->ThreadRange(1, 2)->UseRealTime();

void BM_GetMiss(benchmark::State& state) {
  Fixture& fixture = Fixture::Get();
  Store& store = fixture.store();
  size_t i = 0;
  char value[kValueBytes];
  std::string key;
  for (auto _ : state) {
    key.assign(fixture.key(i++));
    key[0] = 'm';
    if (store.Read(store.MakeKey(key), CopyOut{value}) == Found::kHit) state.SkipWithError("hit");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_GetMiss);

// The way of a pipeline: all buckets on their way, then all items, then the reads.
void BM_GetHitBatch16(benchmark::State& state) {
  Fixture& fixture = Fixture::Get();
  Store& store = fixture.store();
  size_t i = static_cast<size_t>(state.thread_index()) * kItems / 2;
  char value[kValueBytes];
  std::array<Key, kBatch> keys;
  for (auto _ : state) {
    for (Key& key : keys) {
      key = store.MakeKey(fixture.key(i++));
      store.PrefetchBucket(&key);
    }
    for (const Key& key : keys) {
      store.PrefetchItem(key);
    }
    for (const Key& key : keys) {
      if (store.Read(key, CopyOut{value}) != Found::kHit) state.SkipWithError("miss");
      benchmark::DoNotOptimize(value);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBatch));
}
BENCHMARK(BM_GetHitBatch16)->ThreadRange(1, 2)->UseRealTime();

void BM_SetOver(benchmark::State& state) {
  Fixture& fixture = Fixture::Get();
  Store& store = fixture.store();
  const std::string value(kValueBytes, 'w');
  size_t i = static_cast<size_t>(state.thread_index()) * kItems / 2;
  for (auto _ : state) {
    const PutResult result = store.Put({.key = store.MakeKey(fixture.key(i++)), .value = value});
    if (result.status != PutStatus::kStored) state.SkipWithError("not stored");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_SetOver)->ThreadRange(1, 2)->UseRealTime();

// New keys into a store that is full: every set pays for the eviction of another item.
void BM_SetNewWhenFull(benchmark::State& state) {
  CoarseClock clock;
  const auto store = std::move(Store::Open({.memory_limit = size_t{64} << 20}, &clock)).value();
  const std::string value(kValueBytes, 'w');
  uint64_t i = 0;
  char text[24];
  const auto set_next = [&] {
    const int length =
        std::snprintf(text, sizeof text, "key:%010llu", static_cast<unsigned long long>(i++));
    (void)store->Put({.key = store->MakeKey({text, static_cast<size_t>(length)}), .value = value});
  };
  while (store->Stats().total.evictions == 0) {
    for (int n = 0; n < 10'000; ++n) {
      set_next();
    }
  }
  for (auto _ : state) {
    set_next();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_SetNewWhenFull);

void BM_SetNewWhileItFills(benchmark::State& state) {
  const std::string value(kValueBytes, 'w');
  char text[24];
  for (auto _ : state) {
    CoarseClock clock;
    const auto store = std::move(Store::Open({.memory_limit = size_t{1} << 30}, &clock)).value();
    for (uint64_t i = 0; i < kItems; ++i) {
      const int length =
          std::snprintf(text, sizeof text, "key:%010llu", static_cast<unsigned long long>(i));
      (void)store->Put(
          {.key = store->MakeKey({text, static_cast<size_t>(length)}), .value = value});
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kItems));
}
BENCHMARK(BM_SetNewWhileItFills)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace rat_memcache::store

BENCHMARK_MAIN();
