// SPDX-License-Identifier: LGPL-3.0-or-later
#include "net/client_count.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

namespace rat_memcache::net {
namespace {

TEST(ClientCount, NoMoreThanThereMayBe) {
  ClientCount clients(2, [] {});
  EXPECT_TRUE(clients.Take());
  EXPECT_TRUE(clients.Take());
  EXPECT_FALSE(clients.Take());
  clients.Give();
  EXPECT_TRUE(clients.Take());
  EXPECT_FALSE(clients.Take());
}

TEST(ClientCount, TellsOnceWhoAwaitsAPlace) {
  int told = 0;
  ClientCount clients(2, [&] { ++told; });
  EXPECT_TRUE(clients.Take());
  EXPECT_FALSE(clients.AwaitPlace());  // there is one
  clients.Give();
  EXPECT_EQ(told, 0);
  EXPECT_TRUE(clients.Take());
  EXPECT_TRUE(clients.Take());
  EXPECT_TRUE(clients.AwaitPlace());
  EXPECT_EQ(told, 0);
  clients.Give();
  clients.Give();
  EXPECT_EQ(told, 1);
}

// However close awaiting and giving back are, one of the two notices.
TEST(ClientCount, NoPlaceIsMissed) {
  constexpr int kRounds = 20'000;
  std::atomic<int> told{0};
  std::atomic<int> taken{0};
  std::atomic<int> given{0};
  ClientCount clients(1, [&] { told.fetch_add(1); });
  std::thread giver([&] {
    for (int i = 1; i <= kRounds; ++i) {
      while (taken.load() < i) {
        std::this_thread::yield();
      }
      clients.Give();
      given.store(i);
    }
  });
  for (int i = 1; i <= kRounds; ++i) {
    ASSERT_TRUE(clients.Take());
    const int told_before = told.load();
    taken.store(i);
    const bool will_be_told = clients.AwaitPlace();
    while (given.load() < i) {
      std::this_thread::yield();
    }
    ASSERT_EQ(told.load() - told_before, will_be_told ? 1 : 0) << "round " << i;
  }
  giver.join();
}

}  // namespace
}  // namespace rat_memcache::net
