// What depends on several options: conflicts that stop the start, and values that follow from
// others. Runs once, after the last argument, so that the order of options does not matter.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include "config/parse.h"

namespace rat_memcache::config {

void CheckTogether(Parse* parse);

}  // namespace rat_memcache::config
