// SPDX-License-Identifier: LGPL-3.0-or-later
#include "observe/watch_hub.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace rat_memcache::observe {
namespace {

constexpr auto kFetchers = static_cast<WatchStreams>(WatchStream::kFetchers);
constexpr auto kEvictions = static_cast<WatchStreams>(WatchStream::kEvictions);

// What follows the time.
std::string WithoutTime(const std::string& line) { return line.substr(line.find("gid=")); }

TEST(WatchHub, OnlyWhatWasAskedFor) {
  WatchHub hub(1000);
  EXPECT_FALSE(hub.wanted(WatchStream::kFetchers));
  int woken = 0;
  const auto watcher = hub.Add(kFetchers, [&] { ++woken; });
  EXPECT_TRUE(hub.wanted(WatchStream::kFetchers));
  EXPECT_FALSE(hub.wanted(WatchStream::kEvictions));
  hub.Report(WatchStream::kFetchers, "type=item_get");
  hub.Report(WatchStream::kEvictions, "type=eviction");
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(WithoutTime(watcher->Take()), "gid=1 type=item_get\n");
  EXPECT_EQ(watcher->Take(), "");
  hub.Report(WatchStream::kFetchers, "a");
  hub.Report(WatchStream::kFetchers, "b");
  EXPECT_EQ(woken, 2) << "once until it was read";
  hub.Remove(watcher);
  EXPECT_FALSE(hub.wanted(WatchStream::kFetchers));
  EXPECT_EQ(hub.counts().watchers, 0u);
}

TEST(WatchHub, ASlowReaderIsToldWhatItMissed) {
  WatchHub hub(100);
  const auto watcher = hub.Add(kEvictions, [] {});
  for (int i = 0; i < 10; ++i) {
    hub.Report(WatchStream::kEvictions, "0123456789");
  }
  EXPECT_LE(watcher->Take().size(), 100u);
  const uint64_t skipped = hub.counts().skipped;
  EXPECT_GT(skipped, 5u);
  hub.Report(WatchStream::kEvictions, "more");
  EXPECT_TRUE(watcher->Take().starts_with("skipped=" + std::to_string(skipped) + "\n"));
  EXPECT_EQ(hub.counts().written, 11u);
}

TEST(WatchHub, TwentyAreTheMost) {
  WatchHub hub(100);
  std::vector<std::shared_ptr<WatchHub::Watcher>> watchers;
  for (size_t i = 0; i < WatchHub::kWatchersMax; ++i) {
    watchers.push_back(hub.Add(kFetchers, [] {}));
    ASSERT_NE(watchers.back(), nullptr);
  }
  EXPECT_EQ(hub.Add(kFetchers, [] {}), nullptr);
  hub.Remove(watchers[3]);
  EXPECT_NE(hub.Add(kFetchers, [] {}), nullptr);
}

TEST(WatchHub, ManyMayReportWhileOthersComeAndGo) {
  WatchHub hub(1 << 20);
  std::vector<std::thread> reporters;
  for (int i = 0; i < 3; ++i) {
    reporters.emplace_back([&] {
      for (int n = 0; n < 2000; ++n) {
        if (hub.wanted(WatchStream::kFetchers)) hub.Report(WatchStream::kFetchers, "x");
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    const auto watcher = hub.Add(kFetchers, [] {});
    (void)watcher->Take();
    hub.Remove(watcher);
  }
  for (std::thread& reporter : reporters) {
    reporter.join();
  }
  EXPECT_EQ(hub.counts().watchers, 0u);
}

}  // namespace
}  // namespace rat_memcache::observe
