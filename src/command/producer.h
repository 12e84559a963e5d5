// Output that is made as the client reads it: dumps, downloads, logs. A reply that may be larger
// than what a connection may buffer is one.
//
// Threads: belongs to a connection, and so to one thread.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include "base/gather_buffer.h"

namespace rat_memcache::command {

class Producer {
 public:
  Producer() = default;
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;
  virtual ~Producer() = default;

  // Appends the next part, some hundred kilobytes at most. False if that was the last.
  virtual bool Produce(GatherBuffer* out) = 0;
};

}  // namespace rat_memcache::command
