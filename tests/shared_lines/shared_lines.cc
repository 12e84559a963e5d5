// Does each operation of the memory tier a few times, so that a tool that sees every store of the
// processor (count.py) can count the cache lines it writes.
//
// Between operations it writes to the places whose addresses it prints first:
//
//   begin get_hot 0x1c0f3a0      the operation that follows is of this kind
//   end 0x1c0f3c8                it is over
//   private 0x1c0f400 0x1c0f800  memory that no other thread looks at: its own buffers
//   stack 0x1ffefff8a0           somewhere in its stack
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "base/coarse_clock.h"
#include "store/store.h"

namespace {

using namespace rat_memcache;         // NOLINT(google-build-using-namespace)
using namespace rat_memcache::store;  // NOLINT(google-build-using-namespace)

constexpr int kItems = 2000;
constexpr int kSetsBefore = 3 * kItems;
constexpr int kTimes = 64;  // each kind of operation
constexpr size_t kValueBytes = 100;

enum Kind : size_t { kGetHot, kGetCold, kGetMiss, kSetOver, kSetNew, kTouch, kDelete, kKinds };
constexpr std::array<const char*, kKinds> kNames = {"get_hot", "get_cold", "get_miss", "set_over",
                                                    "set_new", "touch",    "delete"};

// Each on a line of its own, so that nothing else is counted with it.
struct alignas(64) Mark {
  std::atomic<uint64_t> written{0};
};
std::array<Mark, kKinds> begin_marks;
Mark end_mark;

struct alignas(64) Buffers {
  std::array<char, 64> key{};
  std::array<char, 1024> value{};
};
Buffers buffers;

class Run {
 public:
  // One shard: the worst case, where everybody meets.
  Run() : store_(std::move(Store::Open({.seed = 1, .shards = 1}, &clock_)).value()) {
    // More often than CAS uniques are taken one by one (store/cas_sequence.h).
    for (int i = 0; i < kSetsBefore; ++i) {
      Set(KeyOf(i % kItems));
    }
    // Until the counts of hits in the slots of the hot ones are full.
    for (int round = 0; round < 2 * SlotMeta::kMaxFreq; ++round) {
      for (int i = 0; i < kTimes; ++i) {
        Get(KeyOf(i));
      }
    }
  }

  void All() {
    for (int i = 0; i < kTimes; ++i) {
      const int cold = kTimes + i;
      Marked(kGetHot, i, [&](const Key& key) { Get(key); });
      Marked(kGetCold, cold, [&](const Key& key) { Get(key); });
      Marked(kGetMiss, kItems + i, [&](const Key& key) { Get(key); });
      Marked(kSetOver, cold, [&](const Key& key) { Set(key); });
      Marked(kSetNew, 2 * kItems + i, [&](const Key& key) { Set(key); });
      Marked(kTouch, cold, [&](const Key& key) { (void)store_->Touch(key, clock_.Now() + 100); });
      Marked(kDelete, cold, [&](const Key& key) { (void)store_->Delete(key); });
    }
  }

 private:
  Key KeyOf(int number) {
    const int length = std::snprintf(buffers.key.data(), buffers.key.size(), "key:%08d", number);
    return store_->MakeKey({buffers.key.data(), static_cast<size_t>(length)});
  }
  void Get(const Key& key) {
    (void)store_->Read(key, [](const ItemView& item) { item.CopyValueTo(buffers.value.data()); });
  }
  void Set(const Key& key) {
    (void)store_->Put({.key = key, .value = {buffers.value.data(), kValueBytes}});
  }
  template <class Operation>
  void Marked(Kind kind, int number, Operation&& operation) {
    const Key key = KeyOf(number);
    begin_marks[kind].written.store(1);
    operation(key);
    end_mark.written.store(1);
  }

  CoarseClock clock_;
  std::unique_ptr<Store> store_;
};

}  // namespace

int main() {
  for (size_t kind = 0; kind < kKinds; ++kind) {
    std::printf("begin %s %p\n", kNames[kind], static_cast<void*>(&begin_marks[kind]));
  }
  std::printf("end %p\n", static_cast<void*>(&end_mark));
  std::printf("private %p %p\n", static_cast<void*>(&buffers), static_cast<void*>(&buffers + 1));
  const char here = 0;
  std::printf("stack %p\n", static_cast<const void*>(&here));
  std::fflush(stdout);
  Run().All();
  return 0;
}
