// Everything that a server can be told, with its defaults. They are memcached's, but for the
// address: without being told otherwise the server listens on the loopback address only.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/eviction_strategy.h"
#include "config/ttl_options.h"

namespace rat_memcache::config {

// An address to listen on. `host` empty: all interfaces; a name or an address, without brackets.
struct ListenAddress {
  std::string host;
  std::optional<uint16_t> port;  // nullopt: ServerOptions::port
};

struct ServerOptions {
  // -l and --bind. Empty: the loopback address.
  std::vector<ListenAddress> listen;
  // The arguments of -l as `stats settings` shows them; empty: none was given.
  std::string listen_text;
  // -p. 0: any free port.
  uint16_t port = 11211;
  uint32_t backlog = 1024;  // -b

  size_t memory_limit = size_t{64} << 20;                   // -m, bytes
  size_t item_size_max = size_t{1} << 20;                   // -I, bytes
  EvictionStrategy eviction = EvictionStrategy::kAdaptive;  // --eviction-strategy, -M
  TtlOptions ttl;
  bool cas_enabled = true;    // -C switches it off
  bool flush_enabled = true;  // -F switches it off

  uint32_t threads = 4;              // -t
  uint32_t connections_max = 1024;   // -c
  uint32_t requests_per_event = 20;  // -R

  int verbosity = 0;     // -v
  bool daemon = false;   // -d
  std::string user;      // -u; empty: stay who we are
  std::string pid_file;  // -P; empty: none

  // Descriptors that are not clients', out of connections_max: as memcached keeps back.
  uint32_t reserved_descriptors() const { return 8 + 5 * threads; }
  // Clients that are served at the same time.
  uint32_t clients_max() const { return connections_max - reserved_descriptors(); }
};

}  // namespace rat_memcache::config
