// A day in the life of a cache, in seconds: 86,400 ticks of a clock that is set by hand, a load
// that changes its habits by the hour, and a model that knows what every reply may be.
//
// What goes wrong slowly does not show in a test of seconds: memory that creeps beyond its limit,
// counts that drift, a cache full of what nobody asks for any more. So the day has what a long run
// has: keys that are popular for a few hours, lives from 30 seconds to for ever, values that grow
// from 100 bytes to 8 KB when another application takes over, a flush, a limit that is lowered and
// raised, strategies that come and go. kDay says when.
//
// A get that misses is followed by a set, as clients do. Checked are
//   every reply: a hit is what was stored last, and it was not deleted, flushed, over its time,
//     or missed before;
//   every store: none fails;
//   memory: what the store says it has, and what the process has got since the cache was opened,
//     within the limit and a margin; and the difference of the two;
//   the hit ratio: a few turnovers (as many bytes stored as the limit allows) after the values have
//     grown, it is what it is at the end of that time.
//
// One thread and one seed: the same choices in every run. What maintenance gets done in a second
// depends on the machine, so that a few items more or less may be there.
//
//   day_stress [--hours N] [--operations-per-second N] [--memory MIB] [--strategy NAME] [--seed N]
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/decimal.h"
#include "base/hash.h"
#include "cache/cache.h"
#include "config/eviction_strategy.h"
#include "platform/memory.h"
#include "support/random.h"

