// The server: opens what it needs, serves until it is told to stop, and ends in order.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include "base/result.h"
#include "config/command_line.h"

namespace rat_memcache::server {

// Runs a server with these options until SIGTERM or SIGINT. An Error if it could not start. The
// calling thread accepts connections and keeps the time; it must not have started other threads.
Status Run(const config::CommandLine& command_line);

}  // namespace rat_memcache::server
