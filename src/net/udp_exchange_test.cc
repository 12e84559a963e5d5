// SPDX-License-Identifier: LGPL-3.0-or-later
#include "net/udp_exchange.h"

#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "command/executor_for_test.h"
#include "protocol/binary_request_for_test.h"

namespace rat_memcache::net {
namespace {

namespace binary = protocol::binary;
using binary::Opcode;
using observe::Count;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

constexpr uint16_t kId = 0xa1b2;

class UdpExchangeTest : public command::ExecutorForTest {
 protected:
  UdpExchangeTest() { Begin(); }

  void Begin(const config::ServerOptions& options = {}) {
    exchange_.reset();
    Open(options);
    thread_counters_ = counters_.Register();
    exchange_.emplace(UdpExchange::Tools{
        .executor = &*executor_, .batch = &batch_, .out = &out_, .counters = thread_counters_});
  }

  // What answers one datagram, as it is sent; the socket takes `room` datagrams.
  std::vector<std::string> DatagramsFor(const std::string& datagram, size_t room = SIZE_MAX) {
    std::vector<std::string> sent;
    outcome_ = exchange_->Serve(datagram, 1, [&](std::string_view answer) {
      if (sent.size() == room) return false;
      sent.emplace_back(answer);
      return true;
    });
    EXPECT_EQ(outcome_.answers, sent.size());
    EXPECT_TRUE(out_.empty());
    return sent;
  }
  std::vector<std::string> DatagramsTo(const std::string& text, size_t room = SIZE_MAX) {
    std::string frame(kUdpFrameBytes, '\0');
    WriteUdpFrame({.id = kId, .number = 0, .count = 1}, frame.data());
    return DatagramsFor(frame + text, room);
  }
  // The messages that answer it.
  std::vector<std::string> Ask(const std::string& text) {
    std::vector<std::string> messages;
    uint16_t missing = 0;
    uint16_t count = 0;
    for (const std::string& datagram : DatagramsTo(text)) {
      EXPECT_GT(datagram.size(), kUdpFrameBytes);
      EXPECT_LE(datagram.size(), kUdpDatagramMax);
      if (missing == 0) {
        count = missing = binary::ReadBig<uint16_t>(datagram.data() + 4);
        messages.emplace_back();
      }
      std::string frame(kUdpFrameBytes, '\0');
      WriteUdpFrame({.id = kId, .number = static_cast<uint16_t>(count - missing), .count = count},
                    frame.data());
      EXPECT_EQ(datagram.substr(0, kUdpFrameBytes), frame);
      if (--missing > 0) {
        EXPECT_EQ(datagram.size(), kUdpDatagramMax);
      }
      messages.back() += datagram.substr(kUdpFrameBytes);
    }
    EXPECT_EQ(missing, 0);
    return messages;
  }
  uint64_t Counted(Count what) const { return thread_counters_->Get(what); }