namespace {

using namespace rat_memcache;         // NOLINT(google-build-using-namespace)
using namespace rat_memcache::cache;  // NOLINT(google-build-using-namespace)
using config::EvictionStrategy;

constexpr size_t kMiB = size_t{1} << 20;
constexpr uint32_t kHoursPerDay = 24;
constexpr uint32_t kSecondsPerHour = 3600;

// --- The day ---

constexpr uint32_t kHoursPerEra = 6;
constexpr size_t kSmallValue = 100;
constexpr size_t kLargeValue = 8 << 10;

// From an hour on, each until the next of its kind.
struct Event {
  double hour;
  // Another application takes over: other keys, values of about this size. 0: no such event.
  size_t value_size = 0;
  std::optional<EvictionStrategy> strategy{};
  double limit = 0;  // as a share of the limit that the day began with; 0: no such event
  bool flush = false;
};
constexpr Event kDay[] = {
    {.hour = 0, .value_size = kSmallValue, .strategy = EvictionStrategy::kAdaptive},
    {.hour = 1, .strategy = EvictionStrategy::kLru},
    {.hour = 2, .limit = 0.5},
    {.hour = 3, .strategy = EvictionStrategy::kTinyLfu, .limit = 1},
    {.hour = 4, .strategy = EvictionStrategy::kLfu},
    {.hour = 5, .strategy = EvictionStrategy::kS3Fifo},
    {.hour = 5.5, .strategy = EvictionStrategy::kAdaptive},
    {.hour = 6, .value_size = kLargeValue},
    {.hour = 12, .value_size = kSmallValue},
    {.hour = 13, .strategy = EvictionStrategy::kLruLfu},
    {.hour = 13.5, .strategy = EvictionStrategy::kTtlBased},
    {.hour = 14, .strategy = EvictionStrategy::kClock},
    {.hour = 14.5, .flush = true},
    {.hour = 15, .strategy = EvictionStrategy::kFifo},
    {.hour = 16, .strategy = EvictionStrategy::kS3Fifo, .limit = 0.25},
    {.hour = 17, .limit = 1},
    {.hour = 18, .value_size = kLargeValue},
};

// One key for so many bytes of the limit: more of the small values than fit, and many times more of
// the large ones.
constexpr size_t kBytesPerKey = 64;
// Each hour one rank in so many goes to another key.
constexpr uint32_t kHoursPopular = 4;

// Of a hundred operations; the rest are gets.
constexpr uint64_t kSets = 10;
constexpr uint64_t kAppends = 3;
constexpr uint64_t kDeletes = 1;
// One set in so many is of a value from here to there.
constexpr uint64_t kSetsPerHuge = 2000;
constexpr double kHugeMin = 32 << 10;
constexpr double kHugeMax = 512 << 10;
// From here on values come as a stream, as they do in the server.
constexpr size_t kUploadFrom = 32 << 10;
// One set in so many is read back at once, and must be there.
constexpr uint64_t kSetsPerReadBack = 16;

// --- What is asked of it ---

// In seconds. The sum of what the store says costs little, the process's memory a system call.
constexpr uint32_t kPartsInterval = 10;
constexpr uint32_t kProcessInterval = 60;
// After the limit was lowered, until it is kept again.
constexpr uint32_t kSecondsToShrink = 30;
constexpr double kLimitMargin = 1.05;
// Whether the process's memory is the cache's and not that of a tool that watches it.
#ifdef RAT_DAY_WITHOUT_RSS
constexpr bool kProcessCounts = false;
#else
constexpr bool kProcessCounts = true;
#endif
constexpr size_t kProcessMargin = 4 * kMiB;
constexpr double kUnaccountedShare = 0.05;  // of the limit that the day began with
// Of the hit ratio at the end of the time with large values ...
constexpr double kRecovered = 0.9;
// ... after so many turnovers. With Lru it is half a one; S3Fifo, which gives a tenth of the memory
// to what is new, needs about two until the rest is no longer full of what was popular before.
constexpr size_t kTurnoversToRecover = 3;
// In the two turnovers after that there must be so many gets, or it is chance that decides.
constexpr uint64_t kGetsToTell = 20'000;
// Ticks after the last flush until nothing is left.
constexpr int kTicksToForget = 1000;

using Random = TestRandom;

// As likely between 100 and 200 as between 200 and 400.
size_t LogUniform(Random* random, double low, double high) {
  return static_cast<size_t>(low * std::exp(random->Fraction() * std::log(high / low)));
}

// --- Values and the model ---

// In front of every value. The noise behind it follows from key and version.
struct Head {
  uint32_t key;
  uint32_t version;
  uint32_t exptime;
  uint32_t size;     // of the value as it was set, this head included
  uint32_t era;      // how many applications there were before
  uint32_t flushes;  // how many flushes
};
// What an append adds.
struct Tail {
  uint32_t key;
  uint32_t version;
  uint32_t number;  // 1 for the first behind a value
};

// What is known of a key, in four bytes, so that the model takes little beside the cache.
struct KeyState {
  static constexpr uint32_t kAppendsMax = (1 << 9) - 1;

  uint32_t version : 22;  // of the last set; 0: none yet
  uint32_t appends : 9;   // since then
  uint32_t gone : 1;      // deleted, or missed once: only a set can bring it back
};
static_assert(sizeof(KeyState) == 4);

[[noreturn]] void Fault(const char* what, uint32_t key) {
  std::printf("key %u: %s\n", key, what);
  std::fflush(stdout);
  std::abort();
}

// The bytes behind the heads: a piece of one table for each key and version.
class Noise {
 public:
  explicit Noise(uint64_t seed) {
    Random random(seed);
    for (uint64_t& word : words_) {
      word = random.Next();
    }
  }
  const char* For(uint32_t key, uint32_t version) const {
    const uint64_t offset = Random::Mix(uint64_t{key} << 32 | version) % (kBytes / 2);
    return reinterpret_cast<const char*>(words_.data()) + offset;
  }

 private:
  static constexpr size_t kBytes = 2 * static_cast<size_t>(kHugeMax);
  std::vector<uint64_t> words_ = std::vector<uint64_t>(kBytes / sizeof(uint64_t));
};

struct Options {
  double hours = kHoursPerDay;
  uint32_t operations_per_second = 100;
  size_t memory = 64 * kMiB;
  std::optional<EvictionStrategy> strategy;  // this one all day
  uint64_t seed = 0;
};

struct HitRatio {
  uint64_t gets = 0;
  uint64_t hits = 0;

