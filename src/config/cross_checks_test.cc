// SPDX-License-Identifier: LGPL-3.0-or-later
#include "config/cross_checks.h"

#include "config/command_line_for_test.h"

namespace rat_memcache::config {
namespace {

TEST(CrossChecks, Faults) {
  for (const Fault& fault : {
           Fault{"-I 40m", 64,
                 "Cannot set item size limit higher than 1/2 of memory max. Lower -I or raise -m"},
           Fault{"-m 100 -I 51m", 64,
                 "Cannot set item size limit higher than 1/2 of memory max. Lower -I or raise -m"},
           Fault{"-o hot_lru_pct=41", 64,
                 "hot_lru_pct + warm_lru_pct cannot be more than 80% combined; they are 20 and 40 "
                 "where -o names none"},
           Fault{"-o warm_lru_pct=50,hot_lru_pct=31", 64,
                 "hot_lru_pct + warm_lru_pct cannot be more than 80% combined; they are 20 and 40 "
                 "where -o names none"},
           Fault{"-o temporary_ttl=30,no_lru_maintainer", 64,
                 "temporary_ttl requires lru_maintainer to be enabled; remove no_lru_maintainer "
                 "from -o"},
           Fault{"-o no_modern,temporary_ttl=30", 64,
                 "temporary_ttl requires lru_maintainer to be enabled; remove no_lru_maintainer "
                 "from -o"},
           Fault{"-o hashpower=12", 1,
                 "Hash table power size (12) cannot be equal to or less than item lock table (12); "
                 "raise -o hashpower, or remove it"},
           Fault{"-o hashpower=15 -t 30", 1,
                 "Hash table power size (15) cannot be equal to or less than item lock table (15); "
                 "raise -o hashpower, or remove it"},
           Fault{"-N 3 -t 2", 64,
                 "Number of napi_ids(3) cannot be greater than number of threads(2); lower -N or "
                 "raise -t"},
           Fault{"-S -B ascii", 64,
                 "ERROR: You cannot allow the ASCII protocol while using SASL; use -B binary, and "
                 "no other proto[...] in -l"},
           Fault{"-B auto -S", 64,
                 "ERROR: You cannot allow the ASCII protocol while using SASL; use -B binary, and "
                 "no other proto[...] in -l"},
           Fault{"-S -U 1", 64,
                 "ERROR: Cannot enable UDP while using binary SASL authentication; use -U 0"},
           Fault{"-S -l proto[ascii]:h", 64,
                 "ERROR: You cannot allow the ASCII protocol while using SASL; use -B binary, and "
                 "no other proto[...] in -l"},
           Fault{"-S -Y f", 64,
                 "-S and -Y exclude each other: SASL is for the binary protocol, -Y for the text "
                 "protocol; remove one"},
           Fault{"-Y f -B binary", 64,
                 "ERROR: You cannot allow the BINARY protocol while using ascii authentication "
                 "tokens; use -B ascii, and no other proto[...] in -l"},
           Fault{"-Y f -B auto", 64,
                 "ERROR: You cannot allow the BINARY protocol while using ascii authentication "
                 "tokens; use -B ascii, and no other proto[...] in -l"},
           Fault{"-Y f -U 1", 64,
                 "Cannot use UDP with ascii authentication enabled (-U 0 to disable)"},
           Fault{"-Y f -l proto[negotiating]:h", 64,
                 "ERROR: You cannot allow the BINARY protocol while using ascii authentication "
                 "tokens; use -B ascii, and no other proto[...] in -l"},
           Fault{"-o ext_path=/f:1g -U 1", 64,
                 "Cannot use UDP with extstore enabled (-U 0 to disable)"},
           Fault{"-o ext_path=/f:1g -I 8m", 64,
                 "-I (item_size_max: 8388608) cannot be larger than ext_wbuf_size: 4194304; lower "
                 "-I, or raise -o ext_wbuf_size"},
           Fault{"-o ext_path=/f:1g,ext_wbuf_size=0", 64,
                 "-I (item_size_max: 1048576) cannot be larger than ext_wbuf_size: 0; lower -I, or "
                 "raise -o ext_wbuf_size"},
           Fault{"-o ext_path=/f:63m", 1,
                 "ext_path '/f' is smaller than one page of 64 MiB; write a larger size behind it"},
           Fault{
               "-o ext_path=/f:1g,ext_path=/g:64m,ext_page_size=128", 1,
               "ext_path '/g' is smaller than one page of 128 MiB; write a larger size behind it"},
           Fault{"-Z", 64,
                 "Error loading the certificate: -Z needs both; write -Z -o "
                 "ssl_chain_cert=FILE,ssl_key=FILE"},
           Fault{"-Z -o ssl_key=k", 64,
                 "Error loading the certificate: -Z needs both; write -Z -o "
                 "ssl_chain_cert=FILE,ssl_key=FILE"},
           Fault{"-Z -o ssl_chain_cert=c", 64,
                 "Error loading the key: -Z needs both; write -Z -o "
                 "ssl_chain_cert=FILE,ssl_key=FILE"},
           Fault{"-p 0", 64,
                 "-p 0 switches TCP off, and there is nothing else to listen on; use -p -1 for any "
                 "free port, or -s FILE for a Unix socket"},
           Fault{"-p 0 -U 0", 64,
                 "-p 0 switches TCP off, and there is nothing else to listen on; use -p -1 for any "
                 "free port, or -s FILE for a Unix socket"},
           Fault{"-c 28", 1,
                 "Maxconns setting is too low, use -c to increase: with 4 threads (-t) it must be "
                 "above 28"},
           Fault{"-c 33 -t 5", 1,
                 "Maxconns setting is too low, use -c to increase: with 5 threads (-t) it must be "
                 "above 33"},
           Fault{"-o no_lru_crawler --lazy-expiration off", 64,
                 "--lazy-expiration and --active-expiration (or -o lru_crawler) are both off: "
                 "expired items would stay in memory; switch one of them on"},
       }) {
    ExpectFault(fault);
  }
}

TEST(CrossChecks, LimitsThemselvesAreAllowed) {
  for (const char* line :
       {"-I 32m", "-o hot_lru_pct=40", "-o no_lru_maintainer,temporary_ttl=30,lru_maintainer",
        "-o hashpower=13", "-o hashpower=16 -t 30", "-N 4", "-c 29", "-o no_modern -t 64"}) {
    ExpectNoWarning(line);
  }
}

TEST(CrossChecks, WhatMemcachedDemandsOfChunksFallsAway) {
  for (const char* line : {"-I 1k", "-I 1025", "-o slab_chunk_max=3", "-o slab_chunk_max=2048"}) {
    ExpectNoWarning(line);
  }
}

TEST(CrossChecks, APasswordDecidesOnTheProtocol) {
  EXPECT_EQ(Options("-S").protocol, WireProtocol::kBinary);
  EXPECT_EQ(Options("-S -B binary").protocol, WireProtocol::kBinary);
  EXPECT_EQ(Options("-Y f").protocol, WireProtocol::kAscii);
  EXPECT_EQ(Options("-Y f -B ascii").protocol, WireProtocol::kAscii);
  EXPECT_EQ(Options("-Y f -l proto[ascii]:h").protocol, WireProtocol::kAscii);
}

TEST(CrossChecks, TlsWordsWithoutTlsAreWorthAWord) {
  ExpectWarning("-o ssl_chain_cert=c,ssl_key=k",
                "-o ssl_... has no effect without -Z: connections are not encrypted");
  ExpectNoWarning("-o ssl_chain_cert=c,ssl_key=k -Z");
  ExpectNoWarning("-l notls:127.0.0.1 -Z -o ssl_chain_cert=c,ssl_key=k");
}

// What a build does not serve is refused, whatever else is given.
TEST(CrossChecks, WhatTheBuildLacksIsRefused) {
  const Features none{};
  for (const Fault& fault : {
           Fault{"-s x", 64, "-s is not supported by this build; listen on an address with -l"},
           Fault{"-U 5", 64, "-U is not supported by this build; use TCP, or -U 0"},
           Fault{"-S", 64,
                 "-S is not supported by this build; remove it and listen on a trusted network "
                 "with -l"},
           Fault{"-B binary", 64,
                 "-B binary is not supported by this build; use -B ascii or -B auto"},
           Fault{"-l proto[binary]:h", 64,
                 "-B binary is not supported by this build; use -B ascii or -B auto"},
           Fault{"-Y f", 64,
                 "-Y is not supported by this build; remove it and listen on a trusted network "
                 "with -l"},
           Fault{"-Z -o ssl_chain_cert=c,ssl_key=k", 64,
                 "-Z is not supported by this build; put a TLS proxy in front"},
           Fault{"-p 0", 64,
                 "-p 0 switches TCP off, and there is nothing else to listen on; use -p -1 for any "
                 "free port"},
       }) {
    const auto line = ParseCommandLine(Words(fault.line), none);
    ASSERT_FALSE(line.ok()) << fault.line;
    EXPECT_EQ(line.error().message, fault.says);
    EXPECT_EQ(line.error().exit_code, fault.exit_code);
  }
  for (const char* line : {"-U 0", "-B auto", "-B ascii", "-a 700"}) {
    EXPECT_TRUE(ParseCommandLine(Words(line), none).ok()) << line;
  }
}

}  // namespace
}  // namespace rat_memcache::config
