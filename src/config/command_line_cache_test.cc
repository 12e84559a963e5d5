// The options that say how much is cached, for how long, and what goes first.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "config/command_line.h"
#include "platform/memory.h"

namespace rat_memcache::config {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

ServerOptions Options(const std::vector<std::string>& arguments) {
  auto line = ParseCommandLine(arguments);
  EXPECT_TRUE(line.ok()) << line.error().message;
  return line.ok() ? line.value().options : ServerOptions{};
}
// One line that says what to write instead.
void ExpectFault(const std::vector<std::string>& arguments, int exit_code, std::string_view says) {
  const auto line = ParseCommandLine(arguments);
  ASSERT_FALSE(line.ok()) << arguments[0];
  EXPECT_EQ(line.error().exit_code, exit_code) << line.error().message;
  EXPECT_NE(line.error().message.find(says), std::string::npos) << line.error().message;
  EXPECT_EQ(line.error().message.find('\n'), std::string::npos);
}

TEST(CommandLineCache, Defaults) {
  const ServerOptions options = Options({});
  EXPECT_EQ(options.eviction, EvictionStrategy::kAdaptive);
  EXPECT_EQ(options.ttl.default_ttl, 0u);
  EXPECT_EQ(options.ttl.max_ttl, 0u);
  EXPECT_EQ(options.ttl.cleanup_interval, 1u);
  EXPECT_EQ(options.ttl.max_cleanup_entries, 0u);
  EXPECT_TRUE(options.ttl.lazy_expiration);
  EXPECT_TRUE(options.ttl.active_expiration);
}

TEST(CommandLineCache, AShareOfTheMemory) {
  const size_t usable = platform::UsableMemory();
  for (const uint32_t percent : {1u, 50u, 75u, 100u}) {
    const std::string text = std::to_string(percent) + "%";
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"-m", text}, {"-m" + text}, {"--memory-limit=" + text}}) {
      const size_t limit = Options(arguments).memory_limit;
      EXPECT_EQ(limit % kMiB, 0u) << "whole MiB";
      EXPECT_LE(limit, usable / 100 * percent + kMiB);
      EXPECT_GT(limit + 2 * kMiB, usable / 100 * percent);
    }
  }
  EXPECT_GE(Options({"-m", "1%"}).memory_limit, kMiB);
  EXPECT_LE(Options({"-m", "100%"}).memory_limit, usable);
}

TEST(CommandLineCache, AShareIsFromOneToAHundred) {
  for (const char* text : {"0%", "101%", "%", "-5%", "5.5%", "x%", "50%%", " 50%", "4294967297%"}) {
    ExpectFault({"-m", text}, 64, "from 1 to 100");
  }
  for (const char* text : {"%50", "abc", "0"}) {
    ExpectFault({"-m", text}, 64, "a number of megabytes");
    ExpectFault({"-m", text}, 64, "50%");
  }
}

TEST(CommandLineCache, ASmallShareLowersTheItemSizeAsASmallNumberDoes) {
  const auto line = ParseCommandLine({"-m", "1"});
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line.value().options.item_size_max, kMiB / 2);
  const ServerOptions share = Options({"-m", "1%"});
  EXPECT_LE(share.item_size_max, share.memory_limit / 2);
}

TEST(CommandLineCache, EvictionStrategiesByNameAndAlias) {
  for (const EvictionStrategy strategy : kAllEvictionStrategies) {
    EXPECT_EQ(Options({"--eviction-strategy", std::string(NameOf(strategy))}).eviction, strategy);
  }
  EXPECT_EQ(Options({"--eviction-strategy=s3-fifo"}).eviction, EvictionStrategy::kS3Fifo);
  EXPECT_EQ(Options({"--evict=HYBRID"}).eviction, EvictionStrategy::kLruLfu);
  ExpectFault({"--eviction-strategy", "belady"}, 64, "there are Fifo, Clock, ");
  ExpectFault({"--eviction-strategy", ""}, 64, "unknown");
  ExpectFault({"--eviction-strategy"}, 1, "needs a value: --eviction-strategy NAME");
}

TEST(CommandLineCache, MSwitchesEvictionOff) {
  EXPECT_EQ(Options({"-M"}).eviction, EvictionStrategy::kNone);
  EXPECT_EQ(Options({"--disable-evictions"}).eviction, EvictionStrategy::kNone);
  EXPECT_EQ(Options({"-vMm64"}).eviction, EvictionStrategy::kNone);
  // The last word counts.
  EXPECT_EQ(Options({"-M", "--eviction-strategy", "lru"}).eviction, EvictionStrategy::kLru);
  EXPECT_EQ(Options({"--eviction-strategy", "lru", "-M"}).eviction, EvictionStrategy::kNone);
}

