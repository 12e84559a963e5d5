// SPDX-License-Identifier: LGPL-3.0-or-later
#include "net/worker.h"

#include <string>
#include <system_error>
#include <utility>

#include <asio/post.hpp>

#include "net/connection.h"

namespace rat_memcache::net {

using observe::Count;

Worker::Worker(const command::Context* context, BufferBudget* budget,
               std::atomic<uint32_t>* clients)
    : context_(context),
      budget_(budget),
      clients_(clients),
      counters_(context->counters->Register()),
      executor_(context, counters_),
      shared_input_(kSharedInputBytes) {
  budget_->TakeAnyway(kSharedInputBytes);
}

Worker::~Worker() {
  loop_.stop();
  Join();
  while (connections_ != nullptr) {
    // The first has no previous one, which the analysis does not know.
    Remove(connections_);  // NOLINT(clang-analyzer-cplusplus.NewDelete)
  }
  budget_->Give(kSharedInputBytes);
}

Status Worker::Start() {
  done_ = false;
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

void Worker::Adopt(asio::ip::tcp protocol, Socket::native_handle_type handle) {
  asio::post(loop_, [this, protocol, handle] {
    Socket socket(loop_);
    asio::error_code error = TakeOver(protocol, handle, &socket);
    // Replies go out in one piece; waiting for more to send would only delay them.
    if (!error) socket.set_option(asio::ip::tcp::no_delay(true), error);
    if (!error) socket.set_option(asio::socket_base::keep_alive(true), error);
    if (error) {
      clients_->fetch_sub(1, std::memory_order_relaxed);
      return;
    }
    Add(std::move(socket));
  });
}

void Worker::Add(Socket socket) {
  counters_->Add(Count::kConnectionsOpened);
  auto* const connection = new Connection(this, std::move(socket));
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
  // Relaxed: a limit that is one connection late is no fault.
  clients_->fetch_sub(1, std::memory_order_relaxed);
  StopIfDone();
}

void Worker::TrimOut() {
  if (out_.empty()) out_.Clear(kOutKeptBytes);
}

void Worker::Drain(std::chrono::milliseconds patience) {
  asio::post(loop_, [this, patience] {
    draining_ = true;
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
