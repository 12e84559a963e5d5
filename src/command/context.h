// What commands work on: one per server, shared by its threads.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

#include "auth/users_file.h"
#include "cache/cache.h"
#include "command/item_classes.h"
#include "config/server_options.h"
#include "observe/counters.h"
#include "observe/log.h"

namespace rat_memcache::command {

struct Context {
  cache::Cache* cache = nullptr;
  const config::ServerOptions* options = nullptr;
  observe::CounterRegistry* counters = nullptr;
  observe::Log* log = nullptr;
  // Who may log in, which everybody must then: by text with -Y, by SASL with -S. Null: nobody need.
  const auth::UsersFile* users = nullptr;
  ItemClasses classes{config::EngineHints{}};  // of reports
  // The Unix time when the coarse clock stood at 0.
  int64_t unix_at_zero = 0;
  // For `stats`: the event library and its version.
  std::string event_backend;
  // What the process took before it opened the cache.
  size_t bytes_without_cache = 0;
  // The port that is really listened on.
  uint16_t port = 0;
};

}  // namespace rat_memcache::command
