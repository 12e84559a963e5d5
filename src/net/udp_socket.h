// UDP sockets: bound by the thread that opens the server, served by a worker (udp_service.h).
//
// One address has several sockets, one per worker, and the kernel deals datagrams out to them by
// the addresses of sender and receiver (SO_REUSEPORT). So workers do not wake each other, as they
// do when all wait for one socket, and what one client sends is served in order by one of them. The
// first socket is bound without the option: a port that another program has, even one that would
// share it, is an error and not half of the requests lost. Where the kernel does not have the
// option, the first socket serves alone.
//
// Threads: opened by one thread; handed to another by moving.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <asio/basic_datagram_socket.hpp>
#include <asio/error_code.hpp>
#include <asio/ip/udp.hpp>

#include "base/result.h"
#include "net/listener.h"
#include "net/socket.h"
#include "platform/process.h"

namespace rat_memcache::net {

using UdpSocket = asio::basic_datagram_socket<asio::ip::udp, IoExecutor>;

// A socket between two event loops. Closed with the object unless somebody has taken it over.
class BoundUdpSocket {
 public:
  using Handle = UdpSocket::native_handle_type;
  using List = std::vector<BoundUdpSocket>;

  // On every address that `host` stands for (empty: all interfaces), `per_address` sockets, those
  // of one address behind each other. Port 0 is any free one.
  static Result<List> Open(const Listener::Surroundings& surroundings, const std::string& host,
                           uint16_t port, size_t per_address);

  // `socket` is bound. `first`: no other of the same address stands before it.
  BoundUdpSocket(UdpSocket socket, bool first);
  BoundUdpSocket(BoundUdpSocket&& other) noexcept
      : local_(std::move(other.local_)),
        handle_(std::exchange(other.handle_, kNone)),
        is_first_(other.is_first_) {}
  BoundUdpSocket& operator=(BoundUdpSocket&&) = delete;
  ~BoundUdpSocket() {
    if (handle_ != kNone) platform::CloseSocket(handle_);
  }

  bool is_first() const { return is_first_; }
  bool is_ipv6() const { return local_.address().is_v6(); }
  uint16_t port() const { return local_.port(); }
  // memcached's notation: udp:ADDRESS:PORT, udp6:[ADDRESS]:PORT.
  std::string name() const;
  // Makes it `socket`, which does not block.
  asio::error_code GiveTo(UdpSocket* socket);

 private:
  static constexpr Handle kNone = static_cast<Handle>(-1);

  asio::ip::udp::endpoint local_;
  Handle handle_ = kNone;
  bool is_first_;
};

}  // namespace rat_memcache::net
