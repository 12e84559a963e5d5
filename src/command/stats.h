// The `stats` command: memcached's names, in memcached's order, with our figures.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <string_view>

#include "command/context.h"
#include "command/stat_lines.h"

namespace rat_memcache::command {

// Appends the whole reply for `stats` with these arguments (empty: none).
void AppendStats(const Context& context, std::string_view arguments, StatLines* lines);

}  // namespace rat_memcache::command
