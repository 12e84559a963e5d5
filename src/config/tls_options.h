// TLS: -Z and -o ssl_*, with memcached's defaults.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace rat_memcache::config {

struct TlsOptions {
  // As OpenSSL counts them in memcached's option.
  enum class Verify : uint8_t { kNone = 0, kRequest = 1, kRequire = 2, kOnce = 3 };

  bool enabled = false;           // -Z
  std::string chain_cert;         // ssl_chain_cert
  std::string key;                // ssl_key
  int key_format = 1;             // ssl_keyformat; 1: PEM, 2: ASN.1
  Verify verify = Verify::kNone;  // ssl_verify_mode
  std::string ca_cert;            // ssl_ca_cert; empty: none
  std::string ciphers;            // ssl_ciphers; empty: the library's
  uint32_t write_buffer = 16384;  // ssl_wbuf_size, bytes
  bool session_cache = false;     // ssl_session_cache
  bool kernel_tls = false;        // ssl_kernel_tls
  int min_version = 2;            // ssl_min_version; 0..3: TLS 1.0..1.3
};

}  // namespace rat_memcache::config
