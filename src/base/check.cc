// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace rat_memcache {

void CheckFailed(const char* file, int line, const char* condition, const char* explanation) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s (%s)\n", file, line, condition, explanation);
  std::abort();
}

}  // namespace rat_memcache
