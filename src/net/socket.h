// The socket types in use. Bound to io_context's own executor type: the type-erased default costs
// an indirect call per operation.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <asio/basic_socket_acceptor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

namespace rat_memcache::net {

using IoExecutor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, IoExecutor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, IoExecutor>;

}  // namespace rat_memcache::net
