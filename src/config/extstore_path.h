// -o ext_path=FILE:SIZE[:BUCKET], memcached's description of a file of its disk tier.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <string_view>

#include "config/parse.h"

namespace rat_memcache::config {

// Adds it to options().extstore.paths.
void AddExtstorePath(Parse* parse, std::string_view text);

}  // namespace rat_memcache::config
