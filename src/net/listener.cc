// SPDX-License-Identifier: LGPL-3.0-or-later
#include "net/listener.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <asio/ip/v6_only.hpp>

namespace rat_memcache::net {
namespace {

using asio::ip::tcp;
using observe::Count;

// How long to wait before the next try when there are no descriptors left.
constexpr std::chrono::milliseconds kPause{100};

Result<Acceptor> Bind(asio::io_context* loop, const tcp::endpoint& endpoint, uint32_t backlog) {
  Acceptor acceptor(*loop);
  asio::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  // IPv4 has a socket of its own.
  if (!error && endpoint.address().is_v6()) {
    acceptor.set_option(asio::ip::v6_only(true), error);
  }
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(static_cast<int>(backlog), error);
  if (!error) acceptor.non_blocking(true, error);
  if (error) {
    return Error{"failed to listen on TCP port " + std::to_string(endpoint.port()) + " (" +
                     TextOf(endpoint) + "): " + error.message() +
                     "; choose another port with -p or another address with -l",
                 kExitOs};
  }
  return acceptor;
}

}  // namespace

Result<std::vector<std::unique_ptr<Listener>>> Listener::Open(asio::io_context* loop,
                                                              const std::string& host,
                                                              uint16_t port, uint32_t backlog,
                                                              observe::ThreadCounters* counters) {
  asio::error_code error;
  tcp::resolver resolver(*loop);
  const auto flags = tcp::resolver::passive;
  const auto found = resolver.resolve(host, std::to_string(port), flags, error);
  if (error) {
    const bool bare_ipv6 = std::count(host.begin(), host.end(), ':') > 1;
    return Error{"failed to listen on " + (host.empty() ? "all interfaces" : host) + ": " +
                     error.message() + "; name an address of this machine with -l" +
                     (bare_ipv6 ? ", an IPv6 address with a port as [ADDR]:PORT" : ""),
                 kExitOs};
  }
  std::vector<std::unique_ptr<Listener>> listeners;
  Error last;
  for (const auto& entry : found) {
    tcp::endpoint endpoint = entry.endpoint();
    // Every address of one listener gets the same free port.
    if (port == 0 && !listeners.empty()) endpoint.port(listeners[0]->endpoint().port());
    auto acceptor = Bind(loop, endpoint, backlog);
    if (!acceptor.ok()) {
      last = acceptor.error();
      continue;
    }
    listeners.push_back(
        std::unique_ptr<Listener>(new Listener(loop, std::move(acceptor).value(), counters)));
  }
  // As in memcached, a host may have addresses that cannot be bound (no IPv6), but not all of them.
  if (listeners.empty()) return last;
  return listeners;
}

Listener::Listener(asio::io_context* loop, Acceptor acceptor, observe::ThreadCounters* counters)
    : acceptor_(std::move(acceptor)), pause_(*loop), counters_(counters) {
  asio::error_code ignored;
  endpoint_ = acceptor_.local_endpoint(ignored);
  counters_->Add(Count::kConnectionsOpened);
}

Listener::~Listener() = default;

void Listener::Start(OnAccept on_accept) {
  on_accept_ = std::move(on_accept);
  Accept();
}

void Listener::Stop() {
  if (!acceptor_.is_open()) return;
  asio::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  counters_->Add(Count::kConnectionsClosed);
}

void Listener::Accept() {
  acceptor_.async_accept([this](const asio::error_code& error, Socket socket) {
    if (error == asio::error::operation_aborted || !acceptor_.is_open()) return;
    if (!error) {
      asio::error_code released;
      const auto handle = socket.release(released);
      if (!released) on_accept_(endpoint_.protocol(), handle);
      return Accept();
    }
    const bool out_of_descriptors =
        error == asio::error::no_descriptors || error == asio::error::no_memory ||
        error == asio::error::no_buffer_space || error == std::errc::too_many_files_open_in_system;
    if (!out_of_descriptors) return Accept();
    // Nothing is gained by trying again at once.
    counters_->Add(Count::kAcceptsPaused);
    pause_.expires_after(kPause);
    pause_.async_wait([this](const asio::error_code& cancelled) {
      if (!cancelled) Accept();
    });
  });
}

}  // namespace rat_memcache::net
