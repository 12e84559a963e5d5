// Threads against the memory tier, and a model that knows what they may see.
//
// Every value says which key it belongs to, who wrote it, the writer's how-manieth write of that
// key it is, and carries a checksum over a length of its own. So a reader can tell a torn value, a
// value of another key, and a value older than one it has already seen from the same writer. Around
// the readers and writers run flushes, expiry, appends, counters, pinned large values that are
// checked long after they were read, and a memory so small that everything is evicted and moved all
// the time.
//
//   store_stress [--seconds N] [--seed N] [--threads N]
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/decimal.h"
#include "base/hash.h"
#include "store/store.h"

namespace {

using namespace rat_memcache;         // NOLINT(google-build-using-namespace)
using namespace rat_memcache::store;  // NOLINT(google-build-using-namespace)

constexpr uint32_t kKeys = 3000;
constexpr uint32_t kWritersMax = 64;

// In front of every value; pseudo-random bytes follow it.
struct Head {
  uint32_t key;
  uint32_t writer;
  uint32_t version;   // counts the writer's writes of this key
  uint32_t size;      // of the value, this head included
  uint64_t checksum;  // of what follows
};

[[noreturn]] void Fault(const std::string& what, uint32_t key) {
  std::fprintf(stderr, "store_stress: key %u: %s\n", key, what.c_str());
  std::abort();
}

std::string KeyText(uint32_t key) { return "key:" + std::to_string(key); }

std::string MakeValue(uint32_t key, uint32_t writer, uint32_t version, size_t body,
                      uint64_t noise) {
  std::string value(sizeof(Head) + body, 0);
  for (size_t i = sizeof(Head); i < value.size(); ++i) {
    noise = noise * 6364136223846793005u + 1442695040888963407u;
    value[i] = static_cast<char>(noise >> 56);
  }
  const Head head{key, writer, version, static_cast<uint32_t>(value.size()),
                  HashBytes(std::string_view(value).substr(sizeof(Head)), 0)};
  std::memcpy(value.data(), &head, sizeof head);
  return value;
}

Head CheckValue(std::string_view value, uint32_t key) {
  Head head;
  if (value.size() < sizeof head) Fault("a value is cut short", key);
  std::memcpy(&head, value.data(), sizeof head);
  if (head.key != key) Fault("a value belongs to key " + std::to_string(head.key), key);
  if (head.size != value.size()) Fault("a value has the wrong size", key);
  if (head.checksum != HashBytes(value.substr(sizeof head), 0)) Fault("a value is torn", key);
  return head;
}

struct Options {
  double seconds = 10;
  uint64_t seed = 0;
  uint32_t threads = 4;
};

class Stress {
 public:
  Stress(const Options& options, size_t memory_limit, EvictionStrategy policy)
      : options_(options),
        store_(std::move(Store::Open({.memory_limit = memory_limit,
                                      .item_size_max = memory_limit / 4,
                                      .threads = options.threads,
                                      .eviction = policy},
                                     &clock_))
                   .value()) {}

  void Run() {
    std::vector<std::thread> threads;
    for (uint32_t i = 0; i < options_.threads; ++i) {
      threads.emplace_back([this, i] { Work(i); });
    }
    threads.emplace_back([this] { Disturb(); });
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::duration<double>(options_.seconds);
    while (std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
      std::this_thread::sleep_for(
          std::chrono::milliseconds(1));  // lets time pass, waits for nothing
    }
    done_ = true;
    for (std::thread& thread : threads) {
      thread.join();
    }
    Settle();
    const ShardStats stats = store_->Stats().total;
    std::printf("  %llu operations, %llu hits, %llu evictions, %llu segments cleaned\n",
                static_cast<unsigned long long>(operations_.load()),
                static_cast<unsigned long long>(hits_.load()),
                static_cast<unsigned long long>(stats.evictions),
                static_cast<unsigned long long>(stats.segments_cleaned_inline));
  }

 private:
  // What one thread has seen and done; its own.
  struct Memory {
    std::mt19937_64 random;
    uint32_t writer = 0;
    std::array<uint32_t, kKeys> written{};  // versions
    // The newest version seen of each writer, per key (writers modulo 8 to keep it small).
    std::vector<std::array<uint32_t, 8>> seen = std::vector<std::array<uint32_t, 8>>(kKeys);
    GatherBuffer pinned;
    uint32_t pinned_key = 0;
  };

