// `stats settings`: what the operator asked for, under memcached's names and in its order.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include "command/context.h"
#include "command/stat_lines.h"

namespace rat_memcache::command {

// Appends the whole reply. Limits that change while the server runs are shown as they are now.
void AppendSettings(const Context& context, StatLines* lines);

}  // namespace rat_memcache::command