TEST(CommandLineCache, Lives) {
  const ServerOptions options =
      Options({"--default-ttl", "60", "--max-ttl=3600", "--cleanup-interval", "5",
               "--max-cleanup-entries", "1000"});
  EXPECT_EQ(options.ttl.default_ttl, 60u);
  EXPECT_EQ(options.ttl.max_ttl, 3600u);
  EXPECT_EQ(options.ttl.cleanup_interval, 5u);
  EXPECT_EQ(options.ttl.max_cleanup_entries, 1000u);
  EXPECT_EQ(Options({"--default-ttl=0", "--max-ttl=0"}).ttl.max_ttl, 0u);
  EXPECT_EQ(Options({"--max-ttl", "2147483647"}).ttl.max_ttl, 2147483647u);
}

TEST(CommandLineCache, LivesOutOfRange) {
  for (const char* option : {"--default-ttl", "--max-ttl", "--cleanup-interval"}) {
    for (const char* value : {"", "-1", "x", "1s", "2147483648", "99999999999999999999"}) {
      const auto line = ParseCommandLine({option, value});
      ASSERT_FALSE(line.ok()) << option << " " << value;
      EXPECT_TRUE(line.error().message.starts_with(std::string(option) +
                                                   " takes a number of seconds from "))
          << line.error().message;
    }
  }
  EXPECT_FALSE(ParseCommandLine({"--cleanup-interval", "0"}).ok());
  EXPECT_FALSE(ParseCommandLine({"--cleanup-interval", "86401"}).ok());
  EXPECT_TRUE(ParseCommandLine({"--cleanup-interval", "86400"}).ok());
  EXPECT_FALSE(ParseCommandLine({"--max-cleanup-entries", "-1"}).ok());
}

TEST(CommandLineCache, Streaming) {
  EXPECT_TRUE(Options({}).streaming.enabled);
  EXPECT_FALSE(Options({"--streaming", "off"}).streaming.enabled);
  EXPECT_EQ(Options({}).streaming.max_upload_memory, size_t{64} << 20);
  EXPECT_EQ(Options({"--max-upload-memory", "512k"}).streaming.max_upload_memory, 512u << 10);
  EXPECT_EQ(Options({"--upload-timeout=5"}).streaming.upload_timeout, 5u);
  EXPECT_FALSE(ParseCommandLine({"--streaming", "yes"}).ok());
  EXPECT_FALSE(ParseCommandLine({"--max-upload-memory", "1023"}).ok());
  EXPECT_FALSE(ParseCommandLine({"--max-upload-memory", "x"}).ok());
  EXPECT_FALSE(ParseCommandLine({"--upload-timeout", "0"}).ok());
}

TEST(CommandLineCache, TheDefaultLifeIsNotAboveTheLongest) {
  ExpectFault({"--default-ttl", "61", "--max-ttl", "60"}, 64, "--default-ttl is above --max-ttl");
  ExpectFault({"--max-ttl", "60", "--default-ttl", "61"}, 64, "--default-ttl is above --max-ttl");
  EXPECT_EQ(Options({"--default-ttl", "60", "--max-ttl", "60"}).ttl.default_ttl, 60u);
  EXPECT_EQ(Options({"--default-ttl", "60"}).ttl.default_ttl, 60u) << "without a longest life";
}

TEST(CommandLineCache, OneWayOfExpirationIsOn) {
  EXPECT_FALSE(Options({"--lazy-expiration", "off"}).ttl.lazy_expiration);
  EXPECT_FALSE(Options({"--active-expiration=off"}).ttl.active_expiration);
  EXPECT_TRUE(Options({"--lazy-expiration=off", "--lazy-expiration=on"}).ttl.lazy_expiration);
  ExpectFault({"--lazy-expiration", "off", "--active-expiration", "off"}, 64, "both off");
  ExpectFault({"--active-expiration", "off", "--lazy-expiration", "off"}, 64,
              "switch one of them on");
}

TEST(CommandLineCache, ASwitchIsOnOrOff) {
  for (const char* value : {"", "On", "OFF", "yes", "no", "1", "0", "true", "on ", "o"}) {
    ExpectFault({"--lazy-expiration", value}, 64, "--lazy-expiration takes on or off");
    ExpectFault({"--active-expiration", value}, 64, "--active-expiration takes on or off");
  }
  ExpectFault({"--lazy-expiration"}, 1, "needs a value: --lazy-expiration on|off");
}

TEST(CommandLineCache, HelpNamesThem) {
  const std::string help = HelpText();
  for (const char* option :
       {"-M, --disable-evictions", "--eviction-strategy NAME", "--default-ttl SECONDS",
        "--max-ttl SECONDS", "--cleanup-interval SECONDS", "--max-cleanup-entries NUM",
        "--streaming on|off", "--max-upload-memory SIZE", "--upload-timeout SECONDS",
        "--lazy-expiration on|off", "--active-expiration on|off", "50%"}) {
    EXPECT_NE(help.find(option), std::string::npos) << option;
  }
  for (const EvictionStrategy strategy : kAllEvictionStrategies) {
    EXPECT_NE(help.find(NameOf(strategy)), std::string::npos) << NameOf(strategy);
  }
}

}  // namespace
}  // namespace rat_memcache::config
