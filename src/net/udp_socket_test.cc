// SPDX-License-Identifier: LGPL-3.0-or-later
#include "net/udp_socket.h"

#include <string>
#include <utility>

#include <asio/io_context.hpp>
#include <gtest/gtest.h>

namespace rat_memcache::net {
namespace {

using asio::ip::udp;

class UdpSocketTest : public ::testing::Test {
 protected:
  Result<BoundUdpSocket::List> Open(const std::string& host, uint16_t port, size_t per_address) {
    return BoundUdpSocket::Open(surroundings_, host, port, per_address);
  }

  asio::io_context loop_;
  observe::CounterRegistry registry_;
  observe::ConnectionList connections_;
  Listener::Surroundings surroundings_{.loop = &loop_,
                                       .counters = registry_.Register(),
                                       .connections = &connections_,
                                       .backlog = 10};
};

TEST_F(UdpSocketTest, AllOfAnAddressHaveItsPort) {
  auto opened = Open("127.0.0.1", 0, 3);
  ASSERT_TRUE(opened.ok());
  ASSERT_EQ(opened.value().size(), 3u);
  const uint16_t port = opened.value()[0].port();
  EXPECT_NE(port, 0);
  for (size_t i = 0; i < 3; ++i) {
    const BoundUdpSocket& socket = opened.value()[i];
    EXPECT_EQ(socket.port(), port);
    EXPECT_EQ(socket.is_first(), i == 0);
    EXPECT_FALSE(socket.is_ipv6());
    EXPECT_EQ(socket.name(), "udp:127.0.0.1:" + std::to_string(port));
  }
}

TEST_F(UdpSocketTest, Ipv6) {
  auto opened = Open("::1", 0, 1);
  if (!opened.ok()) GTEST_SKIP() << "no IPv6 here: " << opened.error().message;
  const BoundUdpSocket& socket = opened.value().front();
  EXPECT_TRUE(socket.is_ipv6());
  EXPECT_EQ(socket.name(), "udp6:[::1]:" + std::to_string(socket.port()));
}

TEST_F(UdpSocketTest, AllInterfacesHaveOnePort) {
  auto opened = Open("", 0, 2);
  ASSERT_TRUE(opened.ok());
  for (const BoundUdpSocket& socket : opened.value()) {
    EXPECT_EQ(socket.port(), opened.value().front().port());
  }
}

TEST_F(UdpSocketTest, ATakenPortIsAnErrorThoughItsOwnerWouldShareIt) {
  const auto opened = Open("127.0.0.1", 0, 2);
  ASSERT_TRUE(opened.ok());
  const uint16_t port = opened.value()[0].port();
  const auto again = Open("127.0.0.1", port, 2);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().exit_code, kExitOs);
  EXPECT_NE(again.error().message.find("-U"), std::string::npos);
  EXPECT_NE(again.error().message.find("UDP port " + std::to_string(port)), std::string::npos);
}

TEST_F(UdpSocketTest, AStrangeHostIsAnError) {
  const auto opened = Open("192.0.2.1", 0, 1);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().exit_code, kExitOs);
}

TEST_F(UdpSocketTest, EachOfAnAddressReceives) {
  constexpr size_t kSockets = 2;
  auto opened = Open("127.0.0.1", 0, kSockets);
  ASSERT_TRUE(opened.ok());
  const udp::endpoint to(asio::ip::make_address("127.0.0.1"), opened.value()[0].port());
  UdpSocket served[kSockets] = {UdpSocket(loop_), UdpSocket(loop_)};
  for (size_t i = 0; i < kSockets; ++i) {
    ASSERT_FALSE(opened.value()[i].GiveTo(&served[i]));
  }
  // The kernel deals out by the sender's port; one of two gets all of 64 once in 2^63 times.
  for (int i = 0; i < 64; ++i) {
    UdpSocket sender(loop_, udp::endpoint(udp::v4(), 0));
    sender.send_to(asio::buffer("x", 1), to);
  }
  for (UdpSocket& socket : served) {
    char byte = 0;
    udp::endpoint from;
    asio::error_code error;
    EXPECT_EQ(socket.receive_from(asio::buffer(&byte, 1), from, 0, error), 1u);
  }
}

}  // namespace
}  // namespace rat_memcache::net