  void Count(bool hit) {
    ++gets;
    hits += hit ? 1 : 0;
  }
  double value() const {
    return gets == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(gets);
  }
};

double InMiB(double bytes) { return bytes / static_cast<double>(kMiB); }

// Of a time with large values, since it began.
struct Recovery {
  double began = 0;  // hour
  uint64_t bytes_stored = 0;
  std::vector<HitRatio> half_turnovers;
  HitRatio last_hour;

  void Count(bool hit, size_t limit, bool is_last_hour) {
    const size_t half = bytes_stored * 2 / limit;
    if (half >= half_turnovers.size()) half_turnovers.resize(half + 1);
    half_turnovers[half].Count(hit);
    if (is_last_hour) last_hour.Count(hit);
  }
  // Of so many turnovers, after so many.
  HitRatio Turnovers(size_t count, size_t after) const {
    const size_t end = std::min(2 * (after + count), half_turnovers.size());
    HitRatio sum;
    for (size_t half = 2 * after; half < end; ++half) {
      sum.gets += half_turnovers[half].gets;
      sum.hits += half_turnovers[half].hits;
    }
    return sum;
  }
  // How many pass before the hit ratio is first as high as this.
  double TurnoversUntil(double ratio) const {
    size_t half = 0;
    while (half < half_turnovers.size() && half_turnovers[half].value() < ratio)
      ++half;
    return static_cast<double>(half) / 2;
  }
};

class Day {
 public:
  explicit Day(const Options& options)
      : options_(options),
        keys_(static_cast<uint32_t>(options.memory / kBytesPerKey)),
        log_keys_(std::log(static_cast<double>(keys_))),
        seconds_per_hour_(options.hours / kHoursPerDay * kSecondsPerHour),
        limit_(options.memory),
        random_(options.seed),
        noise_(options.seed),
        states_(keys_),
        value_(kValueMax),
        read_(kValueMax),
        // Last: all that was allocated and written above does not belong to the cache.
        memory_before_(platform::ResidentMemory()),
        cache_(std::move(
                   Cache::Open({.memory_limit = options.memory,
                                .eviction = options.strategy.value_or(EvictionStrategy::kAdaptive),
                                .seed = options.seed | 1},
                               &clock_))
                   .value()) {}

  // Whether all was well.
  bool Run() {
    std::printf(
        "hour  value  strategy           limit    items  hits/get  evictions  copies/set"
        "  parts  process MiB\n");
    const auto seconds = static_cast<uint32_t>(options_.hours * kSecondsPerHour);
    size_t next_event = 0;
    for (second_ = 0; second_ < seconds; ++second_) {
      while (next_event < std::size(kDay) && kDay[next_event].hour * seconds_per_hour_ <= second_) {
        Begin(kDay[next_event++]);
      }
      PassSecond();
      if (second_ % kPartsInterval == 0) CheckParts();
      if (second_ % kProcessInterval == 0) CheckProcess();
      const auto hour_now = static_cast<uint32_t>((second_ + 1) / seconds_per_hour_);
      if (hour_now != hour_) EndHour(hour_now);
    }
    EndEra();
    Forget();
    return Report();
  }

  const std::vector<Recovery>& recoveries() const { return recoveries_; }

  // Another day, in which nothing happens until values grow at this hour: what the second turnover
  // is like in a cache that has nothing to forget.
  HitRatio SecondTurnoverFrom(double hour) {
    second_ = static_cast<uint32_t>(hour * seconds_per_hour_);
    hour_ = static_cast<uint32_t>(hour);
    for (const Event& event : kDay) {
      if (event.hour <= hour) Begin(event);
    }
    while (recovery_->bytes_stored < 2 * limit_)
      PassSecond();
    return recovery_->Turnovers(1, 1);
  }

 private:
  static constexpr size_t kValueMax =
      static_cast<size_t>(kHugeMax) + KeyState::kAppendsMax * sizeof(Tail);

