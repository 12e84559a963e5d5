// A worker's UDP socket: receives datagrams, has them answered (udp_exchange.h), and sends.
//
// It takes turns, as connections do: in one it serves -R datagrams at most, and begins no other
// when kAnswersPerTurn were sent or kBytesPerTurn have come. Nothing is kept between turns and
// nothing is waited for but input: what the socket does not take is dropped.
//
// Threads: all calls on the worker's thread.
// Ownership: belongs to its worker, and outlives the worker's event loop's running: completions may
// still refer to it after Stop().
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/udp_exchange.h"
#include "net/udp_socket.h"
#include "observe/connection_list.h"

namespace rat_memcache::net {

class Worker;

class UdpService : private observe::ConnectionList::Entry {
 public:
  UdpService(Worker* worker, UdpSocket socket, std::string name);
  ~UdpService() override;
  UdpService(const UdpService&) = delete;
  UdpService& operator=(const UdpService&) = delete;

  void Start();
  // Serves a last turn of what has come, and closes. More than once does no harm.
  void Stop();

 private:
  static constexpr size_t kAnswersPerTurn = UdpExchange::kAnswersMax;
  static constexpr size_t kBytesPerTurn = kUdpRequestMax;

  // Any thread, while it is listed.
  observe::ConnectionReport Describe() const override;
  void AwaitInput();
  void TakeTurn();
  // Whether an answer can be meant for who sent the datagram.
  bool IsClient(const asio::ip::udp::endpoint& sender) const;
  bool Send(std::string_view datagram, const asio::ip::udp::endpoint& to);

  Worker* const worker_;
  UdpSocket socket_;
  const std::string name_;
  const int64_t handle_;
  const uint16_t port_;
  UdpExchange exchange_;
  std::atomic<uint32_t> last_command_{0};  // relaxed: something to look at
};

}  // namespace rat_memcache::net
