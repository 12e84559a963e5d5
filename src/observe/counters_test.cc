// SPDX-License-Identifier: LGPL-3.0-or-later
#include "observe/counters.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace rat_memcache::observe {
namespace {

TEST(CounterRegistry, SumsOverThreads) {
  CounterRegistry registry;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&registry] {
      ThreadCounters* const counters = registry.Register();
      for (int n = 0; n < 10'000; ++n) {
        counters->Add(Count::kCmdGet);
        counters->Add(Count::kBytesRead, 10);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(registry.Sum()[Count::kCmdGet], 40'000u);
  EXPECT_EQ(registry.Sum()[Count::kBytesRead], 400'000u);
  EXPECT_EQ(registry.Sum()[Count::kCmdSet], 0u);
}

TEST(CounterRegistry, ResetHidesWhatWasButGaugesKeepIt) {
  CounterRegistry registry;
  ThreadCounters* const counters = registry.Register();
  counters->Add(Count::kConnectionsOpened, 3);
  registry.Reset();
  counters->Add(Count::kConnectionsOpened, 2);
  EXPECT_EQ(registry.Sum()[Count::kConnectionsOpened], 2u);
  EXPECT_EQ(registry.SumSinceStart()[Count::kConnectionsOpened], 5u);
}

}  // namespace
}  // namespace rat_memcache::observe
