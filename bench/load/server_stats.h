// The server's own account: its `stats`.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "load/connection.h"

namespace rat_memcache::load {

using ServerStats = std::map<std::string, std::string>;

// Asks over a connection of its own and waits for the answer.
Result<ServerStats> ReadServerStats(const Address& address);

}  // namespace rat_memcache::load
