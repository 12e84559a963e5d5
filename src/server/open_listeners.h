// From options to listening sockets.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <vector>

#include "base/result.h"
#include "config/server_options.h"
#include "net/listener.h"
#include "net/tls_context.h"
#include "net/udp_socket.h"
#include "platform/service.h"

namespace rat_memcache::server {

// Sockets that somebody has opened for us take the place of all that the options ask for; otherwise
// a Unix socket that of TCP. `tls` is null without -Z.
//
// What a privilege may be needed for is opened first (OpenListeners), and the Unix socket when the
// process is the user that it will stay (OpenUnixListener), so that the file belongs to that user.
Result<net::Listener::List> OpenListeners(const net::Listener::Surroundings& surroundings,
                                          const config::ServerOptions& options,
                                          const std::vector<platform::InheritedSocket>& inherited,
                                          net::TlsContext* tls);
Result<net::Listener::List> OpenUnixListener(const net::Listener::Surroundings& surroundings,
                                             const config::ServerOptions& options);

// For -U, on the addresses of TCP; the ports that these name go before that of -U, as in memcached.
Result<net::BoundUdpSocket::List> OpenUdpSockets(const net::Listener::Surroundings& surroundings,
                                                 const config::ServerOptions& options);

}  // namespace rat_memcache::server
