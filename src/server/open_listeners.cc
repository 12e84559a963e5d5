// SPDX-License-Identifier: LGPL-3.0-or-later
#include "server/open_listeners.h"

#include <memory>
#include <string>
#include <utility>

#include "platform/process.h"

namespace rat_memcache::server {
namespace {

using config::ListenAddress;
using config::ServerOptions;
using net::Listener;
using net::ListenerTraits;

constexpr char kLoopback[] = "127.0.0.1";

std::vector<ListenAddress> AddressesOf(const ServerOptions& options) {
  if (!options.listen.empty()) return options.listen;
  return {{.host = kLoopback}};
}

Result<ListenerTraits> TraitsOf(const ListenAddress& address, const ServerOptions& options,
                                net::TlsContext* tls) {
  using Tls = ListenAddress::Tls;
  ListenerTraits traits{.protocol = address.protocol.value_or(options.protocol),
                        .tag = address.tag};
  if (address.tls != Tls::kNone) traits.tls = tls;
  if (address.tls == Tls::kNoClientCert || address.tls == Tls::kRequireClientCert) {
    // A listener that is meant to be closed to strangers must not become an open one.
    if (tls == nullptr) {
      return Error{"btls: and mtls: (" + address.host + ") need TLS; add -Z", kExitUsage};
    }
    traits.client_cert = address.tls == Tls::kNoClientCert ? ListenerTraits::ClientCert::kNone
                                                           : ListenerTraits::ClientCert::kRequired;
  }
  return traits;
}

Result<Listener::List> TakeOver(const Listener::Surroundings& surroundings,
                                const ServerOptions& options,
                                const std::vector<platform::InheritedSocket>& inherited,
                                net::TlsContext* tls) {
  Listener::List listeners;
  for (const platform::InheritedSocket& socket : inherited) {
    if (!socket.listens) {
      surroundings.on_warning("the inherited socket " + std::to_string(socket.handle) +
                              " is no listening stream socket; it is not used");
      platform::CloseSocket(socket.handle);
      continue;
    }
    ListenerTraits traits{.protocol = options.protocol};
    if (socket.is_unix) {
      traits.transport = ListenerTraits::Transport::kUnix;
    } else {
      traits.tls = tls;
    }
    auto taken = Listener::TakeOver(surroundings, socket.family, socket.handle, traits);
    if (!taken.ok()) return taken.error();
    listeners.push_back(std::move(taken).value());
  }
  return listeners;
}

}  // namespace

Result<Listener::List> OpenListeners(const Listener::Surroundings& surroundings,
                                     const ServerOptions& options,
                                     const std::vector<platform::InheritedSocket>& inherited,
                                     net::TlsContext* tls) {
  if (!inherited.empty()) return TakeOver(surroundings, options, inherited, tls);
  Listener::List listeners;
  if (!options.tcp_enabled || !options.unix_socket.empty()) return listeners;
  for (const ListenAddress& address : AddressesOf(options)) {
    auto traits = TraitsOf(address, options, tls);
    if (!traits.ok()) return traits.error();
    auto opened = Listener::OpenTcp(surroundings, address.host, address.port.value_or(options.port),
                                    traits.value());
    if (!opened.ok()) return opened.error();
    for (auto& listener : opened.value()) {
      listeners.push_back(std::move(listener));
    }
  }
  return listeners;
}

Result<Listener::List> OpenUnixListener(const Listener::Surroundings& surroundings,
                                        const ServerOptions& options) {
  Listener::List listeners;
  if (options.unix_socket.empty()) return listeners;
  auto opened = Listener::OpenUnix(
      surroundings, options.unix_socket, options.unix_mask,
      {.transport = ListenerTraits::Transport::kUnix, .protocol = options.protocol});
  if (!opened.ok()) return opened.error();
  listeners.push_back(std::move(opened).value());
  return listeners;
}

Result<net::BoundUdpSocket::List> OpenUdpSockets(const Listener::Surroundings& surroundings,
                                                 const ServerOptions& options) {
  net::BoundUdpSocket::List sockets;
  if (!options.udp_enabled || !options.unix_socket.empty()) return sockets;
  // As memcached has it, and `stats settings` says: num_threads_per_udp.
  const bool many_addresses = options.listen_text.find(',') != std::string::npos;
  const size_t per_address = many_addresses ? 1 : options.threads;
  for (const ListenAddress& address : AddressesOf(options)) {
    auto opened = net::BoundUdpSocket::Open(surroundings, address.host,
                                            address.port.value_or(options.udp_port), per_address);
    if (!opened.ok()) return opened.error();
    for (auto& socket : opened.value()) {
      sockets.push_back(std::move(socket));
    }
  }
  return sockets;
}

}  // namespace rat_memcache::server
