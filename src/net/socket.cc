// SPDX-License-Identifier: LGPL-3.0-or-later
#include "net/socket.h"

#include <algorithm>
#include <cstring>

#include <asio/local/stream_protocol.hpp>

namespace rat_memcache::net {

asio::ip::tcp::endpoint TcpEndpointOf(const StreamProtocol::endpoint& endpoint) {
  asio::ip::tcp::endpoint tcp;
  // Not tcp.size(), which is that of IPv4 until the bytes say otherwise.
  const size_t size = std::min(endpoint.size(), tcp.capacity());
  std::memcpy(tcp.data(), endpoint.data(), size);
  tcp.resize(size);
  return tcp;
}

std::string NameOf(const StreamProtocol::endpoint& endpoint) {
  const int family = endpoint.protocol().family();
  if (family == asio::ip::tcp::v4().family() || family == asio::ip::tcp::v6().family()) {
    const asio::ip::tcp::endpoint tcp = TcpEndpointOf(endpoint);
    const std::string address = tcp.address().to_string();
    const std::string port = std::to_string(tcp.port());
    return tcp.address().is_v6() ? "tcp6:[" + address + "]:" + port : "tcp:" + address + ":" + port;
  }
#if defined(ASIO_HAS_LOCAL_SOCKETS)
  if (family == asio::local::stream_protocol().family()) {
    asio::local::stream_protocol::endpoint local;
    const size_t size = std::min(endpoint.size(), local.capacity());
    std::memcpy(local.data(), endpoint.data(), size);
    local.resize(size);
    return "unix:" + local.path();
  }
#endif
  return "?:<AF " + std::to_string(family) + ">";
}

}  // namespace rat_memcache::net
