// What one operation of the memory tier costs, in process, with a million items in random order.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <numeric>
#include <random>
#include <string>
#include <thread>
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
  // Another one, with the same items.
  static Fixture& GetOther() {
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

// --- Threads ---

// Ranks of kItems keys, drawn by Zipf's law (0.99), in memory that is read sequentially.
const std::vector<uint32_t>& ZipfRanks() {
  static const std::vector<uint32_t> ranks = [] {
    std::vector<double> sums(kItems);
    double sum = 0;
    for (size_t i = 0; i < kItems; ++i) {
      sums[i] = sum += std::pow(static_cast<double>(i + 1), -0.99);
    }
    std::mt19937_64 random(4);
    std::uniform_real_distribution<double> draw(0, sum);
    std::vector<uint32_t> made(4 * kItems);
    for (uint32_t& rank : made) {
      const auto at = std::upper_bound(sums.begin(), sums.end() - 1, draw(random));
      rank = static_cast<uint32_t>(at - sums.begin());
    }
    return made;
  }();
  return ranks;
}

// Nine gets, one set.
void PlayZipfMix(benchmark::State& state, Fixture* fixture) {
  const std::vector<uint32_t>& ranks = ZipfRanks();
  Store& store = fixture->store();
  const std::string value(kValueBytes, 'w');
  char read[kValueBytes];
  size_t i = static_cast<size_t>(state.thread_index()) * ranks.size() / 2;
  for (auto _ : state) {
    const Key key = store.MakeKey(fixture->key(ranks[i % ranks.size()]));
    if (i++ % 10 == 0) {
      (void)store.Put({.key = key, .value = value});
    } else {
      (void)store.Read(key, CopyOut{read});
      benchmark::DoNotOptimize(read);
    }
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_ZipfMix(benchmark::State& state) { PlayZipfMix(state, &Fixture::Get()); }
BENCHMARK(BM_ZipfMix)->ThreadRange(1, 2)->UseRealTime();

// Each thread in a store of its own: how far two threads can get on this machine at all.
void BM_ZipfMixApart(benchmark::State& state) {
  PlayZipfMix(state, state.thread_index() == 0 ? &Fixture::Get() : &Fixture::GetOther());
}
BENCHMARK(BM_ZipfMixApart)->Threads(2)->UseRealTime();

// --- Stalls ---

// Keys that fill 95 % of the memory with values between 20 B and 4 KiB, each overwritten again and
// again with another size, while maintenance goes on beside it as it does in the server. How long a
// set takes that has to make room is in the counters, in microseconds.
void BM_SetOtherSize(benchmark::State& state) {
  constexpr size_t kMemory = size_t{64} << 20;
  constexpr double kOccupancy = 0.95;
  constexpr double kSizeMin = 20;
  constexpr double kSizeMax = 4096;
  // Of the record's header, key and rounding, and of its slot.
  constexpr double kOverhead = 40;
  const double mean = (kSizeMax - kSizeMin) / std::log(kSizeMax / kSizeMin);
  const auto keys = static_cast<uint64_t>(kOccupancy * kMemory / (mean + kOverhead));

  CoarseClock clock;
  const auto store = std::move(Store::Open({.memory_limit = kMemory, .seed = 1}, &clock)).value();
  const std::string value(static_cast<size_t>(kSizeMax), 'v');
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> exponent(std::log(kSizeMin), std::log(kSizeMax));
  uint64_t failed = 0;
  const auto set = [&](uint64_t number) {
    char text[24];
    const int length =
        std::snprintf(text, sizeof text, "key:%010llu", static_cast<unsigned long long>(number));
    const auto size = static_cast<size_t>(std::exp(exponent(random)));
    const auto begin = std::chrono::steady_clock::now();
    const PutResult result = store->Put({.key = store->MakeKey({text, static_cast<size_t>(length)}),
                                         .value = std::string_view(value).substr(0, size)});
    const auto end = std::chrono::steady_clock::now();
    if (result.status != PutStatus::kStored) ++failed;
    return std::chrono::duration<double, std::micro>(end - begin).count();
  };
  for (uint64_t i = 0; i < 8 * keys; ++i) {
    set(i < keys ? i : random() % keys);
  }
  store->ResetStats();

  std::atomic<bool> done{false};
  std::thread maintenance([&] {
    while (!done.load()) {
      store->Maintain();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  });
  std::vector<double> took;
  for (auto _ : state) {
    took.push_back(set(random() % keys));
  }
  done.store(true);
  maintenance.join();

  const auto quantile = [&](double share) {
    const auto at =
        took.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(took.size() - 1));
    std::nth_element(took.begin(), at, took.end());
    return *at;
  };
  const ShardStats stats = store->Stats().total;
  const auto per_set = [&](uint64_t count) {
    return static_cast<double>(count) / static_cast<double>(took.size());
  };
  state.counters["p50_us"] = quantile(0.5);
  state.counters["p99_us"] = quantile(0.99);
  state.counters["p99.9_us"] = quantile(0.999);
  state.counters["max_us"] = quantile(1);
  state.counters["copies_per_set"] = per_set(stats.items_kept + stats.items_promoted);
  state.counters["evictions_per_set"] = per_set(stats.evictions);
  state.counters["failed"] = static_cast<double>(failed);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_SetOtherSize)->Iterations(1'000'000)->UseRealTime();

}  // namespace
}  // namespace rat_memcache::store

BENCHMARK_MAIN();
