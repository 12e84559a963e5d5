// What the engine tells of itself, where memcached has nothing to compare: `stats l1`, `stats ttl`,
// `stats memory`, and `stats rat` for all of them. Names are for people and scripts;
// docs/statistics.md explains each.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <string_view>

#include "command/context.h"
#include "command/stat_lines.h"

namespace rat_memcache::command {

// False if `word` is none of these.
bool AppendEngineStats(const Context& context, std::string_view word, StatLines* lines);

}  // namespace rat_memcache::command
