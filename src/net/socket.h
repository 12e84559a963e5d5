// The socket types in use, and what several need to do with them. Bound to io_context's own
// executor type: the type-erased default costs an indirect call per operation.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <string>

#include <asio/basic_socket_acceptor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/error_code.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

namespace rat_memcache::net {

using IoExecutor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, IoExecutor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, IoExecutor>;

// ADDRESS:PORT, an IPv6 address in brackets.
std::string TextOf(const asio::ip::tcp::endpoint& endpoint);

// Gives an accepted handle, which belongs to nobody, to `socket` and makes it non-blocking. The
// handle is closed at the latest with the socket, also on an error.
asio::error_code TakeOver(asio::ip::tcp protocol, Socket::native_handle_type handle,
                          Socket* socket);

}  // namespace rat_memcache::net