  // --- What happens ---

  void PassSecond() {
    cache_->Tick(CoarseClock::kStartSeconds + second_);
    for (uint32_t i = 0; i < options_.operations_per_second; ++i) {
      Operate();
    }
  }

  void Begin(const Event& event) {
    if (event.value_size != 0) {
      if (second_ != 0) EndEra();
      ++era_;
      value_size_ = event.value_size;
      std::fill(states_.begin(), states_.end(), KeyState{});
      if (event.value_size > kSmallValue) recovery_ = Recovery{.began = event.hour};
    }
    if (event.strategy && !options_.strategy) cache_->SetEviction(*event.strategy);
    if (event.limit != 0) {
      const auto limit = static_cast<size_t>(static_cast<double>(options_.memory) * event.limit);
      if (limit < limit_) settled_at_ = second_ + kSecondsToShrink;
      limit_ = limit;
      if (!cache_->SetMemoryLimit(limit)) Fault("the limit was refused", 0);
    }
    if (event.flush) {
      cache_->Flush();
      ++flushes_;
    }
  }

  void EndEra() {
    if (recovery_) recoveries_.push_back(*std::exchange(recovery_, std::nullopt));
  }

  // Everything goes with the last flush, and no count is left behind.
  void Forget() {
    cache_->Flush();
    int ticks = 0;
    store::ShardStats total;
    do {
      cache_->Tick(clock_.Now() + 1);
      total = cache_->Stats().total;
    } while (++ticks < kTicksToForget && total.live_bytes + total.dead_bytes != 0);
    std::printf(
        "after a flush and %d ticks: %llu items, %llu of them with an exptime, %llu bytes "
        "alive, %llu dead\n",
        ticks, Long(total.items), Long(total.timed_items), Long(total.live_bytes),
        Long(total.dead_bytes));
    Expect(total.items == 0 && total.timed_items == 0 && total.item_bytes == 0,
           "counts of items are left after a flush");
    Expect(total.live_bytes == 0 && total.dead_bytes == 0,
           "memory of flushed items is not given back");
  }

  uint32_t DrawKey() {
    // The power law of a continuous variable, rounded down: as Zipf as any real load.
    const auto rank = static_cast<uint32_t>(std::exp(random_.Fraction() * log_keys_)) - 1;
    const uint64_t owner = (hour_ + rank) / kHoursPopular;
    return static_cast<uint32_t>(Random::Mix(uint64_t{rank} << 32 | owner) % keys_);
  }

  void Operate() {
    const uint32_t key = DrawKey();
    const uint64_t kind = random_.Below(100);
    if (kind < kSets) return Set(key);
    if (kind < kSets + kAppends) return Append(key);
    if (kind < kSets + kAppends + kDeletes) return Delete(key);
    const bool hit = Get(key);
    CountGet(hit);
    if (!hit) Set(key);
  }

  void CountGet(bool hit) {
    hour_ratio_.Count(hit);
    if (recovery_) recovery_->Count(hit, limit_, hour_ % kHoursPerEra == kHoursPerEra - 1);
  }

  Key KeyFor(uint32_t key) {
    char* end = key_text_;
    *end++ = static_cast<char>('a' + era_);
    *end++ = ':';
    end = WriteDecimal(end, key);
    return cache_->MakeKey({key_text_, static_cast<size_t>(end - key_text_)});
  }

  size_t DrawSize() {
    const double around = static_cast<double>(value_size_);
    return std::max(sizeof(Head), random_.OneIn(kSetsPerHuge)
                                      ? LogUniform(&random_, kHugeMin, kHugeMax)
                                      : LogUniform(&random_, around / 2, around * 2));
  }

  uint32_t DrawExptime() {
    constexpr std::array<uint32_t, 10> kLives = {0, 0, 0, 0, 30, 600, 600, 21600, 21600, 21600};
    const uint32_t life = kLives[random_.Below(kLives.size())];
    return life == 0 ? 0 : clock_.Now() + life;
  }

