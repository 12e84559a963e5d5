// SPDX-License-Identifier: LGPL-3.0-or-later
#include "config/command_line.h"

#include "config/command_line_for_test.h"

namespace rat_memcache::config {
namespace {

TEST(CommandLine, DefaultsAreMemcacheds) {
  const ServerOptions options = Options("");
  EXPECT_EQ(options.port, 11211);
  EXPECT_TRUE(options.tcp_enabled);
  EXPECT_EQ(options.udp_port, 0);
  EXPECT_EQ(options.unix_socket, "");
  EXPECT_EQ(options.unix_mask, 0700u);
  EXPECT_EQ(options.protocol, WireProtocol::kNegotiated);
  EXPECT_EQ(options.memory_limit, size_t{64} << 20);
  EXPECT_EQ(options.item_size_max, size_t{1} << 20);
  EXPECT_EQ(options.threads, 4u);
  EXPECT_EQ(options.connections_max, 1024u);
  EXPECT_EQ(options.requests_per_event, 20u);
  EXPECT_EQ(options.backlog, 1024u);
  EXPECT_TRUE(options.cas_enabled);
  EXPECT_TRUE(options.flush_enabled);
  EXPECT_TRUE(options.dump_enabled);
  EXPECT_TRUE(options.watch_enabled);
  EXPECT_FALSE(options.shutdown_enabled);
  EXPECT_FALSE(options.detail_enabled);
  ExpectNoWarning("");
}

TEST(CommandLine, ReadsEverySpelling) {
  EXPECT_EQ(Options("-p 1234").port, 1234);
  EXPECT_EQ(Options("-p1234").port, 1234);
  EXPECT_EQ(Options("--port 1234").port, 1234);
  EXPECT_EQ(Options("--port=1234").port, 1234);
  EXPECT_EQ(Options("--por=1234").port, 1234);
  const ServerOptions options = Options("-dvvCFm2 -t 8 -v");
  EXPECT_TRUE(options.daemon);
  EXPECT_EQ(options.verbosity, 3);
  EXPECT_FALSE(options.cas_enabled);
  EXPECT_FALSE(options.flush_enabled);
  EXPECT_EQ(options.memory_limit, size_t{2} << 20);
  EXPECT_EQ(options.threads, 8u);
}

TEST(CommandLine, EveryLongNameOfMemcachedIsKnown) {
  for (const char* line : {"--port=1",
                           "--unix-mask=700 --unix-socket=s",
                           "--enable-shutdown",
                           "--listen=h",
                           "--daemon",
                           "--enable-coredumps",
                           "--user=u",
                           "--memory-limit=64",
                           "--disable-evictions",
                           "--conn-limit=100",
                           "--lock-memory",
                           "--help",
                           "--license",
                           "--version",
                           "--enable-ssl -ossl_key=k,ssl_chain_cert=c",
                           "--verbose",
                           "--verbose=x",
                           "--pidfile=f",
                           "--slab-growth-factor=1.5",
                           "--slab-min-size=48",
                           "--threads=4",
                           "--enable-largepages",
                           "--max-reqs-per-event=20",
                           "--disable-cas",
                           "--listen-backlog=10",
                           "--protocol=auto",
                           "--max-item-size=1m",
                           "--enable-sasl",
                           "--disable-flush-all",
                           "--disable-dumping",
                           "--extended=modern",
                           "--disable-watch",
                           "--auth-file=f",
                           "--udp-port=1",
                           "--napi-ids=1",
                           "--napi_ids=1"}) {
    EXPECT_TRUE(ParseCommandLine(Words(line), kAllFeatures).ok()) << line;
  }
}

TEST(CommandLine, ReadsAServiceFilesLine) {
  const ServerOptions options =
      Options("-m 64 -p 11211 -u memcache -l 127.0.0.1 -l ::1 -P /run/m.pid -c 2048 -o modern");
  ASSERT_EQ(options.listen.size(), 2u);
  EXPECT_EQ(options.listen[0].host, "127.0.0.1");
  EXPECT_EQ(options.listen[1].host, "::1");
  EXPECT_EQ(options.listen_text, "127.0.0.1,::1");
  EXPECT_EQ(options.user, "memcache");
  EXPECT_EQ(options.pid_file, "/run/m.pid");
  EXPECT_EQ(options.connections_max, 2048u);
}

TEST(CommandLine, Ports) {
  EXPECT_EQ(Options("-p -1").port, 0);
  EXPECT_TRUE(Options("-p -1").tcp_enabled);
  EXPECT_EQ(Options("-p 65535").port, 65535);
  EXPECT_FALSE(Options("-p 0 -U 5").tcp_enabled);
  EXPECT_EQ(Options("-p 0 -U 5").udp_port, 5);
  EXPECT_TRUE(Options("-U 5").udp_enabled);
  EXPECT_FALSE(Options("-U 5 -U 0").udp_enabled);
  EXPECT_TRUE(Options("-U -1").udp_enabled);
  EXPECT_EQ(Options("-U -1").port, 0) << "any free one too, as in memcached";
  EXPECT_FALSE(Options("-p 0 -s x").tcp_enabled);
  EXPECT_TRUE(Options("-p 0 -p 7").tcp_enabled) << "the last word counts";
}

TEST(CommandLine, AUdpPortIsForTcpTooUnlessThatHasOne) {
  EXPECT_EQ(Options("-U 5").port, 5);
  EXPECT_TRUE(Options("-U 5").tcp_enabled);
  EXPECT_EQ(Options("-U 5 -p 6").port, 6);
  EXPECT_EQ(Options("-p 11211 -U 5").port, 11211);
  EXPECT_EQ(Options("-U 0").port, 11211);
}

TEST(CommandLine, UnixSockets) {
  const ServerOptions options = Options("-s /run/x.sock -a 0755");
  EXPECT_EQ(options.unix_socket, "/run/x.sock");
  EXPECT_EQ(options.unix_mask, 0755u);
  EXPECT_EQ(Options("-a 7777").unix_mask, 07777u);
  ExpectNoWarning("-s x -p 11211");
  ExpectWarning("-s x -l 127.0.0.1",
                "-l has no effect beside -s: a server with a Unix socket listens on nothing else");
  ExpectFault({"-s", ""}, 64, "-s names no file; write -s /run/rat_memcached.sock");
  ExpectFault({"-a", ""}, 1, "-a takes an octal mode such as 700 or 0755");
}

TEST(CommandLine, Protocols) {
  EXPECT_EQ(Options("-B ascii").protocol, WireProtocol::kAscii);
  EXPECT_EQ(Options("-B binary").protocol, WireProtocol::kBinary);
  EXPECT_EQ(Options("-B auto").protocol, WireProtocol::kNegotiated);
}

TEST(CommandLine, Switches) {
  EXPECT_TRUE(Options("-A").shutdown_enabled);
  EXPECT_FALSE(Options("-F").flush_enabled);
  EXPECT_FALSE(Options("-X").dump_enabled);
  EXPECT_FALSE(Options("-W").watch_enabled);
  EXPECT_FALSE(Options("-C").cas_enabled);
  EXPECT_TRUE(Options("-k").lock_memory);
  EXPECT_TRUE(Options("-r").core_dumps);
  EXPECT_TRUE(Options("-S").sasl_enabled);
  EXPECT_TRUE(Options("-Z -o ssl_key=k,ssl_chain_cert=c").tls.enabled);
  EXPECT_EQ(Options("-Y f").auth_file, "f");
  EXPECT_EQ(Options("-R 5 -b 0").requests_per_event, 5u);
  EXPECT_EQ(Options("-R 5 -b 0").backlog, 0u);
}

TEST(CommandLine, ThePrefixDelimiterSwitchesCountingOn) {
  EXPECT_EQ(Options("-D /").prefix_delimiter, '/');
  EXPECT_TRUE(Options("-D :").detail_enabled);
  ExpectWarning("-D ab", "-D 'ab': only the first character is the delimiter");
  EXPECT_EQ(Options("-D ab").prefix_delimiter, 'a');
  ExpectFault({"-D", ""}, 1, "No delimiter specified; -D takes a character such as :");
}

TEST(CommandLine, HintsForMemcachedsEngine) {
  EXPECT_EQ(Options("-f 1.5").hints.growth_factor, 1.5);
  EXPECT_EQ(Options("-f 1.01").hints.growth_factor, 1.01);
  EXPECT_EQ(Options("-n 64").hints.chunk_size, 64u);
  EXPECT_EQ(Options("-N 4").hints.napi_ids, 4u);
  EXPECT_TRUE(Options("-L").large_pages);
  ExpectWarning(
      "-L", "-L has no effect: this version takes memory in pages of the usual size; remove it");
}

TEST(CommandLine, TwoSpellingsOfOneOptionShareTheirBeginning) {
  EXPECT_EQ(Options("--pid a.pid").pid_file, "a.pid");
  EXPECT_EQ(Options("--nap 3").hints.napi_ids, 3u);
}

TEST(CommandLine, ReadsItemSizes) {
  EXPECT_EQ(Options("-I 1k").item_size_max, 1024u) << "without a word about chunks";
  EXPECT_EQ(Options("-I 2000").item_size_max, 2000u);
  EXPECT_EQ(Options("-I 512K").item_size_max, size_t{512} << 10);
  EXPECT_EQ(Options("-I 4m").item_size_max, size_t{4} << 20);
  EXPECT_EQ(Options("-I 1024M -m 4096").item_size_max, size_t{1} << 30);
}

TEST(CommandLine, ASmallMemoryLimitLowersTheItemSize) {
  EXPECT_EQ(Options("-m 1").item_size_max, size_t{512} << 10);
  ExpectWarning("-m 1", "items are limited to 512 KiB, half of -m; -I sets another limit");
}

TEST(CommandLine, ManyThreadsAreWorthAWord) {
  ExpectNoWarning("-t 64");
  ExpectWarning("-t 65",
                "-t is above 64: Setting a high number of workerthreads is not recommended. Set "
                "this value to the number of cores in your machine or less.");
}

TEST(CommandLine, Faults) {
  for (const Fault& fault : {
           Fault{"-p abc", 64,
                 "ERROR: Invalid port number abc; -p takes 1 to 65535, -1 for any free port, or 0 "
                 "for no TCP"},
           Fault{"-p 12x", 64,
                 "ERROR: Invalid port number 12x; -p takes 1 to 65535, -1 for any free port, or 0 "
                 "for no TCP"},
           Fault{"-p 65536", 64,
                 "ERROR: Invalid port number 65536; -p takes 1 to 65535, -1 for any free port, or "
                 "0 for no TCP"},
           Fault{"-p -2", 64,
                 "ERROR: Invalid port number -2; -p takes 1 to 65535, -1 for any free port, or 0 "
                 "for no TCP"},
           Fault{"-p 0", 64,
                 "-p 0 switches TCP off, and there is nothing else to listen on; use -p -1 for any "
                 "free port, or -s FILE for a Unix socket"},
           Fault{"-U 65536", 64, "-U takes a UDP port from 0 to 65535; '65536' is none"},
           Fault{"-U -2", 64, "-U takes a UDP port from 0 to 65535; '-2' is none"},
           Fault{"-s", 1, "option -s needs a value: -s FILE"},
           Fault{"-a 9", 1, "-a takes an octal mode such as 700 or 0755; '9' is none"},
           Fault{"-a 10000", 1, "-a takes an octal mode such as 700 or 0755; '10000' is none"},
           Fault{"-b x", 1,
                 "-b takes the length of the listen backlog (an address is given with --bind "
                 "ADDR:PORT) from 0 to 2147483647; 'x' is none"},
           Fault{"-b -1", 1,
                 "-b takes the length of the listen backlog (an address is given with --bind "
                 "ADDR:PORT) from 0 to 2147483647; '-1' is none"},
           Fault{"-B asciix", 64,
                 "Invalid value for binding protocol: asciix -- should be one of auto, binary, or "
                 "ascii; write -B auto"},
           Fault{"-m abc", 64,
                 "-m takes a share of the memory such as 50%, or a number of megabytes from 1 to "
                 "16777216; 'abc' is none"},
           Fault{"-m 0", 64,
                 "-m takes a share of the memory such as 50%, or a number of megabytes from 1 to "
                 "16777216; '0' is none"},
           Fault{"-m -5", 64,
                 "-m takes a share of the memory such as 50%, or a number of megabytes from 1 to "
                 "16777216; '-5' is none"},
           Fault{"-I 10", 64, "Item max size cannot be less than 1024 bytes; write -I 1k or more"},
           Fault{"-I 2000m", 64,
                 "Cannot set item size limit higher than a gigabyte; write -I 1024m or less"},
           Fault{"-I 1m0", 64,
                 "-I takes a size like 1048576, 512k or 4m, from 1k to 1024m; '1m0' is none"},
           Fault{"-I 40m", 64,
                 "Cannot set item size limit higher than 1/2 of memory max. Lower -I or raise -m"},
           Fault{"-c 0", 1,
                 "Maximum connections must be greater than 0: -c takes a number of connections (a "
                 "configuration file is given with --config FILE) from 1 to 16777216; '0' is none"},
           Fault{"-c x", 1,
                 "Maximum connections must be greater than 0: -c takes a number of connections (a "
                 "configuration file is given with --config FILE) from 1 to 16777216; 'x' is none"},
           Fault{"-c 20000000", 1,
                 "-c takes a number of connections (a configuration file is given with --config "
                 "FILE) from 1 to 16777216; '20000000' is none"},
           Fault{"-c 10", 1,
                 "Maxconns setting is too low, use -c to increase: with 4 threads (-t) it must be "
                 "above 28"},
           Fault{"-t 0", 1,
                 "Number of threads must be greater than 0: -t takes a number of threads from 1 to "
                 "1024; '0' is none"},
           Fault{"-t x", 1,
                 "Number of threads must be greater than 0: -t takes a number of threads from 1 to "
                 "1024; 'x' is none"},
           Fault{"-t 1025", 1, "-t takes a number of threads from 1 to 1024; '1025' is none"},
           Fault{"-R 0", 1,
                 "Number of requests per event must be greater than 0: -R takes a number of "
                 "requests from 1 to 2147483647; '0' is none"},
           Fault{"-f 1", 1,
                 "Factor must be greater than 1; -f takes a number such as 1.25, and '1' is none"},
           Fault{
               "-f abc", 1,
               "Factor must be greater than 1; -f takes a number such as 1.25, and 'abc' is none"},
           Fault{
               "-f inf", 1,
               "Factor must be greater than 1; -f takes a number such as 1.25, and 'inf' is none"},
           Fault{
               "-f 1e9", 1,
               "Factor must be greater than 1; -f takes a number such as 1.25, and '1e9' is none"},
           Fault{"-n 0", 1,
                 "Chunk size must be greater than 0: -n takes a number of bytes from 1 to "
                 "1073741824; '0' is none"},
           Fault{"-n x", 1,
                 "Chunk size must be greater than 0: -n takes a number of bytes from 1 to "
                 "1073741824; 'x' is none"},
           Fault{"-N 0", 1,
                 "Maximum number of NAPI IDs must be greater than 0: -N takes a number of NAPI ids "
                 "from 1 to 2147483647; '0' is none"},
           Fault{"-N 5", 64,
                 "Number of napi_ids(5) cannot be greater than number of threads(4); lower -N or "
                 "raise -t"},
           Fault{"-e /dev/shm/x", 64,
                 "-e is not supported by this version, and starting without what the file is to "
                 "keep would lose it; a persistent tier (--data-dir) is to come; without -e a "
                 "restart begins empty"},
           Fault{"-D", 1, "option -D needs a value: -D CHAR"},
           Fault{"-z", 1, "unknown option -z; --help lists what there is"},
           Fault{"--foo", 1, "unknown option --foo; --help lists what there is"},
           Fault{"--d", 1, "unknown option --d; --help lists what there is"},
           Fault{"-p", 1, "option -p needs a value: -p NUM"},
           Fault{"--port", 1, "option --port needs a value: --port NUM"},
           Fault{"--daemon=no", 1, "option --daemon takes no value; write --daemon alone"},
           Fault{"--=1", 1, "unknown option --; --help lists what there is"},
           Fault{"-vz", 1, "unknown option -z; --help lists what there is"},
           Fault{
               "--data-dir /x", 64,
               "--data-dir is not supported by this version: it caches in memory only; remove it"},
           Fault{"--config x", 64,
                 "--config is not supported by this version: use the options of --help"},
           Fault{"--eviction-strategy belady", 64,
                 "--eviction-strategy 'belady' is unknown; there are Fifo, Clock, Lru, Lfu, "
                 "LruLfu, TtlBased, S3Fifo, TinyLfu, Adaptive, None"},
       }) {
    ExpectFault(fault);
    EXPECT_EQ(fault.says.find('\n'), std::string::npos) << "one line";
  }
  ExpectFault({"-Y", ""}, 1, "-Y names no file; write -Y FILE with lines user:password");
}

TEST(CommandLine, TheFirstFaultIsShown) {
  ExpectFault({"-z", "-t", "0"}, 1, "unknown option -z; --help lists what there is");
}

TEST(CommandLine, WhatHasNoEffectIsSaidSo) {
  ExpectWarning("extra", "argument 'extra' is no option and has no effect");
  ExpectNoWarning("-U 0 -B auto -o modern");
  EXPECT_TRUE(Parsed(std::vector<std::string>{""}).warnings.empty());
  ExpectNoWarning("-- behind this nothing is read -z");
}

TEST(CommandLine, WhatStandsBehindHelpIsNotLookedAt) {
  using Action = CommandLine::Action;
  EXPECT_EQ(Parsed("-h").action, Action::kShowHelp);
  EXPECT_EQ(Parsed("-V").action, Action::kShowVersion);
  EXPECT_EQ(Parsed("-i").action, Action::kShowLicense);
  EXPECT_EQ(Parsed("-h -z").action, Action::kShowHelp);
  EXPECT_EQ(Parsed("-Vz").action, Action::kShowVersion);
  EXPECT_EQ(Parsed("-c 1 -V -h").action, Action::kShowVersion) << "and nothing is checked";
}

}  // namespace
}  // namespace rat_memcache::config
