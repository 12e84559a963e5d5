// `stats items`, `stats slabs`, `stats sizes` and `stats cachedump`: what memcached tells by its
// size classes, told of the classes that it would have (store/size_classes.h). Sizes and pages are
// what memcached would need; ours are smaller, and stand in `stats memory`.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <string_view>

#include "command/context.h"
#include "command/stat_lines.h"

namespace rat_memcache::command {

void AppendItemStats(const Context& context, StatLines* lines);
void AppendSlabStats(const Context& context, StatLines* lines);
void AppendSizeStats(const Context& context, StatLines* lines);
// `arguments`: the class, and the most items to be shown (0: as many as fit).
void AppendCacheDump(const Context& context, std::string_view arguments, StatLines* lines);

}  // namespace rat_memcache::command
