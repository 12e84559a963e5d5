// What the load generator has seen. One set of counters for all connections; a measured window is
// the difference of two copies.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rat_memcache::load {

struct Counters {
  uint64_t requests = 0;  // answered gets and sets; a get of many keys is one request
  uint64_t keys = 0;      // keys asked for and keys stored
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t sets = 0;
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;

  Counters operator-(const Counters& before) const {
    return {.requests = requests - before.requests,
            .keys = keys - before.keys,
            .hits = hits - before.hits,
            .misses = misses - before.misses,
            .sets = sets - before.sets,
            .bytes_in = bytes_in - before.bytes_in,
            .bytes_out = bytes_out - before.bytes_out};
  }
};

// Replies that a correct server does not give. They make the program fail, whenever they come.
struct Faults {
  uint64_t unexpected_replies = 0;
  uint64_t wrong_values = 0;
  std::string first;  // what the first one was, for a human

  uint64_t total() const { return unexpected_replies + wrong_values; }
  void Add(uint64_t* kind, std::string_view text) {
    if (total() == 0) first = text;
    ++*kind;
  }
};

}  // namespace rat_memcache::load
