// What a connection must remember between batches of requests.
//
// Threads: belongs to a connection, and so to one thread.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>

#include "auth/sasl.h"
#include "command/incoming_value.h"
#include "command/producer.h"

namespace rat_memcache::command {

// What becomes of a connection. kClose: once what was answered is sent.
enum class After : uint8_t { kGoOn, kClose };

struct Session {
  // A value that is being streamed in, if there is one.
  std::unique_ptr<IncomingValue> incoming;
  // A reply that is being made, if there is one. Nothing is executed before it is done.
  std::unique_ptr<Producer> producer;
  // A login that takes several messages, if there is one.
  std::unique_ptr<auth::SaslExchange> sasl;
  bool logged_in = false;
};

}  // namespace rat_memcache::command