  protocol::RequestBatch batch_;
  GatherBuffer out_;
  observe::ThreadCounters* thread_counters_ = nullptr;
  std::optional<UdpExchange> exchange_;
  UdpExchange::Outcome outcome_;
};

TEST_F(UdpExchangeTest, EachCommandHasItsMessage) {
  EXPECT_THAT(Ask("set a 0 0 1\r\nx\r\nget a\r\nnonsense\r\nmg a v\r\nmn\r\ndelete a\r\n"),
              ElementsAre("STORED\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n", "ERROR\r\n", "VA 1\r\nx\r\n",
                          "MN\r\n", "DELETED\r\n"));
}

TEST_F(UdpExchangeTest, EachKeyHasItsMessage) {
  Set("a", 1);
  Set("big", 5000);
  const std::string big = "VALUE big 0 5000\r\n" + std::string(5000, 'v') + "\r\n";
  EXPECT_THAT(Ask("get a big\r\n"), ElementsAre("VALUE a 0 1\r\nv\r\n", big + "END\r\n"));
  EXPECT_THAT(Ask("get big none a\r\n"), ElementsAre(big, "VALUE a 0 1\r\nv\r\nEND\r\n"));
  EXPECT_THAT(Ask("get a none\r\n"), ElementsAre("VALUE a 0 1\r\nv\r\n", "END\r\n"));
  EXPECT_THAT(Ask("get none none\r\n"), ElementsAre("END\r\n"));
}

TEST_F(UdpExchangeTest, LargeValuesByChunksAreNotServed) {
  Set("a", 1);
  EXPECT_THAT(Ask("sget a\r\n"), ElementsAre("STREAM_ERROR not available over UDP\r\n"));
  EXPECT_THAT(Ask("set_begin k 1 1 0\r\n"), ElementsAre("CLIENT_ERROR not available over UDP\r\n"));
}

TEST_F(UdpExchangeTest, SilenceIsNoMessage) {
  EXPECT_THAT(Ask("set a 0 0 1 noreply\r\nx\r\nmg none v q\r\nget a\r\n"),
              ElementsAre("VALUE a 0 1\r\nx\r\nEND\r\n"));
  EXPECT_THAT(Ask("delete a noreply\r\n"), IsEmpty());
}

TEST_F(UdpExchangeTest, NothingIsCarriedOver) {
  EXPECT_THAT(Ask("get"), IsEmpty());
  EXPECT_THAT(Ask(" a\r\n"), ElementsAre("ERROR\r\n"));
  EXPECT_THAT(Ask("set a 0 0 5\r\nab"), IsEmpty());
  EXPECT_THAT(Ask("cde\r\nget a\r\n"), ElementsAre("ERROR\r\n", "END\r\n"));
  // Neither of a value that is taken as it comes, nor of one that is thrown away.
  EXPECT_THAT(Ask("set a 0 0 50000\r\n" + std::string(40'000, 'x')), IsEmpty());
  EXPECT_THAT(Ask("get a\r\n"), ElementsAre("END\r\n"));
  EXPECT_THAT(Ask("set a x 0 50000\r\n" + std::string(40'000, 'x')),
              ElementsAre("CLIENT_ERROR bad command line format\r\n"));
  EXPECT_THAT(Ask("get a\r\n"), ElementsAre("END\r\n"));
}

TEST_F(UdpExchangeTest, AnUnfinishedValueLeavesTheOldOne) {
  Set("a", 1);
  Ask("set a 0 0 50000\r\n" + std::string(40'000, 'x'));
  EXPECT_THAT(Ask("get a\r\n"), ElementsAre("VALUE a 0 1\r\nv\r\nEND\r\n"));
}

TEST_F(UdpExchangeTest, LargeValues) {
  const std::string value(60'000, 'x');
  EXPECT_THAT(Ask("set a 0 0 60000\r\n" + value + "\r\nget b\r\n"),
              ElementsAre("STORED\r\n", "END\r\n"));
  EXPECT_THAT(Ask("get a\r\n"), ElementsAre("VALUE a 0 60000\r\n" + value + "\r\nEND\r\n"));
}

TEST_F(UdpExchangeTest, Binary) {
  const std::string set = binary::Packet(Opcode::kSet, "k", binary::StoreExtras(0, 0), "value");
  const auto answers = Ask(set + binary::Packet(Opcode::kGetK, "k") +
                           binary::Packet(Opcode::kGetQ, "none") + binary::Packet(Opcode::kNoop));
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_TRUE(answers[1].ends_with("kvalue"));
  EXPECT_EQ(answers[2].substr(0, 2), "\x81\x0a");
  // The first byte of each datagram decides, and for all of it.
  EXPECT_THAT(Ask("get k\r\n"), ElementsAre("VALUE k 0 5\r\nvalue\r\nEND\r\n"));
  EXPECT_EQ(Ask(binary::Packet(Opcode::kNoop) + "get k\r\n").size(), 1u);
}

TEST_F(UdpExchangeTest, BinaryWithLyingLengths) {
  const std::string get = binary::Packet(Opcode::kGet, "k");
  for (size_t bytes = 1; bytes < get.size(); ++bytes) {
    EXPECT_THAT(Ask(get.substr(0, bytes)), IsEmpty()) << bytes;
  }
  const auto opcode = static_cast<uint8_t>(Opcode::kSet);
  Ask(binary::HeaderText(opcode, 0xffff, 0xff, 0xffffffff) + "k");
  Ask(binary::HeaderText(opcode, 10, 8, 0) + "k");
  Ask(binary::HeaderText(opcode, 1, 8, 1 << 30) + std::string(8, '\0') + "k");
  EXPECT_THAT(Ask(binary::HeaderText(opcode, 1, 8, 60'000) + std::string(8, '\0') + "k" +
                  std::string(50'000, 'x')),
              IsEmpty());
  EXPECT_THAT(Ask("get k\r\n"), ElementsAre("END\r\n"));
}

TEST_F(UdpExchangeTest, WhatNeedsAConnectionIsRefused) {
  Set("a", 1);
  EXPECT_THAT(
      Ask("watch fetchers\r\nget a\r\n"),
      ElementsAre("ERROR watch needs a connection; use TCP\r\n", "VALUE a 0 1\r\nv\r\nEND\r\n"));
  for (const std::string what : {"metadump", "mgdump"}) {
    EXPECT_THAT(Ask("mn\r\nlru_crawler " + what + " all\r\nmn\r\n"),
                ElementsAre("MN\r\n", "ERROR a dump needs a connection; use TCP\r\n", "MN\r\n"));
  }
  EXPECT_THAT(Ask("lru_crawler enable\r\n"),
              ElementsAre("ERROR failed to start lru crawler thread\r\n"));
  EXPECT_FALSE(watch_.wanted(observe::WatchStream::kFetchers));
}

TEST_F(UdpExchangeTest, QuitEndsTheDatagram) {
  EXPECT_THAT(Ask("mn\r\nquit\r\nmn\r\n"), ElementsAre("MN\r\n"));
  EXPECT_THAT(Ask("mn\r\n"), ElementsAre("MN\r\n"));
}

TEST_F(UdpExchangeTest, StatsAreOneMessage) {
  const auto answers = Ask("stats\r\n");
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_THAT(answers[0], StartsWith("STAT pid "));
  EXPECT_TRUE(answers[0].ends_with("END\r\n"));
  EXPECT_GT(outcome_.answers, 1u);
}

TEST_F(UdpExchangeTest, TheLargestItemOfTheDefaultIsSent) {
  // 1 MiB with key and header.
  const uint32_t size = (1 << 20) - 100;
  Set("a", size);
  const auto answers = Ask("get a\r\n");
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_GT(answers[0].size(), size);
}

TEST_F(UdpExchangeTest, OneDatagramBringsAboutSoMuch) {
  Set("a", 600 << 10);
  Set("b", 1);
  EXPECT_THAT(DatagramsTo("get a\r\nget a a\r\nmn\r\n"), testing::SizeIs(2 * 442));
  EXPECT_TRUE(outcome_.unsent);
  EXPECT_EQ(Counted(Count::kUdpAnswersDropped), 1u);
  std::string many;
  for (int i = 0; i < 5000; ++i) {
    many += "get b\r\n";
  }
  EXPECT_THAT(DatagramsTo(many), testing::SizeIs(UdpExchange::kAnswersMax));
  EXPECT_EQ(Counted(Count::kUdpAnswersDropped), 2u);
}

TEST_F(UdpExchangeTest, TooLargeAnAnswerIsNotBegun) {
  config::ServerOptions options;
  options.item_size_max = 8 << 20;
  Begin(options);
  Set("a", 2 << 20);
  EXPECT_THAT(DatagramsTo("get a\r\n"), IsEmpty());
  EXPECT_EQ(Counted(Count::kUdpAnswersDropped), 1u);
}

TEST_F(UdpExchangeTest, AFullSocketIsNotWaitedFor) {
  Set("a", 10'000);
  EXPECT_THAT(DatagramsTo("get a\r\nset b 0 0 1\r\nx\r\n", 3), testing::SizeIs(3));
  EXPECT_TRUE(outcome_.unsent);
  EXPECT_EQ(Counted(Count::kUdpAnswersDropped), 1u);
  EXPECT_THAT(Ask("get b\r\n"), ElementsAre("END\r\n")) << "what stood behind was not carried out";
  EXPECT_FALSE(outcome_.unsent);
}

TEST_F(UdpExchangeTest, WhatIsNoRequestIsCounted) {
  std::string frame(kUdpFrameBytes, '\0');
  for (const uint16_t count : {0, 2, 65535}) {
    WriteUdpFrame({.id = 1, .number = 0, .count = count}, frame.data());
    EXPECT_THAT(DatagramsFor(frame + "mn\r\n"), IsEmpty());
  }
  EXPECT_THAT(DatagramsFor(""), IsEmpty());
  EXPECT_EQ(Counted(Count::kUdpRequestsDropped), 4u);
}

// Any of these may end in any way, but none may leave something behind.
TEST_F(UdpExchangeTest, Garbage) {
  std::mt19937 random(7);
  const std::vector<std::string> beginnings = {
      "",         "get ", "set k 0 0 ", "set k 0 0 40000\r\n",
      "\x80\x01", "\x80", "mg k ",      "ms k 5",
      "gat 0 k ", "\r\n", "stats ",     "lru ",
      "\x81"};
  for (int i = 0; i < 3000; ++i) {
    std::string text = beginnings[random() % beginnings.size()];
    const size_t bytes = random() % (i % 100 == 0 ? 65'000 : 200);
    for (size_t at = 0; at < bytes; ++at) {
      text += static_cast<char>(random() % 4 == 0 ? "\r\n k\x80"[random() % 5] : random() % 256);
    }
    if (!text.empty()) Ask(text);
    ASSERT_THAT(Ask("mn\r\n"), ElementsAre("MN\r\n"));
  }
}

}  // namespace
}  // namespace rat_memcache::net
