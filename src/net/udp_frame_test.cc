// SPDX-License-Identifier: LGPL-3.0-or-later
#include "net/udp_frame.h"

#include <string>

#include <gtest/gtest.h>

namespace rat_memcache::net {
namespace {

// memcached's words: id, sequence number, count, reserved.
std::string Frame(uint16_t id, uint16_t number, uint16_t count, uint16_t reserved = 0) {
  std::string frame(kUdpFrameBytes, '\0');
  WriteUdpFrame({.id = id, .number = number, .count = count}, frame.data());
  frame[6] = static_cast<char>(reserved >> 8);
  frame[7] = static_cast<char>(reserved & 0xff);
  return frame;
}

bool IsRequest(const std::string& datagram) { return ReadUdpRequest(datagram).has_value(); }

TEST(UdpFrame, BytesOnTheWire) {
  std::string frame(kUdpFrameBytes, 'x');
  WriteUdpFrame({.id = 0x1234, .number = 0x0506, .count = 0xfffe}, frame.data());
  EXPECT_EQ(frame, std::string("\x12\x34\x05\x06\xff\xfe\0\0", 8));
}

TEST(UdpFrame, ReadsIdAndPayload) {
  const std::string datagram = Frame(0xfffe, 0, 1) + "get a\r\n";
  const auto request = ReadUdpRequest(datagram);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->id, 0xfffe);
  EXPECT_EQ(request->payload, "get a\r\n");
  EXPECT_EQ(request->payload.data(), datagram.data() + kUdpFrameBytes) << "nothing is copied";
}

TEST(UdpFrame, SequenceAndReservedAreNotLookedAt) {
  EXPECT_TRUE(IsRequest(Frame(1, 0xffff, 1, 0xffff) + "x"));
}

TEST(UdpFrame, ShortDatagramsAreNone) {
  const std::string whole = Frame(1, 0, 1) + "x";
  for (size_t bytes = 0; bytes < whole.size(); ++bytes) {
    EXPECT_FALSE(IsRequest(whole.substr(0, bytes))) << bytes;
  }
  EXPECT_TRUE(IsRequest(whole));
}

TEST(UdpFrame, OneOfSeveralIsNone) {
  for (const uint16_t count : {0x0000, 0x0002, 0x0100, 0x0101, 0xffff}) {
    EXPECT_FALSE(IsRequest(Frame(1, 0, count) + "get a\r\n")) << count;
  }
}

TEST(UdpFrame, AnswersAreNone) {
  EXPECT_FALSE(IsRequest(Frame(1, 0, 1) + "ERROR\r\n"));
  EXPECT_TRUE(IsRequest(Frame(1, 0, 1) + "ERRO"));
  EXPECT_TRUE(IsRequest(Frame(1, 0, 1) + "error\r\n"));
}

TEST(UdpFrame, TheLargestIsOne) {
  const std::string datagram = Frame(1, 0, 1) + std::string(kUdpRequestMax - kUdpFrameBytes, 'x');
  EXPECT_EQ(ReadUdpRequest(datagram)->payload.size(), 65528u);
}

TEST(UdpFrame, DatagramsOfAMessage) {
  EXPECT_EQ(UdpDatagramsFor(0), 0u);
  EXPECT_EQ(UdpDatagramsFor(1), 1u);
  EXPECT_EQ(UdpDatagramsFor(1392), 1u);
  EXPECT_EQ(UdpDatagramsFor(1393), 2u);
  EXPECT_EQ(UdpDatagramsFor(2784), 2u);
  EXPECT_EQ(UdpDatagramsFor(2785), 3u);
}

}  // namespace
}  // namespace rat_memcache::net
