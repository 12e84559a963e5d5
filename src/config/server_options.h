// Everything that a server can be told, with its defaults. They are memcached's, but for the
// address: without being told otherwise the server listens on the loopback address only.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/engine_hints.h"
#include "config/eviction_strategy.h"
#include "config/listen_address.h"
#include "config/streaming_options.h"
#include "config/tls_options.h"
#include "config/ttl_options.h"

namespace rat_memcache::config {

struct ServerOptions {
  // -l and --bind. Empty: the loopback address.
  std::vector<ListenAddress> listen;
  // The arguments of -l as `stats settings` shows them; empty: none was given.
  std::string listen_text;
  // -p. 0: any free port.
  uint16_t port = 11211;
  bool tcp_enabled = true;    // -p 0 switches it off
  bool udp_enabled = false;   // -U with another number than 0
  uint16_t udp_port = 0;      // -U. 0: any free port
  std::string unix_socket;    // -s. Empty: none; otherwise there is nothing but it
  uint32_t unix_mask = 0700;  // -a, the mode of that socket
  uint32_t backlog = 1024;    // -b
  WireProtocol protocol = WireProtocol::kNegotiated;  // -B
  TlsOptions tls;                                     // -Z, -o ssl_*
  std::string auth_file;                              // -Y. Empty: none
  bool sasl_enabled = false;                          // -S

  size_t memory_limit = size_t{64} << 20;                   // -m, bytes
  size_t item_size_max = size_t{1} << 20;                   // -I, bytes
  EvictionStrategy eviction = EvictionStrategy::kAdaptive;  // --eviction-strategy, -M
  TtlOptions ttl;
  StreamingOptions streaming;
  bool cas_enabled = true;        // -C switches it off
  bool flush_enabled = true;      // -F switches it off
  bool dump_enabled = true;       // -X switches it off: cachedump, stats detail, metadump
  bool watch_enabled = true;      // -W switches it off
  bool debug_commands = false;    // -o relaxed_privileges, a word of memcached's debug builds
  bool shutdown_enabled = false;  // -A
  char prefix_delimiter = ':';    // -D
  bool detail_enabled = false;    // -D was given: count by prefix from the start
  EngineHints hints;
  ExtstoreHints extstore;

  uint32_t threads = 4;              // -t
  uint32_t connections_max = 1024;   // -c
  uint32_t requests_per_event = 20;  // -R
  // -o maxconns_fast: a connection too many is told so; otherwise it waits unaccepted.
  bool maxconns_fast = true;
  uint32_t idle_timeout = 0;              // -o idle_timeout, seconds; 0: never
  uint32_t watcher_buffer = 256 << 10;    // -o watcher_logbuf_size, bytes
  uint32_t worker_log_buffer = 64 << 10;  // -o worker_logbuf_size, bytes
  uint32_t read_buffer_limit_mb = 0;      // -o read_buf_mem_limit; 0: none but half of -m
  uint32_t socket_cookie = 0;             // -o sock_cookie_id; 0: none

  int verbosity = 0;         // -v
  bool daemon = false;       // -d
  std::string user;          // -u; empty: stay who we are
  std::string pid_file;      // -P; empty: none
  bool lock_memory = false;  // -k
  bool core_dumps = false;   // -r
  bool large_pages = false;  // -L
  std::string memory_file;   // -e; empty: none

  // Descriptors that are not clients', out of connections_max: as memcached keeps back.
  uint32_t reserved_descriptors() const { return 8 + 5 * threads; }
  // Clients that are served at the same time.
  uint32_t clients_max() const { return connections_max - reserved_descriptors(); }
};

}  // namespace rat_memcache::config
