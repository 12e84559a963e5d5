// What commands work on: one per server, shared by its threads.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "auth/users_file.h"
#include "cache/cache.h"
#include "command/prefix_stats.h"
#include "command/tunables.h"
#include "command/upload_registry.h"
#include "config/server_options.h"
#include "observe/accept_state.h"
#include "observe/connection_list.h"
#include "observe/counters.h"
#include "observe/log.h"
#include "observe/watch_hub.h"

namespace rat_memcache::command {

struct Context {
  cache::Cache* cache = nullptr;
  const config::ServerOptions* options = nullptr;
  observe::CounterRegistry* counters = nullptr;
  observe::Log* log = nullptr;
  Tunables* tunables = nullptr;
  PrefixStats* prefixes = nullptr;
  observe::WatchHub* watch = nullptr;
  UploadRegistry* uploads = nullptr;
  observe::ConnectionList* connections = nullptr;
  const observe::AcceptState* accepting = nullptr;  // null: always
  // Who may log in, which everybody must then: by text with -Y, by SASL with -S. Null: nobody need.
  const auth::UsersFile* users = nullptr;
  // The Unix time when the coarse clock stood at 0.
  int64_t unix_at_zero = 0;
  // For `stats`: the event library and its version.
  std::string event_backend;
  // What the process took before it opened the cache.
  size_t bytes_without_cache = 0;
  // The port that is really listened on.
  uint16_t port = 0;

  // What the server itself does.
  // Seconds since the certificates were read.
  std::function<int64_t()> seconds_since_cert_refresh;
  // Reads the certificates again; empty, or what is wrong.
  std::function<std::string()> refresh_certificates;
  // Moves the clock that items live by, for tests; only with -o relaxed_privileges, which is a word
  // of memcached's debug builds.
  struct ClockChange {
    enum class Kind : uint8_t { kShift, kPause, kResume };
    Kind kind = Kind::kShift;
    int32_t seconds = 0;
  };
  std::function<void(ClockChange)> change_clock;
  // Asks the server to end: at once, or when everything that was received is served.
  std::function<void(bool gracefully)> stop;
};

}  // namespace rat_memcache::command
