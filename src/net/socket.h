// The socket types in use, and what several need to do with them. A stream socket is one of TCP or
// of the Unix domain: the protocol is a run-time value, and the operations are the same. Bound to
// io_context's own executor type: the type-erased default costs an indirect call per operation.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <string>
#include <utility>

#include <asio/basic_socket_acceptor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/error_code.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include "platform/process.h"

namespace rat_memcache::net {

struct ListenerTraits;

using IoExecutor = asio::io_context::executor_type;
using StreamProtocol = asio::generic::stream_protocol;
using Socket = asio::basic_stream_socket<StreamProtocol, IoExecutor>;
using Acceptor = asio::basic_socket_acceptor<StreamProtocol, IoExecutor>;

// memcached's notation: tcp:ADDRESS:PORT, tcp6:[ADDRESS]:PORT, unix:PATH.
std::string NameOf(const StreamProtocol::endpoint& endpoint);
// Only of TCP.
asio::ip::tcp::endpoint TcpEndpointOf(const StreamProtocol::endpoint& endpoint);

// A socket between two event loops: accepted by one thread, not yet served by another. Closed with
// the object unless somebody has taken it over.
class AcceptedSocket {
 public:
  using Handle = Socket::native_handle_type;

  // `from` outlives the socket.
  AcceptedSocket(StreamProtocol protocol, Handle handle, const ListenerTraits* from)
      : protocol_(protocol), handle_(handle), from_(from) {}
  AcceptedSocket(AcceptedSocket&& other) noexcept
      : protocol_(other.protocol_),
        handle_(std::exchange(other.handle_, kNone)),
        from_(other.from_) {}
  AcceptedSocket& operator=(AcceptedSocket&&) = delete;
  ~AcceptedSocket() {
    if (handle_ != kNone) platform::CloseSocket(handle_);
  }

  const ListenerTraits& from() const { return *from_; }
  // Makes it `socket`, which does not block.
  asio::error_code GiveTo(Socket* socket) {
    asio::error_code error;
    socket->assign(protocol_, handle_, error);
    if (error) return error;
    handle_ = kNone;
    socket->non_blocking(true, error);
    return error;
  }

 private:
  static constexpr Handle kNone = static_cast<Handle>(-1);

  StreamProtocol protocol_;
  Handle handle_;
  const ListenerTraits* from_;
};

}  // namespace rat_memcache::net
