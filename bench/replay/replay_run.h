// One replay: takes requests from a trace, gives them their shape, and hands them to a target.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <string>

#include "base/result.h"
#include "replay/options.h"

namespace rat_memcache::replay {

// The report, one JSON object.
Result<std::string> Replay(const Options& options);

}  // namespace rat_memcache::replay
