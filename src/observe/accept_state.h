// Whether the server takes connections at the moment: what `stats` calls accepting_conns. How often
// it did not, and for how long, is counted (Count::kListenDisabled, kListenDisabledUs).
//
// Threads: written by the one that accepts, read by any.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <atomic>

namespace rat_memcache::observe {

struct AcceptState {
  // Relaxed: nothing else is told by it.
  std::atomic<bool> accepting{true};
};

}  // namespace rat_memcache::observe