  void Set(uint32_t key) {
    KeyState& state = states_[key];
    if (++state.version == 0) Fault("the day is too long for the model", key);
    state.appends = 0;
    state.gone = 0;
    const size_t size = DrawSize();
    const Head head{key, state.version, DrawExptime(), static_cast<uint32_t>(size), era_, flushes_};
    std::memcpy(value_.data(), &head, sizeof head);
    std::memcpy(value_.data() + sizeof head, noise_.For(key, state.version), size - sizeof head);
    Store({.key = KeyFor(key), .value = {value_.data(), size}, .exptime = head.exptime});
    if (recovery_) recovery_->bytes_stored += size;
    if (random_.OneIn(kSetsPerReadBack) && !Get(key)) Fault("gone at once after a set", key);
  }

  void Store(const PutRequest& request) {
    PutResult result{PutStatus::kNoMemory};
    if (request.value.size() < kUploadFrom) {
      result = cache_->Put(request);
    } else {
      PutRequest empty = request;
      empty.value = {};
      const auto upload = cache_->BeginUpload(empty, static_cast<uint32_t>(request.value.size()));
      if (upload->Append(request.value)) result = upload->Commit();
    }
    if (result.status != PutStatus::kStored) ++failed_;
  }

  void Append(uint32_t key) {
    KeyState& state = states_[key];
    if (state.appends == KeyState::kAppendsMax) return Set(key);
    const Tail tail{key, state.version, state.appends + 1u};
    const PutResult result =
        cache_->Put({.key = KeyFor(key),
                     .mode = PutMode::kAppend,
                     .value = {reinterpret_cast<const char*>(&tail), sizeof tail}});
    if (result.status == PutStatus::kStored) {
      if (state.gone != 0 || state.version == 0) Fault("appended to what is not there", key);
      ++state.appends;
      return;
    }
    if (result.status != PutStatus::kNotStored) ++failed_;
    // With or without memory for the append: what becomes of the item is up to the cache.
    if (result.status == PutStatus::kNotStored) state.gone = 1;
  }

  void Delete(uint32_t key) {
    KeyState& state = states_[key];
    const Found found = cache_->Delete(KeyFor(key));
    if (found == Found::kHit && (state.gone != 0 || state.version == 0)) {
      Fault("deleted what is not there", key);
    }
    state.gone = 1;
  }

  bool Get(uint32_t key) {
    size_t size = 0;
    const Found found = cache_->Get(KeyFor(key), [&](const ItemView& item) {
      size = std::min<size_t>(item.value_size(), read_.size());
      if (size == item.value_size()) item.CopyValueTo(read_.data());
    });
    if (found == Found::kHit) {
      CheckValue(key, {read_.data(), size});
    } else {
      states_[key].gone = 1;
    }
    return found == Found::kHit;
  }

  // --- What is checked ---

  void CheckValue(uint32_t key, std::string_view value) const {
    const KeyState state = states_[key];
    Head head;
    if (value.size() < sizeof head) Fault("a value is cut short", key);
    std::memcpy(&head, value.data(), sizeof head);
    if (head.key != key || head.era != era_) Fault("a value of another key", key);
    if (state.gone != 0) Fault("what was gone has come back", key);
    if (head.version != state.version) Fault("not what was stored last", key);
    if (head.flushes != flushes_) Fault("what was flushed has come back", key);
    if (head.exptime != 0 && head.exptime <= clock_.Now()) Fault("its time is over", key);
    if (value.size() != head.size + state.appends * sizeof(Tail)) Fault("the wrong size", key);
    const std::string_view body = value.substr(sizeof head, head.size - sizeof head);
    if (std::memcmp(body.data(), noise_.For(key, head.version), body.size()) != 0) {
      Fault("a value with other bytes than were stored", key);
    }
    for (uint32_t i = 0; i < state.appends; ++i) {
      Tail tail;
      std::memcpy(&tail, value.data() + head.size + i * sizeof tail, sizeof tail);
      if (tail.key != key || tail.version != head.version || tail.number != i + 1) {
        Fault("not what was appended", key);
      }
    }
  }