  void Work(uint32_t writer) {
    Memory memory;
    memory.random.seed(options_.seed * 1000 + writer);
    memory.writer = writer;
    uint64_t count = 0;
    while (!done_.load(std::memory_order_relaxed)) {
      Step(&memory);
      ++count;
    }
    CheckPinned(&memory);
    operations_ += count;
  }

  void Step(Memory* memory) {
    // Half of all steps meet on a few keys.
    const uint64_t r = memory->random();
    const uint32_t key = (r & 1) != 0 ? (r >> 8) % 16 : (r >> 8) % kKeys;
    switch ((r >> 40) % 16) {
      case 0:
      case 1:
      case 2:
        return Write(memory, key);
      case 3:
        (void)store_->Delete(store_->MakeKey(KeyText(key)));
        return;
      case 4:
        (void)store_->Touch(store_->MakeKey(KeyText(key)), clock_.Now() + 1 + r % 20);
        return;
      case 5:
        return Count(memory);
      case 6:
        return Upload(memory, key);
      case 7:
        return ReadPinned(memory, key);
      default:
        return Read(memory, key);
    }
  }

  size_t BodySize(Memory* memory) {
    const uint64_t r = memory->random();
    if (r % 64 == 0) return (r >> 8) % 60'000;
    return r % 8 == 0 ? (r >> 8) % 6'000 : (r >> 8) % 300;
  }

  PutRequest Request(Memory* memory, const Key& key) {
    const uint64_t r = memory->random();
    PutRequest request{.key = key, .client_flags = key.text.size() % 2 == 0 ? 0u : 7u};
    if (r % 4 == 0) request.exptime = clock_.Now() + 1 + (r >> 8) % 30;
    if (r % 16 == 1) request.mode = PutMode::kAdd;
    if (r % 16 == 2) request.mode = PutMode::kReplace;
    return request;
  }

  void Write(Memory* memory, uint32_t key) {
    const std::string text = KeyText(key);
    const std::string value =
        MakeValue(key, memory->writer, ++memory->written[key], BodySize(memory), memory->random());
    PutRequest request = Request(memory, store_->MakeKey(text));
    request.value = value;
    (void)store_->Put(request);
  }

