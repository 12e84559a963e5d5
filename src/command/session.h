// What a connection must remember between batches of requests.
//
// Threads: belongs to a connection, and so to one thread.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "auth/sasl.h"
#include "command/incoming_value.h"
#include "command/producer.h"
#include "command/session_uploads.h"
#include "observe/watch_hub.h"

namespace rat_memcache::command {

// What becomes of a connection. kClose: once what was answered is sent.
enum class After : uint8_t { kGoOn, kClose };

// A connection that watches, until this goes.
class Watching {
 public:
  Watching(observe::WatchHub* hub, std::shared_ptr<observe::WatchHub::Watcher> watcher)
      : hub_(hub), watcher_(std::move(watcher)) {}
  ~Watching() { hub_->Remove(watcher_); }
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;

  std::string TakeLines() { return watcher_->Take(); }

 private:
  observe::WatchHub* const hub_;
  const std::shared_ptr<observe::WatchHub::Watcher> watcher_;
};

struct Session {
  // As the system knows the connection; for reports.
  int64_t descriptor = -1;
  // Makes a function that lets the connection send what a watcher has; it may outlive the session.
  std::function<std::function<void()>()> waker;
  // A value that is being streamed in, if there is one.
  std::unique_ptr<IncomingValue> incoming;
  // Uploads of the streaming protocol, once there has been one.
  std::unique_ptr<SessionUploads> uploads;
  // Requests are datagrams: the streaming protocol is not spoken.
  bool over_udp = false;
  // A reply that is being made, if there is one. Nothing is executed before it is done.
  std::unique_ptr<Producer> producer;
  // A login that takes several messages, if there is one.
  std::unique_ptr<auth::SaslExchange> sasl;
  bool logged_in = false;
  // The connection gets events from now on, and nothing else.
  std::unique_ptr<Watching> watching;
};

}  // namespace rat_memcache::command
