// SPDX-License-Identifier: LGPL-3.0-or-later
#include "net/socket.h"

#include "platform/process.h"

namespace rat_memcache::net {

std::string TextOf(const asio::ip::tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" +
         std::to_string(endpoint.port());
}

asio::error_code TakeOver(asio::ip::tcp protocol, Socket::native_handle_type handle,
                          Socket* socket) {
  asio::error_code error;
  socket->assign(protocol, handle, error);
  if (error) {
    platform::CloseSocket(handle);
  } else {
    socket->non_blocking(true, error);
  }
  return error;
}

}  // namespace rat_memcache::net
