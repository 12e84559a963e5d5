// The protocols that the load generator speaks, and what a request is in each.
//
//             one key                many keys                            set
//   classic   get <key>              get <key> <key> ...                  set <key> 0 0 <size>
//   meta      mg <key> v             mg <key> k v q for each, then mn     ms <key> <size>
//   binary    GET                    GETKQ for each, then NOOP            SET
//
// In binary requests the opaque is the id of the key, and 0 in a NOOP.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>

namespace rat_memcache::load {

enum class Protocol : uint8_t { kClassic, kMeta, kBinary };

}  // namespace rat_memcache::load
