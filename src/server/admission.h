// The door: deals accepted sockets out to the workers, one after the other, and keeps to -c. A
// client too many is told so and let go (maxconns_fast), or waits until another has gone
// (no_maxconns_fast); then the listeners accept nobody else.
//
// Threads: the one that runs the event loop of the listeners.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include <asio/io_context.hpp>

#include "config/server_options.h"
#include "net/client_count.h"
#include "net/listener.h"
#include "net/worker.h"
#include "observe/accept_state.h"
#include "observe/counters.h"
#include "observe/log.h"

namespace rat_memcache::server {

class Admission {
 public:
  using Workers = std::vector<std::unique_ptr<net::Worker>>;

  // What it is given must outlive it.
  Admission(asio::io_context* loop, const config::ServerOptions* options,
            observe::ThreadCounters* counters, const observe::Log* log,
            const net::Listener::List* listeners, const Workers* workers);

  // For the workers.
  net::ClientCount* clients() { return &clients_; }
  const observe::AcceptState& state() const { return state_; }

  // Lets clients in, and no more of them.
  void Open();
  void Close();

 private:
  void Admit(net::AcceptedSocket socket);
  void Deal(net::AcceptedSocket socket);
  void Refuse(net::AcceptedSocket socket);
  void AwaitPlace();
  void OnPlace();

  asio::io_context* const loop_;
  const config::ServerOptions* const options_;
  observe::ThreadCounters* const counters_;
  const observe::Log* const log_;
  const net::Listener::List* const listeners_;
  const Workers* const workers_;
  size_t next_worker_ = 0;
  net::ClientCount clients_;
  observe::AcceptState state_;
  // Accepted when the last place had been taken: at most one of each listener.
  std::vector<net::AcceptedSocket> waiting_;
  std::chrono::steady_clock::time_point full_since_;
};

}  // namespace rat_memcache::server
