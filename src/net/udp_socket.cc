// SPDX-License-Identifier: LGPL-3.0-or-later
#include "net/udp_socket.h"

#include <asio/ip/v6_only.hpp>

#include "platform/local_socket.h"

namespace rat_memcache::net {
namespace {

using asio::ip::udp;

// Room for what answers a few datagrams; the kernel gives what it allows.
constexpr int kSendBufferBytes = 4 << 20;

// Lets other sockets of this process be bound where this one is.
class SharedPort {
 public:
  template <class Protocol>
  static int level(const Protocol&) {
    return SOL_SOCKET;
  }
  template <class Protocol>
  static int name(const Protocol&) {
    return SO_REUSEPORT;
  }
  template <class Protocol>
  const int* data(const Protocol&) const {
    return &on_;
  }
  template <class Protocol>
  static size_t size(const Protocol&) {
    return sizeof(int);
  }

 private:
  int on_ = 1;
};

std::string TextOf(const udp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" +
         std::to_string(endpoint.port());
}

Error BindError(const udp::endpoint& endpoint, const asio::error_code& error) {
  return Error{"failed to listen on UDP port " + std::to_string(endpoint.port()) + " (" +
                   TextOf(endpoint) + "): " + error.message() +
                   "; choose another port with -U or another address with -l",
               kExitOs};
}

Result<UdpSocket> Bind(const Listener::Surroundings& surroundings, const udp::endpoint& endpoint,
                       bool beside_another) {
  UdpSocket socket(*surroundings.loop);
  asio::error_code error;
  socket.open(endpoint.protocol(), error);
  // IPv4 has a socket of its own.
  if (!error && endpoint.address().is_v6()) socket.set_option(asio::ip::v6_only(true), error);
  if (!error && surroundings.mark != 0) {
    const Status marked = platform::MarkSocket(socket.native_handle(), surroundings.mark);
    if (!marked.ok()) surroundings.on_warning(marked.error().message);
  }
  asio::error_code ignored;
  socket.set_option(asio::socket_base::send_buffer_size(kSendBufferBytes), ignored);
  if (!error && beside_another) socket.set_option(SharedPort(), error);
  if (!error) socket.bind(endpoint, error);
  if (error) return BindError(endpoint, error);
  return socket;
}

}  // namespace

Result<BoundUdpSocket::List> BoundUdpSocket::Open(const Listener::Surroundings& surroundings,
                                                  const std::string& host, uint16_t port,
                                                  size_t per_address) {
  asio::error_code error;
  udp::resolver resolver(*surroundings.loop);
  const auto found = resolver.resolve(host, std::to_string(port), udp::resolver::passive, error);
  if (error) {
    return Error{"failed to listen on " + (host.empty() ? "all interfaces" : host) + ": " +
                     error.message() + "; name an address of this machine with -l",
                 kExitOs};
  }
  List sockets;
  Error last;
  for (const auto& entry : found) {
    udp::endpoint endpoint = entry.endpoint();
    // Every address of one host gets the same free port.
    if (port == 0 && !sockets.empty()) endpoint.port(sockets.front().port());
    auto first = Bind(surroundings, endpoint, false);
    if (!first.ok()) {
      last = first.error();
      continue;
    }
    endpoint = first.value().local_endpoint(error);
    bool shared = per_address > 1;
    if (shared) {
      first.value().set_option(SharedPort(), error);
      shared = !error;
    }
    sockets.emplace_back(std::move(first).value(), true);
    for (size_t i = 1; shared && i < per_address; ++i) {
      auto next = Bind(surroundings, endpoint, true);
      if (!next.ok()) return next.error();
      sockets.emplace_back(std::move(next).value(), false);
    }
  }
  // As with TCP, a host may have addresses that cannot be bound, but not all of them.
  if (sockets.empty()) return last;
  return sockets;
}

BoundUdpSocket::BoundUdpSocket(UdpSocket socket, bool first) : is_first_(first) {
  asio::error_code ignored;
  local_ = socket.local_endpoint(ignored);
  asio::error_code kept;
  const Handle handle = socket.release(kept);
  if (!kept) handle_ = handle;
}

std::string BoundUdpSocket::name() const { return (is_ipv6() ? "udp6:" : "udp:") + TextOf(local_); }

asio::error_code BoundUdpSocket::GiveTo(UdpSocket* socket) {
  asio::error_code error;
  socket->assign(local_.protocol(), handle_, error);
  if (error) return error;
  handle_ = kNone;
  socket->non_blocking(true, error);
  return error;
}

}  // namespace rat_memcache::net
