// SPDX-License-Identifier: LGPL-3.0-or-later
#include "net/worker.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>

#include "net/connection.h"
#include "net/listener_traits.h"
#include "net/udp_service.h"

namespace rat_memcache::net {

using observe::Count;

Worker::Worker(const command::Context* context, BufferBudget* budget, ClientCount* clients)
    : context_(context),
      budget_(budget),
      clients_(clients),
      counters_(context->counters->Register()),
      executor_(context, counters_),
      shared_input_(kSharedInputBytes) {
  budget_->TakeForConnection(kSharedInputBytes);
}

Worker::~Worker() {
  loop_.stop();
  Join();
  while (connections_ != nullptr) {
    // The first has no previous one, which the analysis does not know.
    Remove(connections_);  // NOLINT(clang-analyzer-cplusplus.NewDelete)
  }
  budget_->GiveForConnection(kSharedInputBytes + tls_piece_.size());
}

Status Worker::Start() {
  done_ = false;
  if (idle_timeout() != 0) StartLookingAfter();
  try {
    thread_ = std::thread([this] {
      loop_.run();
      done_.store(true, std::memory_order_relaxed);
    });
  } catch (const std::system_error& error) {
    done_ = true;
    return Error{
        std::string("cannot start a thread: ") + error.what() + "; lower -t or raise ulimit -u",
        kExitOs};
  }
  return Done{};
}

void Worker::Join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::Adopt(AcceptedSocket accepted) {
  asio::post(loop_, [this, accepted = std::move(accepted)]() mutable {
    Socket socket(loop_);
    asio::error_code error = accepted.GiveTo(&socket);
    if (!error && accepted.from().transport == ListenerTraits::Transport::kTcp) {
      // Replies go out in one piece; waiting for more to send would only delay them.
      socket.set_option(asio::ip::tcp::no_delay(true), error);
      if (!error) socket.set_option(asio::socket_base::keep_alive(true), error);
    }
    if (error) return clients_->Give();
    Add(std::move(socket), &accepted.from());
  });
}

void Worker::ServeUdp(BoundUdpSocket bound) {
  asio::post(loop_, [this, bound = std::move(bound)]() mutable {
    UdpSocket socket(loop_);
    const asio::error_code error = bound.GiveTo(&socket);
    if (error || draining_) return;
    udp_.push_back(std::make_unique<UdpService>(this, std::move(socket), bound.name()));
    udp_.back()->Start();
  });
}

void Worker::Add(Socket socket, const ListenerTraits* from) {
  counters_->Add(Count::kConnectionsOpened);
  auto* const connection = new Connection(this, std::move(socket), from);
  connection->next = connections_;
  if (connections_ != nullptr) connections_->previous = connection;
  connections_ = connection;
  connection->Start();
  if (draining_) connection->Drain();
}

void Worker::Remove(Connection* connection) {
  (connection->previous != nullptr ? connection->previous->next : connections_) = connection->next;
  if (connection->next != nullptr) connection->next->previous = connection->previous;
  delete connection;
  counters_->Add(Count::kConnectionsClosed);
  clients_->Give();
  StopIfDone();
}

std::span<char> Worker::tls_piece() {
  if (tls_piece_.empty()) {
    tls_piece_.resize(
        std::clamp<size_t>(context_->options->tls.write_buffer, kTlsPieceMin, kTlsPieceMax));
    budget_->TakeForConnection(tls_piece_.size());
  }
  return tls_piece_;
}

void Worker::StartLookingAfter() {
  if (looking_after_) return;
  looking_after_ = true;
  second_.expires_after(std::chrono::seconds(1));
  second_.async_wait([this](const asio::error_code& error) {
    looking_after_ = false;
    if (error) return;
    ++now_;
    LookAfterConnections();
  });
}

void Worker::LookAfterConnections() {
  bool more = idle_timeout() != 0;
  for (Connection* connection = connections_; connection != nullptr;
       connection = connection->next) {
    more |= connection->LookAfter(now_);
  }
  if (more) StartLookingAfter();
}

void Worker::TrimOut() {
  if (out_.empty()) out_.Clear(kOutKeptBytes);
}

void Worker::Drain(std::chrono::milliseconds patience) {
  asio::post(loop_, [this, patience] {
    draining_ = true;
    for (const auto& service : udp_) {
      service->Stop();
    }
    for (Connection* connection = connections_; connection != nullptr;
         connection = connection->next) {
      connection->Drain();
    }
    deadline_.expires_after(patience);
    deadline_.async_wait([this](const asio::error_code& error) {
      if (!error) loop_.stop();
    });
    StopIfDone();
  });
}

void Worker::StopIfDone() {
  if (draining_ && connections_ == nullptr) loop_.stop();
}

}  // namespace rat_memcache::net
