// SPDX-License-Identifier: LGPL-3.0-or-later
#include "net/listener.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>

#include <asio/ip/v6_only.hpp>
#include <asio/local/stream_protocol.hpp>

#include "platform/local_socket.h"

namespace rat_memcache::net {
namespace {

using asio::ip::tcp;
using observe::Count;

// How long to wait before the next try when there are no descriptors left.
constexpr std::chrono::milliseconds kRetryAfter{100};

std::string TextOf(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" +
         std::to_string(endpoint.port());
}

Result<Acceptor> BindTcp(const Listener::Surroundings& surroundings,
                         const tcp::endpoint& endpoint) {
  Acceptor acceptor(*surroundings.loop);
  asio::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  // IPv4 has a socket of its own.
  if (!error && endpoint.address().is_v6()) {
    acceptor.set_option(asio::ip::v6_only(true), error);
  }
  if (!error && surroundings.mark != 0) {
    // Accepted sockets inherit it.
    const Status marked = platform::MarkSocket(acceptor.native_handle(), surroundings.mark);
    if (!marked.ok()) surroundings.on_warning(marked.error().message);
  }
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(static_cast<int>(surroundings.backlog), error);
  if (!error) acceptor.non_blocking(true, error);
  if (error) {
    return Error{"failed to listen on TCP port " + std::to_string(endpoint.port()) + " (" +
                     TextOf(endpoint) + "): " + error.message() +
                     "; choose another port with -p or another address with -l",
                 kExitOs};
  }
  return acceptor;
}

StreamProtocol ProtocolOf(const Acceptor& acceptor) {
  asio::error_code ignored;
  const StreamProtocol::endpoint local = acceptor.local_endpoint(ignored);
  return {local.protocol().family(), 0};
}

}  // namespace

Result<Listener::List> Listener::OpenTcp(const Surroundings& surroundings, const std::string& host,
                                         uint16_t port, const ListenerTraits& traits) {
  asio::error_code error;
  tcp::resolver resolver(*surroundings.loop);
  const auto flags = tcp::resolver::passive;
  const auto found = resolver.resolve(host, std::to_string(port), flags, error);
  if (error) {
    const bool bare_ipv6 = std::count(host.begin(), host.end(), ':') > 1;
    return Error{"failed to listen on " + (host.empty() ? "all interfaces" : host) + ": " +
                     error.message() + "; name an address of this machine with -l" +
                     (bare_ipv6 ? ", an IPv6 address with a port as [ADDR]:PORT" : ""),
                 kExitOs};
  }
  List listeners;
  Error last;
  for (const auto& entry : found) {
    tcp::endpoint endpoint = entry.endpoint();
    // Every address of one listener gets the same free port.
    if (port == 0 && !listeners.empty()) endpoint.port(listeners[0]->port());
    auto acceptor = BindTcp(surroundings, endpoint);
    if (!acceptor.ok()) {
      last = acceptor.error();
      continue;
    }
    listeners.push_back(std::unique_ptr<Listener>(
        new Listener(surroundings, std::move(acceptor).value(), traits, "")));
  }
  // As in memcached, a host may have addresses that cannot be bound (no IPv6), but not all of them.
  if (listeners.empty()) return last;
  return listeners;
}

Result<std::unique_ptr<Listener>> Listener::OpenUnix(const Surroundings& surroundings,
                                                     const std::string& path, uint32_t mode,
                                                     const ListenerTraits& traits) {
  Acceptor acceptor(*surroundings.loop);
  std::error_code error;
  try {
    const asio::local::stream_protocol::endpoint endpoint(path);
    platform::RemoveLeftoverSocket(path);
    acceptor.open(endpoint.protocol(), error);
    if (!error) {
      const platform::FileModeScope with_mode(mode);
      acceptor.bind(endpoint, error);
    }
    if (!error) acceptor.listen(static_cast<int>(surroundings.backlog), error);
    if (!error) acceptor.non_blocking(true, error);
  } catch (const std::system_error& too_long) {
    error = too_long.code();
  }
  if (error) {
    return Error{"failed to listen on UNIX socket: " + path + ": " + error.message() +
                     "; choose another path with -s",
                 kExitOs};
  }
  return std::unique_ptr<Listener>(new Listener(surroundings, std::move(acceptor), traits, path));
}

Result<std::unique_ptr<Listener>> Listener::TakeOver(const Surroundings& surroundings, int family,
                                                     Acceptor::native_handle_type handle,
                                                     const ListenerTraits& traits) {
  Acceptor acceptor(*surroundings.loop);
  asio::error_code error;
  acceptor.assign(StreamProtocol(family, 0), handle, error);
  if (!error) acceptor.non_blocking(true, error);
  if (error) {
    return Error{"failed to listen on the inherited socket " + std::to_string(handle) + ": " +
                     error.message() + "; start without LISTEN_FDS",
                 kExitOs};
  }
  return std::unique_ptr<Listener>(
      new Listener(surroundings, std::move(acceptor), traits, "inherited"));
}

Listener::Listener(const Surroundings& surroundings, Acceptor acceptor,
                   const ListenerTraits& traits, const std::string& path)
    : acceptor_(std::move(acceptor)),
      protocol_(ProtocolOf(acceptor_)),
      traits_(traits),
      retry_(*surroundings.loop),
      counters_(surroundings.counters),
      connections_(surroundings.connections) {
  if (is_tcp()) {
    asio::error_code ignored;
    const StreamProtocol::endpoint local = acceptor_.local_endpoint(ignored);
    if (local.size() <= tcp_endpoint_.capacity()) {
      std::memcpy(tcp_endpoint_.data(), local.data(), local.size());
      tcp_endpoint_.resize(local.size());
    }
    traits_.name = TextOf(tcp_endpoint_);
  } else {
    traits_.name = "unix:" + path;
  }
  counters_->Add(Count::kConnectionsOpened);
}

Listener::~Listener() { Unlist(); }

observe::ConnectionReport Listener::Describe() const {
  asio::error_code ignored;
  // native_handle() is no call for readers, though it only looks.
  auto& acceptor = const_cast<Acceptor&>(acceptor_);
  return {.handle = acceptor.native_handle(),
          .address = NameOf(acceptor.local_endpoint(ignored)),
          .state = "conn_listening",
          .seconds_since_command = 0};
}

void Listener::Start(OnAccept on_accept) {
  Enlist(connections_);
  on_accept_ = std::move(on_accept);
  Accept();
}

void Listener::Stop() {
  if (!acceptor_.is_open()) return;
  Unlist();
  asio::error_code ignored;
  acceptor_.close(ignored);
  retry_.cancel();
  counters_->Add(Count::kConnectionsClosed);
}

void Listener::Pause() {
  if (!acceptor_.is_open()) return;
  paused_ = true;
  asio::error_code ignored;
  acceptor_.cancel(ignored);
  retry_.cancel();
}

void Listener::Resume() {
  paused_ = false;
  Accept();
}

void Listener::Accept() {
  if (accepting_ || paused_ || !acceptor_.is_open()) return;
  accepting_ = true;
  acceptor_.async_accept([this](const asio::error_code& error, Socket socket) {
    accepting_ = false;
    if (!error) {
      asio::error_code released;
      const auto handle = socket.release(released);
      if (!released) on_accept_(AcceptedSocket(protocol_, handle, &traits_));
    }
    const bool out_of_descriptors =
        error == asio::error::no_descriptors || error == asio::error::no_memory ||
        error == asio::error::no_buffer_space || error == std::errc::too_many_files_open_in_system;
    if (!out_of_descriptors) return Accept();
    // Nothing is gained by trying again at once.
    counters_->Add(Count::kAcceptsPaused);
    retry_.expires_after(kRetryAfter);
    retry_.async_wait([this](const asio::error_code& cancelled) {
      if (!cancelled) Accept();
    });
  });
}

}  // namespace rat_memcache::net
