// Keys that are always there, read while the index around them grows and shrinks.
//
// One thread adds tens of thousands of other keys and deletes them again, so that tables of the
// index split, merge and change their size, and segments of the log are cleaned and their items
// moved; another overwrites and moves the residents. Nothing is evicted, so a reader that misses a
// resident, or gets another value than one of its, has looked at an index in pieces.
//
//   index_stress [--seconds N] [--seed N]
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "store/store.h"

namespace {

using namespace rat_memcache;         // NOLINT(google-build-using-namespace)
using namespace rat_memcache::store;  // NOLINT(google-build-using-namespace)

constexpr uint32_t kResidents = 4000;
constexpr uint32_t kVisitors = 30'000;
constexpr int kReaders = 2;
constexpr uint32_t kNever = 1'000'000'000;  // a second of the clock, which stands still here
// Large enough that no item is evicted, small enough that segments are cleaned.
constexpr size_t kMemoryLimit = size_t{3} << 20;

[[noreturn]] void Fault(const char* what, uint32_t key) {
  std::fprintf(stderr, "index_stress: resident %u: %s\n", key, what);
  std::abort();
}

std::string ResidentText(uint32_t key) { return "resident:" + std::to_string(key); }

// All values of a key are this text, so many times.
std::string ValueOf(uint32_t key, size_t times) {
  std::string value;
  for (size_t i = 0; i < times; ++i) {
    value += std::to_string(key) + ";";
  }
  return value;
}

class Stress {
 public:
  explicit Stress(uint64_t seed)
      : seed_(seed),
        store_(
            std::move(Store::Open({.memory_limit = kMemoryLimit, .shards = 1}, &clock_)).value()) {
    for (uint32_t key = 0; key < kResidents; ++key) {
      Write(key, 3);
    }
  }

  void Run(double seconds) {
    std::vector<std::thread> threads;
    for (int i = 0; i < kReaders; ++i) {
      threads.emplace_back([this, i] { ReadResidents(seed_ + static_cast<uint64_t>(i) + 1); });
    }
    threads.emplace_back([this] { OverwriteResidents(); });
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (std::chrono::steady_clock::now() < end) {
      VisitOnce();
    }
    done_ = true;
    for (std::thread& thread : threads) {
      thread.join();
    }
    const ShardStats stats = store_->Stats().total;
    std::printf("  %llu reads, %llu times all visitors, %llu segments cleaned\n",
                static_cast<unsigned long long>(reads_.load()),
                static_cast<unsigned long long>(visits_),
                static_cast<unsigned long long>(stats.segments_cleaned_inline));
    if (stats.evictions != 0) Fault("the test itself is wrong: something was evicted", 0);
    if (stats.items != kResidents) Fault("there are more or fewer items than residents", 0);
  }

 private:
  void Write(uint32_t key, size_t times) {
    const std::string text = ResidentText(key);
    const std::string value = ValueOf(key, times);
    const PutResult put = store_->Put({.key = store_->MakeKey(text), .value = value});
    if (put.status != PutStatus::kStored) Fault("not stored", key);
  }

  void ReadResidents(uint64_t seed) {
    std::mt19937_64 random(seed);
    std::string value;
    uint64_t reads = 0;
    while (!done_.load(std::memory_order_relaxed)) {
      const auto key = static_cast<uint32_t>(random() % kResidents);
      const std::string text = ResidentText(key);
      const Found found = store_->Read(store_->MakeKey(text), [&](const ItemView& item) {
        value.resize(item.value_size());
        item.CopyValueTo(value.data());
      });
      if (found != Found::kHit) Fault("not found, but it was there all the time", key);
      const std::string absent = "absent:" + std::to_string(random() % kVisitors);
      if (store_->Read(store_->MakeKey(absent), [](const ItemView&) {}) == Found::kHit) {
        Fault("a key that nobody ever stored is there", key);
      }
      const std::string unit = std::to_string(key) + ";";
      if (value != ValueOf(key, value.size() / unit.size())) Fault("another key's value", key);
      ++reads;
    }
    reads_ += reads;
  }

  void OverwriteResidents() {
    std::mt19937_64 random(seed_);
    while (!done_.load(std::memory_order_relaxed)) {
      const auto key = static_cast<uint32_t>(random() % kResidents);
      Write(key, 1 + random() % 10);
      // A record without an expiry time has no room for one: the item moves to another segment.
      const std::string text = ResidentText(key);
      if (store_->Touch(store_->MakeKey(text), kNever) != Found::kHit) Fault("not there", key);
    }
  }

  void VisitOnce() {
    for (uint32_t i = 0; i < kVisitors; ++i) {
      const std::string text = "visitor:" + std::to_string(i);
      const PutResult put = store_->Put({.key = store_->MakeKey(text), .value = "v"});
      if (put.status != PutStatus::kStored) Fault("no room for a visitor", i);
    }
    for (uint32_t i = 0; i < kVisitors; ++i) {
      const std::string text = "visitor:" + std::to_string(i);
      if (store_->Delete(store_->MakeKey(text)) != Found::kHit) Fault("a visitor is gone", i);
    }
    ++visits_;
  }

  const uint64_t seed_;
  CoarseClock clock_;
  std::unique_ptr<Store> store_;
  std::atomic<bool> done_{false};
  std::atomic<uint64_t> reads_{0};
  uint64_t visits_ = 0;  // of the main thread
};

}  // namespace

int main(int argc, char** argv) {
  double seconds = 10;
  uint64_t seed = RandomSeed() % 1'000'000;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--seconds") seconds = std::atof(argv[i + 1]);
    if (name == "--seed") seed = std::strtoull(argv[i + 1], nullptr, 10);
  }
  std::printf("index_stress --seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  Stress(seed).Run(seconds);
  return 0;
}
