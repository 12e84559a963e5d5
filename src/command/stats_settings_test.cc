// stats settings shows what the command line said. tests/transcripts/ compares it with memcached.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <map>
#include <string>
#include <vector>

#include "command/executor_for_test.h"
#include "config/command_line.h"

namespace rat_memcache::command {
namespace {

class StatsSettingsTest : public ExecutorForTest {
 protected:
  std::map<std::string, std::string> Settings(const std::vector<std::string>& arguments) {
    auto line = config::ParseCommandLine(arguments, config::kAllFeatures);
    EXPECT_TRUE(line.ok()) << line.error().message;
    if (!line.ok()) return {};
    Open(line.value().options);
    return StatsOf("settings");
  }
  void Expect(const std::vector<std::string>& arguments,
              const std::map<std::string, std::string>& wanted) {
    const auto settings = Settings(arguments);
    EXPECT_EQ(settings.size(), 77u);
    for (const auto& [name, value] : wanted) {
      ASSERT_TRUE(settings.contains(name)) << name;
      EXPECT_EQ(settings.at(name), value) << name;
    }
  }
};

TEST_F(StatsSettingsTest, TextsThatAreNotSet) {
  Expect({}, {{"inter", "NULL"},
              {"domain_socket", "NULL"},
              {"ssl_chain_cert", "(null)"},
              {"ssl_key", "(null)"},
              {"ssl_ciphers", "NULL"},
              {"ssl_ca_cert", "NULL"},
              {"memory_file", "(null)"},
              {"auth_enabled_ascii", "no"}});
}

TEST_F(StatsSettingsTest, Listeners) {
  Expect({"-l", "127.0.0.1,::1", "-l", "tag[a]:[::1]:5", "-U", "7", "-p", "8", "-b", "9"},
         {{"inter", "127.0.0.1,::1,tag[a]:[::1]:5"},
          {"udpport", "7"},
          {"tcpport", "8"},
          {"tcp_backlog", "9"},
          {"num_threads_per_udp", "1"}});
  Expect({"-s", "/x", "-a", "0755"},
         {{"domain_socket", "/x"}, {"umask", "755"}, {"num_threads_per_udp", "4"}});
  Expect({"-p", "0", "-U", "7"}, {{"tcpport", "0"}});
}

TEST_F(StatsSettingsTest, Permissions) {
  Expect({"-A", "-F", "-X", "-C", "-M", "-D", "/"}, {{"shutdown_command", "yes"},
                                                     {"flush_enabled", "no"},
                                                     {"dump_enabled", "no"},
                                                     {"cas_enabled", "no"},
                                                     {"evictions", "off"},
                                                     {"stat_key_prefix", "/"},
                                                     {"detail_enabled", "yes"}});
  Expect({"-S"}, {{"auth_enabled_sasl", "yes"}, {"binding_protocol", "binary"}});
  Expect({"-Y", "/etc/users"},
         {{"auth_enabled_ascii", "/etc/users"}, {"binding_protocol", "ascii"}});
  Expect({"-B", "auto"}, {{"binding_protocol", "auto-negotiate"}});
}

TEST_F(StatsSettingsTest, NumbersHaveMemcachedsDigits) {
  Expect({"-f", "1.5", "-n", "64", "-N", "2", "-o",
          "slab_automove_ratio=0.5,slab_automove_freeratio=0.1234,hot_max_factor=0.555,"
          "warm_max_factor=3,ext_max_frag=0.75,slab_chunk_max=256,ext_wbuf_size=8"},
         {{"growth_factor", "1.50"},
          {"chunk_size", "64"},
          {"num_napi_ids", "2"},
          {"slab_automove_ratio", "0.50"},
          {"slab_automove_freeratio", "0.123"},
          {"warm_max_factor", "3.00"},
          {"ext_max_frag", "0.75"},
          {"slab_chunk_max", "262144"},
          {"ext_wbuf_size", "8388608"}});
}

TEST_F(StatsSettingsTest, Tls) {
  Expect({"-Z", "-o",
          "ssl_chain_cert=/c,ssl_key=/k,ssl_verify_mode=2,ssl_keyformat=2,ssl_ca_cert=/ca,"
          "ssl_ciphers=A,ssl_wbuf_size=32,ssl_session_cache,ssl_kernel_tls,ssl_min_version=0"},
         {{"ssl_enabled", "yes"},
          {"ssl_chain_cert", "/c"},
          {"ssl_key", "/k"},
          {"ssl_verify_mode", "3"},
          {"ssl_keyformat", "2"},
          {"ssl_ca_cert", "/ca"},
          {"ssl_ciphers", "A"},
          {"ssl_wbuf_size", "32768"},
          {"ssl_session_cache", "yes"},
          {"ssl_kernel_tls", "yes"},
          {"ssl_min_version", "tlsv1.0"}});
}

TEST_F(StatsSettingsTest, VerifyModesAreOpenSslsFlags) {
  Expect({"-o", "ssl_verify_mode=0"}, {{"ssl_verify_mode", "0"}});
  Expect({"-o", "ssl_verify_mode=1"}, {{"ssl_verify_mode", "1"}});
  Expect({"-o", "ssl_verify_mode=3"}, {{"ssl_verify_mode", "7"}});
}

TEST_F(StatsSettingsTest, Sizes) {
  Expect({"-o", "read_buf_mem_limit=7,watcher_logbuf_size=128,worker_logbuf_size=32"},
         {{"read_buf_mem_limit", "7340032"},
          {"watcher_logbuf_size", "131072"},
          {"worker_logbuf_size", "32768"}});
}

TEST_F(StatsSettingsTest, NoModern) {
  Expect({"-o", "no_modern"}, {{"maxconns_fast", "no"},
                               {"slab_reassign", "no"},
                               {"slab_automove", "0"},
                               {"slab_chunk_max", "1048576"},
                               {"lru_crawler", "no"},
                               {"hash_algorithm", "jenkins"},
                               {"lru_maintainer_thread", "no"},
                               {"lru_segmented", "no"}});
}

}  // namespace
}  // namespace rat_memcache::command
