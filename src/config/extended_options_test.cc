// SPDX-License-Identifier: LGPL-3.0-or-later
#include "config/extended_options.h"

#include <set>

#include "config/command_line_for_test.h"

namespace rat_memcache::config {
namespace {

EngineHints Hints(const std::string& words) { return Options({"-o", words}).hints; }
ExtstoreHints Ext(const std::string& words) { return Options({"-o", words}).extstore; }
TlsOptions Tls(const std::string& words) { return Options({"-o", words}).tls; }

TEST(ExtendedOptions, ListsRepeatAndTheLastWordCounts) {
  const ServerOptions options =
      Options("-o idle_timeout=5,track_sizes -o idle_timeout=7 --extended=no_maxconns_fast");
  EXPECT_EQ(options.idle_timeout, 7u);
  EXPECT_TRUE(options.hints.track_sizes);
  EXPECT_FALSE(options.maxconns_fast);
  EXPECT_TRUE(Options("-o no_maxconns_fast,maxconns_fast").maxconns_fast);
  EXPECT_FALSE(Options("-o maxconns_fast,no_maxconns_fast").maxconns_fast);
}

TEST(ExtendedOptions, AListMayEndInAComma) {
  EXPECT_EQ(Options("-o idle_timeout=5,").idle_timeout, 5u);
  EXPECT_TRUE(Parsed(std::vector<std::string>{"-o", ""}).warnings.empty());
}

TEST(ExtendedOptions, AValueForAWordWithoutOneIsSaidToHaveNone) {
  ExpectWarning("-o track_sizes=no", "-o track_sizes takes no value; '=no' has no effect");
  EXPECT_TRUE(Options("-o track_sizes=no").hints.track_sizes);
}

TEST(ExtendedOptions, Connections) {
  const ServerOptions options = Options(
      "-o read_buf_mem_limit=5,watcher_logbuf_size=128,worker_logbuf_size=32,"
      "sock_cookie_id=4294967295");
  EXPECT_EQ(options.read_buffer_limit_mb, 5u);
  EXPECT_EQ(options.watcher_buffer, 128u << 10);
  EXPECT_EQ(options.worker_log_buffer, 32u << 10);
  EXPECT_EQ(options.socket_cookie, 4294967295u);
}

TEST(ExtendedOptions, HashTable) {
  EXPECT_EQ(Hints("hashpower=13").hash_power, 13u);
  EXPECT_EQ(Hints("hashpower=32").hash_power, 32u);
  EXPECT_EQ(Hints("hash_algorithm=jenkins").hash_algorithm, "jenkins");
  EXPECT_EQ(Hints("hash_algorithm=xxh3").hash_algorithm, "xxh3");
  EXPECT_EQ(Hints("hash_algorithm=murmur3").hash_algorithm, "murmur3");
  EXPECT_FALSE(Hints("no_hashexpand").hash_expand);
}

TEST(ExtendedOptions, LruLists) {
  const EngineHints hints = Hints(
      "hot_lru_pct=1,warm_lru_pct=79,hot_max_factor=0.5,warm_max_factor=1.5,"
      "temporary_ttl=30,tail_repair_time=10");
  EXPECT_EQ(hints.hot_lru_pct, 1u);
  EXPECT_EQ(hints.warm_lru_pct, 79u);
  EXPECT_EQ(hints.hot_max_factor, 0.5);
  EXPECT_EQ(hints.warm_max_factor, 1.5);
  EXPECT_TRUE(hints.temp_lru);
  EXPECT_EQ(hints.temporary_ttl, 30u);
  EXPECT_EQ(hints.tail_repair_time, 10u);
  EXPECT_FALSE(Hints("modern").temp_lru);
  EXPECT_FALSE(Hints("no_lru_maintainer").lru_maintainer);
  EXPECT_FALSE(Hints("no_lru_maintainer").lru_segmented);
  EXPECT_TRUE(Hints("no_lru_maintainer,lru_maintainer").lru_maintainer);
  EXPECT_TRUE(Hints("no_lru_maintainer,lru_maintainer").lru_segmented);
}

TEST(ExtendedOptions, TheCrawlerIsActiveExpiration) {
  const ServerOptions off = Options("-o no_lru_crawler");
  EXPECT_FALSE(off.hints.lru_crawler);
  EXPECT_FALSE(off.ttl.active_expiration);
  const ServerOptions on = Options("-o no_lru_crawler,lru_crawler");
  EXPECT_TRUE(on.hints.lru_crawler);
  EXPECT_TRUE(on.ttl.active_expiration);
  const ServerOptions bounded = Options("-o lru_crawler_sleep=50,lru_crawler_tocrawl=1000");
  EXPECT_EQ(bounded.hints.lru_crawler_sleep, 50u);
  EXPECT_EQ(bounded.hints.lru_crawler_tocrawl, 1000u);
  EXPECT_EQ(bounded.ttl.max_cleanup_entries, 1000u);
  EXPECT_EQ(Hints("lru_crawler_sleep=1000000").lru_crawler_sleep, 1000000u);
}

TEST(ExtendedOptions, Slabs) {
  const EngineHints hints = Hints(
      "no_slab_reassign,slab_automove=2,slab_automove_ratio=0.5,slab_automove_window=1800,"
      "slab_automove_freeratio=0,slab_chunk_max=3");
  EXPECT_FALSE(hints.slab_reassign);
  EXPECT_EQ(hints.slab_automove, 2u);
  EXPECT_EQ(hints.slab_automove_ratio, 0.5);
  EXPECT_EQ(hints.slab_automove_window, 1800u);
  EXPECT_EQ(hints.slab_automove_freeratio, 0);
  EXPECT_EQ(hints.slab_chunk_max, 3u << 10) << "divides nothing, and need not";
  EXPECT_TRUE(hints.chunked_items);
  EXPECT_FALSE(Hints("no_chunked_items").chunked_items);
  EXPECT_EQ(Hints("no_chunked_items").slab_chunk_max, size_t{1} << 20);
  EXPECT_TRUE(Hints("no_slab_reassign,slab_reassign").slab_reassign);
  EXPECT_EQ(Hints("no_slab_automove").slab_automove, 0u);
  EXPECT_EQ(Hints("no_slab_automove,slab_automove").slab_automove, 1u);
  EXPECT_EQ(Hints("slab_automove=0").slab_automove, 0u);
  EXPECT_EQ(Hints("slab_automove_ratio=1").slab_automove_ratio, 1);
}

TEST(ExtendedOptions, SlabSizes) {
  EXPECT_TRUE(Hints("modern").slab_sizes.empty());
  EXPECT_EQ(Hints("slab_sizes=100-200-300").slab_sizes, (std::vector<uint32_t>{100, 200, 300}));
  EXPECT_EQ(Hints("slab_sizes=48-56").slab_sizes, (std::vector<uint32_t>{48, 56}));
  std::string most = "slab_sizes=100";
  for (int i = 1; i < 63; ++i) {
    most += "-" + std::to_string(100 + 8 * i);
  }
  EXPECT_EQ(Hints(most).slab_sizes.size(), 63u);
  EXPECT_FALSE(ParseCommandLine({"-o", most + "-1000000"}).ok());
}

TEST(ExtendedOptions, NoModernIsWhatMemcachedWasOnce) {
  const ServerOptions options = Options("-o no_modern");
  EXPECT_FALSE(options.maxconns_fast);
  EXPECT_FALSE(options.hints.slab_reassign);
  EXPECT_EQ(options.hints.slab_automove, 0u);
  EXPECT_EQ(options.hints.slab_chunk_max, size_t{1} << 20);
  EXPECT_EQ(options.hints.hash_algorithm, "jenkins");
  EXPECT_FALSE(options.hints.lru_crawler);
  EXPECT_FALSE(options.hints.lru_maintainer);
  EXPECT_FALSE(options.hints.lru_segmented);
  EXPECT_TRUE(options.ttl.active_expiration) << "the engine stays what it is";
  // Words behind it count.
  EXPECT_TRUE(Options("-o no_modern,maxconns_fast").maxconns_fast);
  EXPECT_EQ(Hints("no_modern,slab_chunk_max=256").slab_chunk_max, size_t{256} << 10);
  EXPECT_EQ(Hints("slab_chunk_max=256,no_modern").slab_chunk_max, size_t{256} << 10)
      << "and one that was asked for stays";
}

TEST(ExtendedOptions, Extstore) {
  const ExtstoreHints ext =
      Ext("ext_path=/a:64m,ext_path=/b:2G:coldcompact,ext_page_size=32,ext_wbuf_size=8,"
          "ext_threads=3,ext_io_depth=4,ext_item_size=600,ext_item_age=7,ext_low_ttl=8,"
          "ext_recache_rate=9,ext_compact_under=10,ext_drop_under=11,ext_max_sleep=12,"
          "ext_max_frag=0.5,ext_drop_unread");
  ASSERT_EQ(ext.paths.size(), 2u);
  EXPECT_EQ(ext.paths[0].file, "/a");
  EXPECT_EQ(ext.paths[0].size, uint64_t{64} << 20);
  EXPECT_EQ(ext.paths[0].bucket, "default");
  EXPECT_EQ(ext.paths[1].size, uint64_t{2} << 30);
  EXPECT_EQ(ext.paths[1].bucket, "coldcompact");
  EXPECT_EQ(ext.page_size_mb, 32u);
  EXPECT_EQ(ext.wbuf_size, 8u << 20);
  EXPECT_EQ(ext.threads, 3u);
  EXPECT_EQ(ext.io_depth, 4u);
  EXPECT_EQ(ext.item_size, 600u);
  EXPECT_EQ(ext.item_age, 7u);
  EXPECT_EQ(ext.low_ttl, 8u);
  EXPECT_EQ(ext.recache_rate, 9u);
  EXPECT_EQ(ext.compact_under, 10u);
  EXPECT_EQ(ext.drop_under, 11u);
  EXPECT_EQ(ext.max_sleep, 12u);
  EXPECT_EQ(ext.max_frag, 0.5);
  EXPECT_TRUE(ext.drop_unread);
  EXPECT_EQ(Ext("ext_path=/a:3t").paths[0].size, uint64_t{3} << 40);
  EXPECT_EQ(Ext("ext_path=/a:1P").paths[0].size, uint64_t{1} << 50);
  EXPECT_FALSE(ParseCommandLine({"-o", "ext_path=/a:99999999999p"}).ok());
  ExpectWarning("-o ext_path=/a:1g",
                "-o ext_path has no effect: there is no disk tier in this version; everything is "
                "kept in memory (-m), and '/a' is left alone");
  ExpectNoWarning("-o ext_threads=4");
}

TEST(ExtendedOptions, TlsWords) {
  const TlsOptions tls =
      Tls("ssl_chain_cert=/c.pem,ssl_key=/k.pem,ssl_keyformat=2,ssl_verify_mode=3,"
          "ssl_ca_cert=/ca.pem,ssl_ciphers=A:B,ssl_wbuf_size=32,ssl_session_cache,"
          "ssl_kernel_tls,ssl_min_version=3");
  EXPECT_EQ(tls.chain_cert, "/c.pem");
  EXPECT_EQ(tls.key, "/k.pem");
  EXPECT_EQ(tls.key_format, 2);
  EXPECT_EQ(tls.verify, TlsOptions::Verify::kOnce);
  EXPECT_EQ(tls.ca_cert, "/ca.pem");
  EXPECT_EQ(tls.ciphers, "A:B");
  EXPECT_EQ(tls.write_buffer, 32768u);
  EXPECT_TRUE(tls.session_cache);
  EXPECT_TRUE(tls.kernel_tls);
  EXPECT_EQ(tls.min_version, 3);
  EXPECT_EQ(Tls("ssl_verify_mode=0").verify, TlsOptions::Verify::kNone);
  EXPECT_EQ(Tls("ssl_min_version=0").min_version, 0);
}

TEST(ExtendedOptions, WordsWithoutAnEffect) {
  ExpectNoWarning("-o inline_ascii_resp,no_inline_ascii_resp,no_drop_privileges,modern");
  ExpectNoWarning("-o relaxed_privileges");
  EXPECT_TRUE(Options("-o relaxed_privileges").debug_commands);
  EXPECT_FALSE(Options("").debug_commands);
  ExpectWarning("-o resp_obj_mem_limit",
                "DEPRECATED: resp_obj_mem_limit no longer used. See read_buf_mem_limit; remove it "
                "from -o");
  ExpectWarning("-o drop_privileges",
                "-o drop_privileges has no effect: there is no filter of system calls; remove it");
  ExpectWarning("-o proxy_config=/x.lua,proxy_arg=a,proxy_uring,proxy_memprofile -o proxy_config",
                "-o proxy_... has no effect: this server is a cache, not a proxy; remove it");
}

TEST(ExtendedOptions, Faults) {
  for (
      const Fault& fault : {
          Fault{"-o foo", 1,
                "Illegal suboption \"foo\"; -o takes memcached's words, separated by commas: "
                "docs/options.md lists them"},
          Fault{"-o foo=3", 1,
                "Illegal suboption \"foo=3\"; -o takes memcached's words, separated by commas: "
                "docs/options.md lists them"},
          Fault{"-o Modern", 1,
                "Illegal suboption \"Modern\"; -o takes memcached's words, separated by commas: "
                "docs/options.md lists them"},
          Fault{"-o mod", 1,
                "Illegal suboption \"mod\"; -o takes memcached's words, separated by commas: "
                "docs/options.md lists them"},
          Fault{"-o ,", 1,
                "Illegal suboption \"\"; -o takes memcached's words, separated by commas: "
                "docs/options.md lists them"},
          Fault{"-o modern,,modern", 1,
                "Illegal suboption \"\"; -o takes memcached's words, separated by commas: "
                "docs/options.md lists them"},
          Fault{"-o hashpower", 1,
                "Missing numeric argument for hashpower; write -o hashpower=NUM"},
          Fault{"-o hashpower=abc", 1,
                "Initial hashtable multiplier of abc is too low: -o hashpower takes a power of two "
                "from 12 to 32; 'abc' is none"},
          Fault{"-o hashpower=11", 1,
                "Initial hashtable multiplier of 11 is too low: -o hashpower takes a power of two "
                "from 12 to 32; '11' is none"},
          Fault{"-o hashpower=33", 1,
                "Initial hashtable multiplier of 33 is too high: -o hashpower takes a power of two "
                "from 12 to 32; '33' is none"},
          Fault{"-o hashpower=16x", 1,
                "Initial hashtable multiplier of 16x is too low: -o hashpower takes a power of two "
                "from 12 to 32; '16x' is none"},
          Fault{"-o hash_algorithm", 1,
                "Missing hash_algorithm argument; write -o hash_algorithm=NAME"},
          Fault{"-o hash_algorithm=md5", 1,
                "Unknown hash_algorithm option (jenkins, murmur3, xxh3); write one of these, not "
                "'md5'"},
          Fault{"-o idle_timeout", 1,
                "Missing numeric argument for idle_timeout; write -o idle_timeout=SECONDS"},
          Fault{"-o idle_timeout=-1", 1,
                "could not parse argument to idle_timeout: -o idle_timeout takes a number of "
                "seconds from 0 to 2147483647; '-1' is none"},
          Fault{"-o idle_timeout=", 1,
                "could not parse argument to idle_timeout: -o idle_timeout takes a number of "
                "seconds from 0 to 2147483647; '' is none"},
          Fault{"-o tail_repair_time", 1,
                "Missing numeric argument for tail_repair_time; write -o tail_repair_time=SECONDS"},
          Fault{"-o tail_repair_time=9", 1,
                "Cannot set tail_repair_time to less than 10 seconds: -o tail_repair_time takes a "
                "number of seconds from 10 to 2147483647; '9' is none"},
          Fault{"-o lru_crawler_sleep", 1,
                "Missing lru_crawler_sleep value; write -o lru_crawler_sleep=MICROSECONDS"},
          Fault{"-o lru_crawler_sleep=1000001", 1,
                "LRU crawler sleep must be between 0 and 1 second: -o lru_crawler_sleep takes a "
                "number of microseconds from 0 to 1000000; '1000001' is none"},
          Fault{"-o lru_crawler_tocrawl", 1,
                "Missing lru_crawler_tocrawl value; write -o lru_crawler_tocrawl=NUM"},
          Fault{"-o lru_crawler_tocrawl=4294967296", 1,
                "lru_crawler_tocrawl takes a numeric 32bit value: -o lru_crawler_tocrawl takes a "
                "number of items from 0 to 4294967295; '4294967296' is none"},
          Fault{"-o hot_lru_pct", 1, "Missing hot_lru_pct argument; write -o hot_lru_pct=NUM"},
          Fault{"-o hot_lru_pct=0", 1,
                "hot_lru_pct must be > 1 and < 80: -o hot_lru_pct takes a percentage from 1 to 79; "
                "'0' is none"},
          Fault{"-o warm_lru_pct=80", 1,
                "warm_lru_pct must be > 1 and < 80: -o warm_lru_pct takes a percentage from 1 to "
                "79; '80' is none"},
          Fault{"-o hot_max_factor=0", 1,
                "hot_max_factor must be > 0: '0' is wrong; write -o hot_max_factor=0.2"},
          Fault{"-o warm_max_factor=x", 1,
                "warm_max_factor must be > 0: 'x' is wrong; write -o warm_max_factor=2.0"},
          Fault{"-o temporary_ttl", 1,
                "Missing temporary_ttl argument; write -o temporary_ttl=SECONDS"},
          Fault{"-o temporary_ttl=-5", 1,
                "could not parse argument to temporary_ttl: -o temporary_ttl takes a number of "
                "seconds from 0 to 2147483647; '-5' is none"},
          Fault{"-o slab_automove=3", 1,
                "slab_automove must be between 0 and 2: -o slab_automove takes a number from 0 to "
                "2; '3' is none"},
          Fault{"-o slab_automove=", 1,
                "slab_automove must be between 0 and 2: -o slab_automove takes a number from 0 to "
                "2; '' is none"},
          Fault{"-o slab_automove_ratio=0", 1,
                "slab_automove_ratio must be > 0 and < 1: '0' is wrong; write -o "
                "slab_automove_ratio=0.8"},
          Fault{"-o slab_automove_ratio=1.1", 1,
                "slab_automove_ratio must be > 0 and < 1: '1.1' is wrong; write -o "
                "slab_automove_ratio=0.8"},
          Fault{"-o slab_automove_window=2", 1,
                "slab_automove_window must be > 2: -o slab_automove_window takes a number from 3 "
                "to 1800; '2' is none"},
          Fault{"-o slab_automove_window=1801", 1,
                "slab_automove_window must be > 2: -o slab_automove_window takes a number from 3 "
                "to 1800; '1801' is none"},
          Fault{"-o slab_automove_freeratio=x", 1,
                "could not parse argument to slab_automove_freeratio: 'x' is wrong; write -o "
                "slab_automove_freeratio=0.01"},
          Fault{"-o slab_chunk_max", 1,
                "Missing slab_chunk_max argument; write -o slab_chunk_max=KB"},
          Fault{"-o slab_chunk_max=0", 1,
                "could not parse argument to slab_chunk_max: -o slab_chunk_max takes a number of "
                "KiB from 1 to 4194303; '0' is none"},
          Fault{"-o slab_sizes", 1, "Missing slab_sizes argument; write -o slab_sizes=NUM-NUM-..."},
          Fault{"-o slab_sizes=", 64,
                "slab size  is out of valid range; write -o slab_sizes=100-200-400, at most 63 "
                "numbers from 48 to 1048576"},
          Fault{"-o slab_sizes=a-b", 64,
                "slab size a is out of valid range; write -o slab_sizes=100-200-400, at most 63 "
                "numbers from 48 to 1048576"},
          Fault{"-o slab_sizes=20", 64,
                "slab size 20 is out of valid range; write -o slab_sizes=100-200-400, at most 63 "
                "numbers from 48 to 1048576"},
          Fault{"-o slab_sizes=100-2000000", 64,
                "slab size 2000000 is out of valid range; write -o slab_sizes=100-200-400, at most "
                "63 numbers from 48 to 1048576"},
          Fault{"-o slab_sizes=300-200", 64,
                "slab size 200 cannot be lower than or equal to a previous class size; write them "
                "in ascending order"},
          Fault{"-o slab_sizes=100-101", 64,
                "slab size 101 must be at least 8 bytes larger than previous class; raise it"},
          Fault{"-o watcher_logbuf_size=0", 1,
                "could not parse argument to watcher_logbuf_size: -o watcher_logbuf_size takes a "
                "number of KiB from 1 to 4194303; '0' is none"},
          Fault{"-o worker_logbuf_size=x", 1,
                "could not parse argument to worker_logbuf_size: -o worker_logbuf_size takes a "
                "number of KiB from 1 to 4194303; 'x' is none"},
          Fault{"-o read_buf_mem_limit=-5", 1,
                "could not parse argument to read_buf_mem_limit: -o read_buf_mem_limit takes a "
                "number of MiB from 0 to 4294967295; '-5' is none"},
          Fault{"-o sock_cookie_id", 1,
                "Missing sock_cookie_id argument; write -o sock_cookie_id=NUM"},
          Fault{"-o sock_cookie_id=x", 1,
                "could not parse argument to sock_cookie_id: -o sock_cookie_id takes a number from "
                "0 to 4294967295; 'x' is none"},
          Fault{
              "-o ext_path", 1,
              "missing argument to ext_path, ie: ext_path=/d/file:5G; write -o ext_path=FILE:SIZE"},
          Fault{"-o ext_path=/f", 1,
                "must supply size to ext_path, ie: ext_path=/f/e:64m (M|G|T|P supported); write -o "
                "ext_path=FILE:SIZE with a size such as 64m, 8g or 1t"},
          Fault{"-o ext_path=/f:", 1,
                "must supply size to ext_path, ie: ext_path=/f/e:64m (M|G|T|P supported); write -o "
                "ext_path=FILE:SIZE with a size such as 64m, 8g or 1t"},
          Fault{"-o ext_path=:1g", 1,
                "must supply size to ext_path, ie: ext_path=/f/e:64m (M|G|T|P supported); write -o "
                "ext_path=FILE:SIZE with a size such as 64m, 8g or 1t"},
          Fault{"-o ext_path=/f:128", 1,
                "failed to parse ext_path argument: '128' is no size; write -o ext_path=FILE:SIZE "
                "with a size such as 64m, 8g or 1t"},
          Fault{"-o ext_path=/f:1g:foo", 1,
                "Unknown extstore bucket: foo; there are default, compact, lowttl, chunked, "
                "coldcompact and old"},
          Fault{"-o ext_page_size=0", 1,
                "could not parse argument to ext_page_size: -o ext_page_size takes a number of MiB "
                "from 1 to 2147483647; '0' is none"},
          Fault{"-o ext_wbuf_size=4096", 1,
                "could not parse argument to ext_wbuf_size: -o ext_wbuf_size takes a number of MiB "
                "from 0 to 4095; '4096' is none"},
          Fault{"-o ext_threads=x", 1,
                "could not parse argument to ext_threads: -o ext_threads takes a number from 0 to "
                "4294967295; 'x' is none"},
          Fault{
              "-o ext_max_frag=x", 1,
              "could not parse argument to ext_max_frag: 'x' is wrong; write -o ext_max_frag=0.8"},
          Fault{"-o ssl_chain_cert", 1,
                "Missing ssl_chain_cert argument; write -o ssl_chain_cert=FILE"},
          Fault{"-o ssl_verify_mode=4", 1,
                "Invalid ssl_verify_mode. Use help to see valid options: -o ssl_verify_mode takes "
                "a number from 0 to 3; '4' is none"},
          Fault{"-o ssl_keyformat=9", 1,
                "could not parse argument to ssl_keyformat: -o ssl_keyformat takes 1 (PEM) or 2 "
                "(DER): a number from 1 to 2; '9' is none"},
          Fault{"-o ssl_min_version=x", 1,
                "Invalid ssl_min_version. Use help to see valid options: -o ssl_min_version takes "
                "a number from 0 to 3; 'x' is none"},
          Fault{"-o ssl_wbuf_size=0", 1,
                "could not parse argument to ssl_wbuf_size: -o ssl_wbuf_size takes a number of KiB "
                "from 1 to 4194303; '0' is none"},
      }) {
    ExpectFault(fault);
  }
}

TEST(ExtendedOptions, EveryWordThatNeedsAValueSaysSo) {
  std::set<std::string_view> names;
  for (const ExtendedWord& word : ExtendedWords()) {
    EXPECT_TRUE(names.insert(word.name).second) << word.name;
    const auto line = ParseCommandLine({"-o", std::string(word.name)}, kAllFeatures);
    const bool needed = !word.value.empty() && !word.value.starts_with('[');
    EXPECT_EQ(line.ok(), !needed) << word.name;
    if (line.ok()) continue;
    const std::string instead =
        "; write -o " + std::string(word.name) + "=" + std::string(word.value);
    EXPECT_TRUE(line.error().message.ends_with(instead)) << line.error().message;
    EXPECT_EQ(line.error().exit_code, 1);
  }
}

}  // namespace
}  // namespace rat_memcache::config