  void Upload(Memory* memory, uint32_t key) {
    const std::string text = KeyText(key);
    const std::string value = MakeValue(key, memory->writer, ++memory->written[key],
                                        5'000 + memory->random() % 60'000, memory->random());
    const auto upload = store_->BeginUpload(Request(memory, store_->MakeKey(text)),
                                            static_cast<uint32_t>(value.size()));
    for (std::string_view rest = value; !rest.empty();) {
      const std::string_view part = rest.substr(0, 1 + memory->random() % 30'000);
      if (!upload->Append(part) || memory->random() % 50 == 0) return;  // given up in the middle
      rest.remove_prefix(part.size());
    }
    (void)upload->Commit();
  }

  void Check(Memory* memory, uint32_t key, std::string_view value) {
    const Head head = CheckValue(value, key);
    // A writer's versions of a key are stored in order, so nobody may see them run backwards.
    uint32_t& newest = memory->seen[key][head.writer % 8];
    if (options_.threads <= 8 && head.version < newest) Fault("an older value came back", key);
    newest = head.version;
    hits_.fetch_add(1, std::memory_order_relaxed);
  }

  void Read(Memory* memory, uint32_t key) {
    const std::string text = KeyText(key);
    std::string value;
    uint32_t client_flags = 0;
    const Found found = store_->Read(store_->MakeKey(text), [&](const ItemView& item) {
      client_flags = item.client_flags();
      value.resize(item.value_size());
      item.CopyValueTo(value.data());
    });
    if (found != Found::kHit) return;
    if (client_flags != (text.size() % 2 == 0 ? 0u : 7u)) Fault("wrong flags", key);
    Check(memory, key, value);
  }

  // Keeps the value pinned until the next call of this kind, whatever happens to the item
  // meanwhile.
  void ReadPinned(Memory* memory, uint32_t key) {
    CheckPinned(memory);
    memory->pinned_key = key;
    const std::string text = KeyText(key);
    std::string copy;
    const Found found = store_->Read(store_->MakeKey(text), [&](const ItemView& item) {
      if (item.locked()) return item.PinValueInto(&memory->pinned);
      copy.resize(item.value_size());
      item.CopyValueTo(copy.data());
    });
    if (found == Found::kHit && memory->pinned.empty()) memory->pinned.Append(copy);
  }

  static void CheckPinned(Memory* memory) {
    if (memory->pinned.empty()) return;
    std::string value;
    std::array<std::string_view, 32> parts;
    while (!memory->pinned.empty()) {
      size_t bytes = 0;
      const size_t filled = memory->pinned.Peek(parts);
      for (size_t i = 0; i < filled; ++i) {
        value += parts[i];
        bytes += parts[i].size();
      }
      memory->pinned.Consume(bytes);
    }
    (void)CheckValue(value, memory->pinned_key);
  }

  // Counters only ever grow, and a reader must find a number.
  void Count(Memory* memory) {
    const std::string text = "count:" + std::to_string(memory->random() % 4);
    const Key key = store_->MakeKey(text);
    const CountResult result = store_->Count({.key = key});
    if (result.status == CountStatus::kNotANumber) Fault("a counter is no number", 0);
    if (result.status == CountStatus::kNotFound) {
      (void)store_->Put({.key = key, .mode = PutMode::kAdd, .value = "1"});
    }
  }

  // Time, flushes and maintenance.
  void Disturb() {
    std::mt19937_64 random(options_.seed * 1000 + 999);
    while (!done_.load(std::memory_order_relaxed)) {
      clock_.Advance(1);
      store_->Maintain();
      if (random() % 20 == 0) store_->Flush();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // a second of the fake clock
    }
  }

  // Alone: everything must be in order, and everything must go.
  void Settle() {
    Memory memory;
    for (uint32_t key = 0; key < kKeys; ++key) {
      const std::string text = KeyText(key);
      std::string value;
      if (store_->Read(store_->MakeKey(text), [&](const ItemView& item) {
            value.resize(item.value_size());
            item.CopyValueTo(value.data());
          }) == Found::kHit) {
        (void)CheckValue(value, key);
      }
      (void)store_->Delete(store_->MakeKey(text));
    }
    for (int i = 0; i < 4; ++i) {
      (void)store_->Delete(store_->MakeKey("count:" + std::to_string(i)));
    }
    const ShardStats stats = store_->Stats().total;
    if (stats.items != 0 || stats.item_bytes != 0) Fault("items are left after deleting all", 0);
  }

  const Options options_;
  CoarseClock clock_;
  std::unique_ptr<Store> store_;
  std::atomic<bool> done_{false};
  std::atomic<uint64_t> operations_{0};
  std::atomic<uint64_t> hits_{0};
};

Options ParseOptions(int argc, char** argv) {
  Options options;
  options.seed = RandomSeed() % 1'000'000;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--seconds") options.seconds = std::atof(argv[i + 1]);
    if (name == "--seed") options.seed = std::strtoull(argv[i + 1], nullptr, 10);
    if (name == "--threads") options.threads = static_cast<uint32_t>(std::atoi(argv[i + 1]));
  }
  if (options.threads == 0 || options.threads > kWritersMax) options.threads = 4;
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  Options options = ParseOptions(argc, argv);
  std::printf("store_stress --seed %llu --threads %u\n",
              static_cast<unsigned long long>(options.seed), options.threads);
  struct Setting {
    const char* name;
    size_t memory_limit;
    EvictionStrategy policy;
  };
  constexpr Setting kSettings[] = {{"1 MiB, s3fifo", size_t{1} << 20, EvictionStrategy::kS3Fifo},
                                   {"1 MiB, lru", size_t{1} << 20, EvictionStrategy::kLru},
                                   {"40 MiB, s3fifo", size_t{40} << 20, EvictionStrategy::kS3Fifo},
                                   {"2 MiB, fifo", size_t{2} << 20, EvictionStrategy::kFifo}};
  options.seconds /= std::size(kSettings);
  for (const Setting& setting : kSettings) {
    std::printf("%s\n", setting.name);
    std::fflush(stdout);
    Stress(options, setting.memory_limit, setting.policy).Run();
  }
  return 0;
}
