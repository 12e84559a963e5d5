// SPDX-License-Identifier: LGPL-3.0-or-later
#include "net/udp_service.h"

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "command/executor_for_test.h"
#include "net/buffer_budget.h"
#include "net/client_count.h"
#include "net/worker.h"

namespace rat_memcache::net {
namespace {

using asio::ip::udp;
using observe::Count;
using testing::ElementsAre;

constexpr std::chrono::seconds kPatience{20};

// A worker with one socket, which serves in the order in which datagrams come.
class UdpServiceTest : public command::ExecutorForTest {
 protected:
  UdpServiceTest() {
    Open();
    auto bound = BoundUdpSocket::Open({.loop = &loop_,
                                       .counters = counters_.Register(),
                                       .connections = &connections_,
                                       .backlog = 1},
                                      "127.0.0.1", 0, 1);
    EXPECT_TRUE(bound.ok());
    port_ = bound.value().front().port();
    budget_.emplace(cache_.get());
    worker_.emplace(&context_, &*budget_, &clients_);
    EXPECT_TRUE(worker_->Start().ok());
    worker_->ServeUdp(std::move(bound.value().front()));
  }
  ~UdpServiceTest() override { Stop(); }

  void Stop() {
    worker_->Drain(std::chrono::milliseconds(0));
    worker_->Join();
  }
  UdpSocket Client(const char* address = "127.0.0.1", uint16_t port = 0) {
    UdpSocket client(loop_, udp::endpoint(asio::ip::make_address(address), port));
    client.connect(udp::endpoint(asio::ip::make_address("127.0.0.1"), port_));
    return client;
  }
  static void Send(UdpSocket* client, const std::string& text) {
    std::string datagram(kUdpFrameBytes, '\0');
    WriteUdpFrame({.id = 1, .number = 0, .count = 1}, datagram.data());
    datagram += text;
    client->send(asio::buffer(datagram));
  }
  // The payload of the next datagram; empty if none comes.
  std::string Receive(UdpSocket* client) {
    std::array<char, kUdpDatagramMax> datagram;
    size_t received = 0;
    client->async_receive(asio::buffer(datagram),
                          [&](const asio::error_code&, size_t bytes) { received = bytes; });
    loop_.restart();
    loop_.run_for(kPatience);
    if (received == 0) {
      client->cancel();
      loop_.restart();
      loop_.run();
    }
    return received < kUdpFrameBytes
               ? std::string()
               : std::string(datagram.data() + kUdpFrameBytes, received - kUdpFrameBytes);
  }
  uint64_t Counted(Count what) { return counters_.Sum()[what]; }

  asio::io_context loop_;
  ClientCount clients_{10, [] {}};
  std::optional<BufferBudget> budget_;
  std::optional<Worker> worker_;
  uint16_t port_ = 0;
};

TEST_F(UdpServiceTest, AnswersWhoAsked) {
  UdpSocket one = Client();
  UdpSocket other = Client();
  Send(&one, "set a 0 0 1\r\nx\r\n");
  Send(&other, "get a\r\n");
  EXPECT_EQ(Receive(&other), "VALUE a 0 1\r\nx\r\nEND\r\n");
  EXPECT_EQ(Receive(&one), "STORED\r\n");
}

TEST_F(UdpServiceTest, ServesMoreThanATurn) {
  UdpSocket client = Client();
  const int many = static_cast<int>(3 * options_.requests_per_event);
  for (int i = 0; i < many; ++i) {
    Send(&client, "mn\r\n");
  }
  for (int i = 0; i < many; ++i) {
    ASSERT_EQ(Receive(&client), "MN\r\n") << i;
  }
}

TEST_F(UdpServiceTest, AnotherServerIsNotAnswered) {
  // It has our port number, at another address.
  UdpSocket server = Client("127.0.0.2", port_);
  UdpSocket client = Client();
  Send(&server, "set a 0 0 1\r\nx\r\n");
  Send(&client, "get a\r\n");
  EXPECT_EQ(Receive(&client), "END\r\n");
  EXPECT_EQ(Counted(Count::kUdpRequestsDropped), 1u);
}

TEST_F(UdpServiceTest, IsListedWhileItServes) {
  UdpSocket client = Client();
  Send(&client, "mn\r\n");
  EXPECT_EQ(Receive(&client), "MN\r\n");
  std::vector<std::string> seen;
  const auto look = [&](const observe::ConnectionReport& report) {
    EXPECT_TRUE(report.udp);
    EXPECT_TRUE(report.listen_address.empty());
    seen.push_back(std::string(report.state) + " " + report.address);
  };
  connections_.ForEach(look);
  EXPECT_THAT(seen, ElementsAre("conn_read udp:127.0.0.1:" + std::to_string(port_)));
  seen.clear();
  Stop();
  connections_.ForEach(look);
  EXPECT_THAT(seen, testing::IsEmpty());
  EXPECT_EQ(Counted(Count::kConnectionsOpened), Counted(Count::kConnectionsClosed));
}

TEST_F(UdpServiceTest, ServesWhatHasComeBeforeItStops) {
  UdpSocket client = Client();
  Send(&client, "mn\r\n");
  Stop();
  EXPECT_EQ(Receive(&client), "MN\r\n");
}

}  // namespace
}  // namespace rat_memcache::net
