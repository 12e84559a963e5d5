// SPDX-License-Identifier: LGPL-3.0-or-later
#include "net/udp_service.h"

#include <utility>

#include "net/worker.h"
#include "observe/counters.h"

namespace rat_memcache::net {
namespace {

using asio::ip::udp;
using observe::Count;

uint16_t PortOf(const UdpSocket& socket) {
  asio::error_code ignored;
  return socket.local_endpoint(ignored).port();
}

}  // namespace

UdpService::UdpService(Worker* worker, UdpSocket socket, std::string name)
    : worker_(worker),
      socket_(std::move(socket)),
      name_(std::move(name)),
      handle_(socket_.native_handle()),
      port_(PortOf(socket_)),
      exchange_({.executor = &worker->executor(),
                 .batch = &worker->batch(),
                 .out = &worker->out(),
                 .counters = &worker->counters(),
                 .streaming = worker->context().options->streaming.enabled}),
      last_command_(worker->context().cache->Now()) {
  worker_->budget().TakeForConnection(sizeof *this);
}

UdpService::~UdpService() {
  Unlist();
  worker_->budget().GiveForConnection(sizeof *this);
}

observe::ConnectionReport UdpService::Describe() const {
  return {.handle = handle_,
          .udp = true,
          .address = name_,
          .state = "conn_read",
          .seconds_since_command =
              worker_->context().cache->Now() - last_command_.load(std::memory_order_relaxed)};
}

void UdpService::Start() {
  worker_->counters().Add(Count::kConnectionsOpened);
  Enlist(worker_->context().connections);
  AwaitInput();
}

void UdpService::Stop() {
  if (!socket_.is_open()) return;
  TakeTurn();
  Unlist();
  asio::error_code ignored;
  socket_.close(ignored);
  worker_->counters().Add(Count::kConnectionsClosed);
}

void UdpService::AwaitInput() {
  socket_.async_wait(UdpSocket::wait_read, [this](const asio::error_code& error) {
    if (error || !socket_.is_open()) return;
    TakeTurn();
    AwaitInput();
  });
}

void UdpService::TakeTurn() {
  const std::span<char> input = worker_->shared_input();
  size_t answers = 0;
  size_t bytes_served = 0;
  for (uint32_t i = 0; i < worker_->requests_per_event() && answers < kAnswersPerTurn &&
                       bytes_served < kBytesPerTurn;
       ++i) {
    udp::endpoint sender;
    asio::error_code error;
    const size_t bytes =
        socket_.receive_from(asio::buffer(input.data(), input.size()), sender, 0, error);
    if (error == asio::error::would_block || error == asio::error::try_again) break;
    if (error) continue;  // about something sent before, to somebody who is not there
    worker_->counters().Add(Count::kBytesRead, bytes);
    if (!IsClient(sender)) {
      worker_->counters().Add(Count::kUdpRequestsDropped);
      continue;
    }
    bytes_served += bytes;
    last_command_.store(worker_->context().cache->Now(), std::memory_order_relaxed);
    const auto outcome =
        exchange_.Serve({input.data(), bytes}, handle_,
                        [&](std::string_view datagram) { return Send(datagram, sender); });
    answers += outcome.answers;
    if (outcome.unsent) break;
  }
  worker_->TrimOut();
}

// A port that has our number is another server's, or our own: what it sends are answers.
bool UdpService::IsClient(const udp::endpoint& sender) const {
  return sender.port() != 0 && sender.port() != port_;
}

bool UdpService::Send(std::string_view datagram, const udp::endpoint& to) {
  asio::error_code error;
  const size_t bytes =
      socket_.send_to(asio::buffer(datagram.data(), datagram.size()), to, 0, error);
  if (error) return false;
  worker_->counters().Add(Count::kBytesWritten, bytes);
  return true;
}

}  // namespace rat_memcache::net
