// What the tests of the store share: a store whose clock only the test moves, and short words for
// what is done to it.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "base/coarse_clock.h"
#include "store/store.h"

namespace rat_memcache::store {

inline constexpr size_t kMiB = size_t{1} << 20;

// Where faults are looked for, everything takes ten times as long, so there is less of it.
#ifdef RAT_DCHECKS
inline constexpr bool kSlowBuild = true;
#else
inline constexpr bool kSlowBuild = false;
#endif

class StoreForTest : public ::testing::Test {
 protected:
  // Seeded, so that a test does the same every time.
  void Open(StoreOptions options = {}) {
    if (options.seed == 0) options.seed = 1;
    auto store = Store::Open(options, &clock_);
    ASSERT_TRUE(store.ok()) << store.error().message;
    store_ = std::move(store).value();
  }
  Key KeyOf(std::string_view text) const { return store_->MakeKey(text); }
  uint32_t In(uint32_t seconds) const { return clock_.Now() + seconds; }

  PutStatus Put(std::string_view key, std::string_view value, uint32_t exptime = 0) {
    return store_->Put({.key = KeyOf(key), .value = value, .exptime = exptime}).status;
  }
  PutStatus Put(std::string_view key, std::string_view value, PutMode mode) {
    return store_->Put({.key = KeyOf(key), .mode = mode, .value = value}).status;
  }
  // The value, if there is one.
  std::optional<std::string> Get(std::string_view key) {
    std::string value;
    const Found found = store_->Read(KeyOf(key), [&](const ItemView& item) {
      value.resize(item.value_size());
      item.CopyValueTo(value.data());
    });
    return found == Found::kHit ? std::optional(std::move(value)) : std::nullopt;
  }
  Found Read(std::string_view key) {
    return store_->Read(KeyOf(key), [](const ItemView&) {});
  }
  bool Has(std::string_view key) { return Read(key) == Found::kHit; }
  Found Delete(std::string_view key) { return store_->Delete(KeyOf(key)); }
  Found Touch(std::string_view key, uint32_t exptime) { return store_->Touch(KeyOf(key), exptime); }

  ShardStats Stats() { return store_->Stats().total; }
  // Memory that counts against the limit, but for the models' (StoreStats::sample_bytes).
  uint64_t BytesUsed() {
    const ShardStats stats = Stats();
    return stats.resident_bytes + stats.index_bytes + stats.policy_bytes + stats.bookkeeping_bytes;
  }
  // As often as it may take until nothing is left to be done: a call frees so many segments at
  // most.
  void MaintainToTheEnd() {
    for (int i = 0; i < 32; ++i) {
      store_->Maintain();
    }
  }

  CoarseClock clock_;
  std::unique_ptr<Store> store_;
};

}  // namespace rat_memcache::store