  static size_t PartsOf(const store::StoreStats& stats) {
    const store::ShardStats& total = stats.total;
    return total.resident_bytes + total.index_bytes + total.policy_bytes + total.bookkeeping_bytes +
           stats.sample_bytes;
  }

  // Complains once of each kind.
  void Expect(bool right, const char* wrong) {
    if (right || std::find(wrong_.begin(), wrong_.end(), wrong) != wrong_.end()) return;
    std::printf("      WRONG in hour %.2f: %s\n", second_ / seconds_per_hour_, wrong);
    wrong_.push_back(wrong);
  }

  void CheckParts() {
    const store::StoreStats stats = cache_->Stats();
    const store::ShardStats& total = stats.total;
    Expect(total.timed_items <= total.items, "more items with an exptime than items");
    Expect(total.live_bytes + total.dead_bytes <= total.resident_bytes,
           "more bytes are alive or dead than there are");
    if (second_ < settled_at_) return;
    const double share = static_cast<double>(PartsOf(stats)) / static_cast<double>(limit_);
    parts_worst_ = std::max(parts_worst_, share);
    Expect(share <= kLimitMargin, "the store's parts exceed the limit");
  }

  size_t ProcessMemory() const {
    const size_t now = platform::ResidentMemory();
    return now - std::min(now, memory_before_);
  }

  void CheckProcess() {
    if (!kProcessCounts || second_ < settled_at_) return;
    const auto limit = static_cast<double>(limit_);
    const auto grown = static_cast<double>(ProcessMemory());
    const double unaccounted = grown - static_cast<double>(PartsOf(cache_->Stats()));
    process_worst_ = std::max(process_worst_, grown / limit);
    const double unaccounted_share = unaccounted / static_cast<double>(options_.memory);
    unaccounted_worst_ = std::max(unaccounted_worst_, unaccounted_share);
    Expect(grown <= limit * kLimitMargin + kProcessMargin, "the process exceeds the limit");
    Expect(unaccounted_share <= kUnaccountedShare, "memory that no part accounts for");
  }

  void EndHour(uint32_t hour_now) {
    const store::StoreStats stats = cache_->Stats();
    const store::ShardStats& total = stats.total;
    const uint64_t copies = total.items_kept + total.items_promoted;
    const uint64_t stored = total.items_stored - std::exchange(stored_, total.items_stored);
    std::string strategy(config::NameOf(stats.eviction));
    if (stats.eviction_at_work != stats.eviction) {
      strategy += " (" + std::string(config::NameOf(stats.eviction_at_work)) + ")";
    }
    std::printf(
        "%4u  %5zu  %-17s %6.1f  %7llu  %8.3f  %9llu  %10.2f %6.1f  %11.1f\n", hour_, value_size_,
        strategy.c_str(), InMiB(static_cast<double>(limit_)), Long(total.items),
        hour_ratio_.value(), Long(total.evictions - std::exchange(evictions_, total.evictions)),
        static_cast<double>(copies - std::exchange(copies_, copies)) /
            static_cast<double>(std::max<uint64_t>(stored, 1)),
        InMiB(static_cast<double>(PartsOf(stats))), InMiB(static_cast<double>(ProcessMemory())));
    std::fflush(stdout);
    hour_ratio_ = {};
    hour_ = hour_now;
  }

  bool Report() {
    Expect(failed_ == 0, "stores failed");
    std::printf("no wrong reply; %llu failed stores; parts at most %.3f of the limit",
                Long(failed_), parts_worst_);
    if (kProcessCounts) {
      std::printf(", process %.3f, unaccounted %.3f", process_worst_, unaccounted_worst_);
    }
    std::printf("\n");
    return wrong_.empty();
  }

  static unsigned long long Long(uint64_t number) { return number; }

