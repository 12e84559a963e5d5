// SPDX-License-Identifier: LGPL-3.0-or-later
#include "net/listener.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <gtest/gtest.h>

namespace rat_memcache::net {
namespace {

namespace fs = std::filesystem;

class ListenerTest : public ::testing::Test {
 protected:
  ListenerTest() : path_(fs::path(::testing::TempDir()) / "rat_listener_test.sock") {
    fs::remove(path_);
  }
  ~ListenerTest() override { fs::remove(path_); }

  Result<std::unique_ptr<Listener>> OpenUnix(uint32_t mode = 0700) {
    return Listener::OpenUnix(surroundings_, path_.string(), mode,
                              {.transport = ListenerTraits::Transport::kUnix});
  }
  Listener* Serve(Result<std::unique_ptr<Listener>> opened) {
    EXPECT_TRUE(opened.ok());
    listener_ = std::move(opened).value();
    listener_->Start([this](AcceptedSocket socket) { accepted_.push_back(std::move(socket)); });
    return listener_.get();
  }
  void Connect() {
    clients_.emplace_back(loop_).connect(asio::local::stream_protocol::endpoint(path_.string()));
  }
  // Everything that can happen without somebody else.
  size_t AcceptedSoFar() {
    loop_.restart();
    loop_.poll();
    return accepted_.size();
  }

  const fs::path path_;
  asio::io_context loop_;
  observe::CounterRegistry registry_;
  observe::ConnectionList connections_;
  Listener::Surroundings surroundings_{.loop = &loop_,
                                       .counters = registry_.Register(),
                                       .connections = &connections_,
                                       .backlog = 10};
  std::unique_ptr<Listener> listener_;
  std::vector<AcceptedSocket> accepted_;
  std::vector<asio::local::stream_protocol::socket> clients_;
};

TEST_F(ListenerTest, TcpHasANameAndAPort) {
  auto opened = Listener::OpenTcp(surroundings_, "127.0.0.1", 0,
                                  {.protocol = config::WireProtocol::kAscii, .tag = "front"});
  ASSERT_TRUE(opened.ok());
  ASSERT_EQ(opened.value().size(), 1U);
  const Listener& listener = *opened.value().front();
  EXPECT_NE(listener.port(), 0);
  EXPECT_EQ(listener.name(), "127.0.0.1:" + std::to_string(listener.port()));
  EXPECT_TRUE(listener.is_tcp());
  EXPECT_FALSE(listener.is_ipv6());
  EXPECT_EQ(listener.traits().tag, "front");
  EXPECT_EQ(listener.traits().protocol, config::WireProtocol::kAscii);
}

TEST_F(ListenerTest, NamesOfEndpoints) {
  using asio::ip::tcp;
  const auto name = [](const char* address) {
    return NameOf(tcp::endpoint(asio::ip::make_address(address), 7));
  };
  EXPECT_EQ(name("127.0.0.1"), "tcp:127.0.0.1:7");
  EXPECT_EQ(name("::1"), "tcp6:[::1]:7");
  EXPECT_EQ(name("2001:db8::1:2"), "tcp6:[2001:db8::1:2]:7");
}

TEST_F(ListenerTest, UnixHasItsModeAndStays) {
  for (const uint32_t mode : {0700U, 0755U, 0666U, 0777U}) {
    auto opened = OpenUnix(mode);
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(opened.value()->name(), "unix:" + path_.string());
    EXPECT_EQ(opened.value()->port(), 0);
    EXPECT_EQ(static_cast<uint32_t>(fs::status(path_).permissions()), mode);
    // The next one finds this one's file.
    opened.value()->Stop();
    EXPECT_TRUE(fs::is_socket(path_));
  }
}

TEST_F(ListenerTest, OnlySocketsAreTakenAway) {
  std::ofstream(path_) << "precious";
  const auto opened = OpenUnix();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().exit_code, kExitOs);
  EXPECT_TRUE(fs::is_regular_file(path_));
}

TEST_F(ListenerTest, APathCanBeTooLong) {
  const auto opened = Listener::OpenUnix(surroundings_, std::string(300, 'x'), 0700,
                                         {.transport = ListenerTraits::Transport::kUnix});
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("-s"), std::string::npos);
}

TEST_F(ListenerTest, AcceptsUntilItIsPaused) {
  Listener* const listener = Serve(OpenUnix());
  Connect();
  Connect();
  EXPECT_EQ(AcceptedSoFar(), 2U);
  EXPECT_EQ(&accepted_.front().from(), &listener->traits());
  listener->Pause();
  Connect();
  EXPECT_EQ(AcceptedSoFar(), 2U);
  listener->Resume();
  EXPECT_EQ(AcceptedSoFar(), 3U);
  // Before the loop has seen the first.
  listener->Pause();
  listener->Resume();
  Connect();
  EXPECT_EQ(AcceptedSoFar(), 4U);
  listener->Stop();
  listener->Resume();
  EXPECT_EQ(AcceptedSoFar(), 4U);
}

}  // namespace
}  // namespace rat_memcache::net
