// What a connection must remember between batches of requests.
//
// Threads: belongs to a connection, and so to one thread.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <memory>

#include "command/incoming_value.h"
#include "command/producer.h"

namespace rat_memcache::command {

struct Session {
  // A value that is being streamed in, if there is one.
  std::unique_ptr<IncomingValue> incoming;
  // A reply that is being made, if there is one. Nothing is executed before it is done.
  std::unique_ptr<Producer> producer;
};

}  // namespace rat_memcache::command