  const Options options_;
  const uint32_t keys_;
  const double log_keys_;
  const double seconds_per_hour_;
  size_t limit_;

  Random random_;
  const Noise noise_;
  std::vector<KeyState> states_;
  std::vector<char> value_;  // to be stored
  std::vector<char> read_;
  char key_text_[2 + kMaxDecimalDigits];

  const size_t memory_before_;
  CoarseClock clock_;
  const std::unique_ptr<Cache> cache_;

  uint32_t second_ = 0;
  uint32_t hour_ = 0;
  uint32_t settled_at_ = 0;
  uint32_t era_ = 0;
  uint32_t flushes_ = 0;
  size_t value_size_ = 0;
  std::optional<Recovery> recovery_;
  std::vector<Recovery> recoveries_;

  uint64_t failed_ = 0;
  std::vector<const char*> wrong_;
  double parts_worst_ = 0;
  double process_worst_ = 0;
  double unaccounted_worst_ = 0;
  HitRatio hour_ratio_;
  // At the end of the hour before.
  uint64_t stored_ = 0;
  uint64_t evictions_ = 0;
  uint64_t copies_ = 0;
};

bool Recovered(const Options& options, const Recovery& recovery) {
  const double when_empty = Day(options).SecondTurnoverFrom(recovery.began).value();
  const double enough = kRecovered * recovery.last_hour.value();
  const HitRatio after = recovery.Turnovers(2, kTurnoversToRecover);
  std::printf(
      "values grew at %g: hits/get %.3f in the first turnover, %.3f in the second (%.3f if the "
      "cache was empty), %.3f after %zu, %.3f in the last hour; %.0f %% of that after %.1f\n",
      recovery.began, recovery.Turnovers(1, 0).value(), recovery.Turnovers(1, 1).value(),
      when_empty, after.value(), kTurnoversToRecover, recovery.last_hour.value(), 100 * kRecovered,
      recovery.TurnoversUntil(enough));
  if (after.value() >= enough || after.gets < kGetsToTell) return true;
  std::printf("      WRONG: the hit ratio takes too long to recover\n");
  return false;
}

std::optional<Options> ParseOptions(int argc, char** argv) {
  Options options;
  options.seed = RandomSeed() % 1'000'000;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) return std::nullopt;
    const char* const value = argv[i + 1];
    if (name == "--hours") {
      options.hours = std::atof(value);
    } else if (name == "--operations-per-second") {
      options.operations_per_second = static_cast<uint32_t>(std::atoi(value));
    } else if (name == "--memory") {
      options.memory = static_cast<size_t>(std::atoi(value)) * kMiB;
    } else if (name == "--strategy") {
      options.strategy = config::ParseEvictionStrategy(value);
      if (!options.strategy) return std::nullopt;
    } else if (name == "--seed") {
      options.seed = std::strtoull(value, nullptr, 10);
    } else {
      return std::nullopt;
    }
  }
  // A quarter of it must hold a few of the largest values.
  if (options.hours <= 0 || options.memory < 16 * kMiB) return std::nullopt;
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const std::optional<Options> options = ParseOptions(argc, argv);
  if (!options) {
    std::printf(
        "usage: day_stress [option ...]\n"
        "  --hours N                  length of the day; its events move closer together (24)\n"
        "  --operations-per-second N  (100)\n"
        "  --memory MIB               limit of the cache, from 16 (64)\n"
        "  --strategy NAME            this one all day: %s\n"
        "  --seed N                   repeats the choices of a run\n",
        config::EvictionStrategyNames().c_str());
    return kExitUsage;
  }
  std::printf("day_stress --hours %g --operations-per-second %u --memory %zu --seed %llu\n",
              options->hours, options->operations_per_second, options->memory / kMiB,
              static_cast<unsigned long long>(options->seed));
  std::fflush(stdout);
  Day day(*options);
  bool right = day.Run();
  for (const Recovery& recovery : day.recoveries()) {
    right &= Recovered(*options, recovery);
  }
  return right ? 0 : 1;
}
