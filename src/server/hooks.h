// What the running server can be asked to do, as functions: for commands, which must not know it.
//
// Threads: any may call. They stay valid as long as workers run.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace rat_memcache::server {

struct Hooks {
  // Reads the TLS files again. Empty: done. Otherwise why not, in memcached's words; then nothing
  // has changed.
  std::function<std::string()> refresh_certs;
  // Seconds since they were last read; 0 without TLS.
  std::function<int64_t()> seconds_since_cert_refresh;
};

}  // namespace rat_memcache::server
