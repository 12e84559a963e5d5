// A listening socket: accepts connections and hands them on.
//
// Threads: the thread that runs its event loop.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include "base/result.h"
#include "net/socket.h"
#include "observe/counters.h"

namespace rat_memcache::net {

class Listener {
 public:
  // Takes over an accepted socket, which belongs to nobody else any more.
  using OnAccept = std::function<void(asio::ip::tcp, Socket::native_handle_type)>;

  // Listens on every address that `host` stands for (empty: all interfaces), each with a listener
  // of its own. Port 0 is any free one.
  static Result<std::vector<std::unique_ptr<Listener>>> Open(asio::io_context* loop,
                                                             const std::string& host, uint16_t port,
                                                             uint32_t backlog,
                                                             observe::ThreadCounters* counters);
  ~Listener();

  void Start(OnAccept on_accept);
  void Stop();
  asio::ip::tcp::endpoint endpoint() const { return endpoint_; }

 private:
  Listener(asio::io_context* loop, Acceptor acceptor, observe::ThreadCounters* counters);
  void Accept();

  Acceptor acceptor_;
  asio::ip::tcp::endpoint endpoint_;
  asio::steady_timer pause_;
  observe::ThreadCounters* const counters_;
  OnAccept on_accept_;
};

}  // namespace rat_memcache::net
