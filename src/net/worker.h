// A thread that serves connections: an event loop, and the buffers that its connections share.
//
// Threads: Start(), Adopt(), ServeUdp(), Drain(), done() and Join() from the thread that owns the
// worker; everything else belongs to the worker's own thread.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include "base/gather_buffer.h"
#include "base/result.h"
#include "command/executor.h"
#include "net/buffer_budget.h"
#include "net/client_count.h"
#include "net/socket.h"
#include "net/udp_socket.h"
#include "observe/counters.h"
#include "observe/log.h"
#include "protocol/request.h"

namespace rat_memcache::net {

class Connection;
class UdpService;

class Worker {
 public:
  // What it is given must outlive it. `clients` are the open connections of all workers.
  Worker(const command::Context* context, BufferBudget* budget, ClientCount* clients);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // An error if the system gives no thread.
  Status Start();
  // Takes over an accepted socket, for which a place among the clients is taken.
  void Adopt(AcceptedSocket accepted);
  // Answers what comes on the socket.
  void ServeUdp(BoundUdpSocket bound);
  // Lets every connection finish what it has received, for at most `patience`; then the thread
  // ends.
  void Drain(std::chrono::milliseconds patience);
  // Whether the thread has ended, or was never started.
  bool done() const { return done_.load(std::memory_order_relaxed); }
  void Join();

  // For the worker's connections.
  const command::Context& context() const { return *context_; }
  BufferBudget& budget() { return *budget_; }
  observe::ThreadCounters& counters() { return *counters_; }
  command::Executor& executor() { return executor_; }
  protocol::RequestBatch& batch() { return batch_; }
  uint32_t requests_per_event() const { return context_->options->requests_per_event; }
  // Input of the connection whose turn it is, when its own buffer is too small.
  std::span<char> shared_input() { return shared_input_; }
  // Replies of the connection whose turn it is.
  GatherBuffer& out() { return out_; }
  // A piece of replies, put together to be encrypted.
  std::span<char> tls_piece();
  const observe::Log& log() const { return *context_->log; }
  // Seconds; stands still while no connection needs looking after.
  uint32_t now() const { return now_; }
  uint32_t idle_timeout() const { return context_->options->idle_timeout; }
  // A connection waits for what must not take for ever.
  void StartLookingAfter();
  // Gives memory back after unusually large replies.
  void TrimOut();
  // Deletes the connection.
  void Remove(Connection* connection);

 private:
  static constexpr size_t kSharedInputBytes = 64 << 10;
  static constexpr size_t kOutKeptBytes = 512 << 10;
  static constexpr size_t kTlsPieceMin = 1 << 10;
  static constexpr size_t kTlsPieceMax = 1 << 20;

  void Add(Socket socket, const ListenerTraits* from);
  void StopIfDone();
  void LookAfterConnections();

  const command::Context* const context_;
  BufferBudget* const budget_;
  ClientCount* const clients_;
  observe::ThreadCounters* const counters_;

  // The sockets and timers below belong to it, so it comes first and goes last. One thread runs it
  // and owns its sockets, so their operations need no locks; posting from other threads still has
  // them.
  asio::io_context loop_{ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  asio::executor_work_guard<IoExecutor> keep_running_{loop_.get_executor()};
  asio::steady_timer deadline_{loop_};
  asio::steady_timer second_{loop_};
  std::thread thread_;
  // Relaxed: Join() orders what the thread has done.
  std::atomic<bool> done_{true};

  command::Executor executor_;
  protocol::RequestBatch batch_;
  std::vector<char> shared_input_;
  std::vector<char> tls_piece_;  // empty before the first connection with TLS
  GatherBuffer out_;
  uint32_t now_ = 0;
  bool looking_after_ = false;
  Connection* connections_ = nullptr;  // head of a doubly linked list
  std::vector<std::unique_ptr<UdpService>> udp_;
  bool draining_ = false;
};

}  // namespace rat_memcache::net
