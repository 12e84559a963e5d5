// SPDX-License-Identifier: LGPL-3.0-or-later
#include "config/command_line.h"

#include <gtest/gtest.h>

namespace rat_memcache::config {
namespace {

ServerOptions Options(const std::vector<std::string>& arguments) {
  auto line = ParseCommandLine(arguments);
  EXPECT_TRUE(line.ok()) << line.error().message;
  return line.ok() ? line.value().options : ServerOptions{};
}

TEST(CommandLine, DefaultsAreMemcacheds) {
  const ServerOptions options = Options({});
  EXPECT_EQ(options.port, 11211);
  EXPECT_EQ(options.memory_limit, size_t{64} << 20);
  EXPECT_EQ(options.item_size_max, size_t{1} << 20);
  EXPECT_EQ(options.threads, 4u);
  EXPECT_EQ(options.connections_max, 1024u);
  EXPECT_EQ(options.requests_per_event, 20u);
  EXPECT_EQ(options.backlog, 1024u);
  EXPECT_TRUE(options.cas_enabled);
  EXPECT_TRUE(options.flush_enabled);
}

TEST(CommandLine, ReadsEverySpelling) {
  EXPECT_EQ(Options({"-p", "1234"}).port, 1234);
  EXPECT_EQ(Options({"-p1234"}).port, 1234);
  EXPECT_EQ(Options({"--port", "1234"}).port, 1234);
  EXPECT_EQ(Options({"--port=1234"}).port, 1234);
  EXPECT_EQ(Options({"--por=1234"}).port, 1234);
  EXPECT_EQ(Options({"-p", "-1"}).port, 0);
  const ServerOptions options = Options({"-dvvCFm2", "-t", "8", "-v"});
  EXPECT_TRUE(options.daemon);
  EXPECT_EQ(options.verbosity, 3);
  EXPECT_FALSE(options.cas_enabled);
  EXPECT_FALSE(options.flush_enabled);
  EXPECT_EQ(options.memory_limit, size_t{2} << 20);
  EXPECT_EQ(options.threads, 8u);
}

TEST(CommandLine, ReadsAServiceFilesLine) {
  const ServerOptions options =
      Options({"-m", "64", "-p", "11211", "-u", "memcache", "-l", "127.0.0.1", "-l", "::1", "-P",
               "/run/m.pid", "-c", "2048"});
  ASSERT_EQ(options.listen.size(), 2u);
  EXPECT_EQ(options.listen[0].host, "127.0.0.1");
  EXPECT_EQ(options.listen[1].host, "::1");
  EXPECT_EQ(options.listen_text, "127.0.0.1,::1");
  EXPECT_EQ(options.user, "memcache");
  EXPECT_EQ(options.pid_file, "/run/m.pid");
  EXPECT_EQ(options.connections_max, 2048u);
}

TEST(CommandLine, ReadsAddresses) {
  const ServerOptions options =
      Options({"--bind", "0.0.0.0:11212,[::1]:5;localhost", "-l", "*", "--bind", ":7"});
  ASSERT_EQ(options.listen.size(), 5u);
  EXPECT_EQ(options.listen[0].host, "0.0.0.0");
  EXPECT_EQ(options.listen[0].port, 11212);
  EXPECT_EQ(options.listen[1].host, "::1");
  EXPECT_EQ(options.listen[1].port, 5);
  EXPECT_EQ(options.listen[2].host, "localhost");
  EXPECT_EQ(options.listen[2].port, std::nullopt);
  EXPECT_EQ(options.listen[3].host, "");
  EXPECT_EQ(options.listen[4].host, "");
  EXPECT_EQ(options.listen[4].port, 7);
}

TEST(CommandLine, TwoSpellingsOfOneOptionShareTheirBeginning) {
  EXPECT_EQ(Options({"--pid", "a.pid"}).pid_file, "a.pid");
}

TEST(CommandLine, ReadsItemSizes) {
  EXPECT_EQ(Options({"-I", "1k"}).item_size_max, 1024u);
  EXPECT_EQ(Options({"-I", "2000"}).item_size_max, 2000u);
  EXPECT_EQ(Options({"-I", "4m"}).item_size_max, size_t{4} << 20);
  EXPECT_EQ(Options({"-I", "1024M", "-m", "4096"}).item_size_max, size_t{1} << 30);
}

TEST(CommandLine, ASmallMemoryLimitLowersTheItemSize) {
  EXPECT_EQ(Options({"-m", "1"}).item_size_max, size_t{512} << 10);
  auto line = ParseCommandLine({"-m", "1"});
  EXPECT_EQ(line.value().warnings.size(), 1u);
}

TEST(CommandLine, AFaultIsOneLineThatSaysWhatToWrite) {
  struct Case {
    std::vector<std::string> arguments;
    int exit_code;
    std::string_view says;
  };
  for (const Case& test : {
           Case{{"-m", "abc"}, 64, "or a number of megabytes from 1 to"},
           Case{{"-m", "0"}, 64, "a number of megabytes"},
           Case{{"-m", "-5"}, 64, "-m takes"},
           Case{{"-p", "abc"}, 64, "Invalid port number abc; -p takes 1 to 65535"},
           Case{{"-p", "65536"}, 64, "Invalid port number"},
           Case{{"-p", "0"}, 64, "-p -1"},
           Case{{"-c", "0"}, 1, "-c takes a number of connections"},
           Case{{"-c", "x.toml"}, 1, "--config FILE"},
           Case{{"-b", "0.0.0.0:1"}, 1, "--bind ADDR:PORT"},
           Case{{"-c", "10"}, 1, "must be above 28"},
           Case{{"-t", "0"}, 1, "-t takes a number of threads from 1 to 1024"},
           Case{{"-R", "0"}, 1, "-R takes a number of requests"},
           Case{{"-I", "10"}, 64, "less than 1024 bytes"},
           Case{{"-I", "2000m"}, 64, "higher than a gigabyte"},
           Case{{"-I", "1m0"}, 64, "-I takes a size like"},
           Case{{"-I", "40m"}, 64, "Lower -I or raise -m"},
           Case{{"-l", "1.2.3.4:x"}, 64, "ADDRESS:PORT"},
           Case{{"-l", "[::1"}, 64, "ADDRESS:PORT"},
           Case{{"-l", "notls:1.2.3.4"}, 64, "prefixes"},
           Case{{"--bind", "unix:/tmp/x"}, 64, "Unix sockets"},
           Case{{"-z"}, 1, "unknown option -z"},
           Case{{"--foo"}, 1, "unknown option --foo"},
           Case{{"--d"}, 1, "unknown option --d"},  // daemon, disable-...: not unique
           Case{{"-p"}, 1, "needs a value: -p NUM"},
           Case{{"--port"}, 1, "needs a value: --port NUM"},
           Case{{"-S"}, 64, "-S is not supported by this version"},
           Case{{"-U", "11211"}, 64, "UDP is not served"},
           Case{{"-o", "slab_reassign"}, 64, "-o slab_reassign is not supported"},
           Case{{"--data-dir", "/x"}, 64, "memory only"},
       }) {
    const auto line = ParseCommandLine(test.arguments);
    ASSERT_FALSE(line.ok()) << test.arguments[0];
    EXPECT_EQ(line.error().exit_code, test.exit_code) << line.error().message;
    EXPECT_NE(line.error().message.find(test.says), std::string::npos) << line.error().message;
    EXPECT_EQ(line.error().message.find('\n'), std::string::npos);
  }
}

TEST(CommandLine, WhatHasNoEffectIsSaidSo) {
  EXPECT_EQ(ParseCommandLine({"extra"}).value().warnings.size(), 1u);
  EXPECT_EQ(ParseCommandLine({""}).value().warnings.size(), 0u);
  EXPECT_EQ(ParseCommandLine({"-U", "0", "-B", "auto", "-o", "modern"}).value().warnings.size(),
            0u);
}

TEST(CommandLine, HelpNamesEveryOption) {
  const std::string help = HelpText();
  for (const char* option : {"-p,", "-l,", "-m,", "-t,", "-c,", "-I,", "-u,", "-d,", "-P,", "-v,",
                             "-R,", "-b,", "-C,", "-F,", "-h,", "-V,", "--bind", "--pid-file"}) {
    EXPECT_NE(help.find(option), std::string::npos) << option;
  }
  EXPECT_EQ(ParseCommandLine({"-h"}).value().action, CommandLine::Action::kShowHelp);
  EXPECT_EQ(ParseCommandLine({"-V"}).value().action, CommandLine::Action::kShowVersion);
  EXPECT_EQ(ParseCommandLine({"-i"}).value().action, CommandLine::Action::kShowLicense);
}

}  // namespace
}  // namespace rat_memcache::config
