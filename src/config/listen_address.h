// Where a server listens, as -l and -s name it.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace rat_memcache::config {

// What is spoken on a connection. kNegotiated: its first byte decides.
enum class WireProtocol : uint8_t { kNegotiated, kAscii, kBinary };

// An address to listen on. `host` empty: all interfaces; a name or an address, without brackets.
struct ListenAddress {
  // kAsConfigured: what TlsOptions say. The others are memcached's prefixes of an address.
  enum class Tls : uint8_t {
    kAsConfigured,
    kNone,               // notls:
    kNoClientCert,       // btls:
    kRequireClientCert,  // mtls:
  };

  std::string host;
  std::optional<uint16_t> port;  // nullopt: ServerOptions::port
  Tls tls = Tls::kAsConfigured;
  std::optional<WireProtocol> protocol;  // proto[...]:; nullopt: ServerOptions::protocol
  std::string tag;                       // tag[...]:; 1 to 8 characters, or none
};

}  // namespace rat_memcache::config
