// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/binary_commands.h"

#include <random>
#include <string>

#include "command/binary_replies_for_test.h"
#include "command/executor_for_test.h"
#include "command/stat_lines.h"
#include "protocol/binary_request_for_test.h"

namespace rat_memcache::command {
namespace {

using protocol::binary::Big;
using protocol::binary::CountExtras;
using protocol::binary::HeaderText;
using protocol::binary::Opcode;
using protocol::binary::Packet;
using protocol::binary::StoreExtras;
using protocol::binary::TestRequest;

const std::string kNoop = Packet(Opcode::kNoop);
const std::string kNoopText = "10:0\n";
const std::string kStore = StoreExtras(0, 0);
constexpr uint32_t kDoNotCreate = 0xffffffff;

class BinaryCommandsTest : public ExecutorForTest {
 protected:
  BinaryCommandsTest() { Open(); }

  std::string Ask(std::string_view bytes) { return TextOfReplies(Talk(bytes)); }
  std::string Ask(Opcode opcode, std::string_view key = {}, std::string_view extras = {},
                  std::string_view value = {}) {
    return Ask(Packet(opcode, key, extras, value));
  }
  // Stores and returns the cas.
  uint64_t Put(const std::string& key, const std::string& value, uint32_t client_flags = 0,
               uint32_t exptime = 0) {
    const auto replies =
        RepliesIn(Talk(Packet(Opcode::kSet, key, StoreExtras(client_flags, exptime), value)));
    EXPECT_EQ(replies.size(), 1u);
    return replies.empty() ? 0 : replies[0].cas;
  }
  std::string Value(const std::string& key) {
    const auto replies = RepliesIn(Talk(Packet(Opcode::kGet, key)));
    if (replies.size() != 1) return "no reply";
    return replies[0].status == protocol::binary::Status::kOk ? replies[0].value : "-";
  }
  // As text says it, over a connection of its own.
  uint64_t Counter(const std::string& name) {
    Connect();
    const uint64_t count = StatOf("", name);
    Connect();
    return count;
  }
};

std::string Number(uint64_t value) { return Big(value); }

TEST_F(BinaryCommandsTest, PacketsAreMemcacheds) {
  EXPECT_EQ(Talk(Packet({.opcode = Opcode::kSet,
                         .key = "k",
                         .extras = StoreExtras(0xdeadbeef, 0),
                         .value = "v",
                         .opaque = 0x01020304})),
            std::string("\x81\x01\0\0\0\0\0\0\0\0\0\0\x01\x02\x03\x04\0\0\0\0\0\0\0\x02", 24));
  EXPECT_EQ(Talk(Packet({.opcode = Opcode::kGetK, .key = "k", .opaque = 5})),
            std::string("\x81\x0c\0\x01\x04\0\0\0\0\0\0\x06\0\0\0\x05\0\0\0\0\0\0\0\x02"
                        "\xde\xad\xbe\xefkv",
                        30));
  EXPECT_EQ(Talk(Packet(Opcode::kGet, "x")),
            std::string("\x81\0\0\0\0\0\0\x01\0\0\0\x09\0\0\0\0\0\0\0\0\0\0\0\0Not found", 33));
}

TEST_F(BinaryCommandsTest, Gets) {
  Put("k", "value", 7);
  EXPECT_EQ(Ask(Opcode::kGet, "k"), "0:0 flags=7 value cas\n");
  EXPECT_EQ(Ask(Opcode::kGetQ, "k"), "9:0 flags=7 value cas\n");
  EXPECT_EQ(Ask(Opcode::kGetK, "k"), "12:0 flags=7 key=k value cas\n");
  EXPECT_EQ(Ask(Opcode::kGetKQ, "k"), "13:0 flags=7 key=k value cas\n");
  EXPECT_EQ(Ask(Opcode::kGet, "x"), "0:1 Not found\n");
  EXPECT_EQ(Ask(Opcode::kGetQ, "x"), "");
  EXPECT_EQ(Ask(Opcode::kGetK, "x"), "12:1 key=x\n") << "the key and no text";
  EXPECT_EQ(Ask(Opcode::kGetKQ, "x"), "");
  EXPECT_EQ(Counter("cmd_get"), 8u);
  EXPECT_EQ(Counter("get_hits"), 4u);
  EXPECT_EQ(Counter("get_misses"), 4u);
}

TEST_F(BinaryCommandsTest, TouchesAndGats) {
  Put("k", "value", 7, 100);
  EXPECT_EQ(Ask(Opcode::kTouch, "k", Big(50u)), "28:0 flags=7 cas\n") << "and no value";
  EXPECT_EQ(Ask(Opcode::kTouch, "x", Big(50u)), "28:1 Not found\n");
  EXPECT_EQ(Ask(Opcode::kGat, "k", Big(50u)), "29:0 flags=7 value cas\n");
  EXPECT_EQ(Ask(Opcode::kGatQ, "k", Big(50u)), "30:0 flags=7 value cas\n");
  EXPECT_EQ(Ask(Opcode::kGatK, "k", Big(50u)), "35:0 flags=7 key=k value cas\n");
  EXPECT_EQ(Ask(Opcode::kGatKQ, "k", Big(5u)), "36:0 flags=7 key=k value cas\n");
  EXPECT_EQ(Ask(Opcode::kGat, "x", Big(5u)), "29:1 Not found\n");
  EXPECT_EQ(Ask(Opcode::kGatK, "x", Big(5u)), "35:1 key=x\n");
  EXPECT_EQ(Ask(Opcode::kGatQ, "x", Big(5u)), "");
  EXPECT_EQ(Ask(Opcode::kGatKQ, "x", Big(5u)), "");
  Pass(6);
  EXPECT_EQ(Value("k"), "-") << "the last time counts";
  EXPECT_EQ(Counter("cmd_touch"), 10u);
  EXPECT_EQ(Counter("touch_hits"), 5u);
  EXPECT_EQ(Counter("touch_misses"), 5u);
  EXPECT_EQ(Counter("cmd_get"), 1u);
}

TEST_F(BinaryCommandsTest, TouchKeepsTheCas) {
  const uint64_t cas = Put("k", "v");
  const auto replies = RepliesIn(Talk(Packet(Opcode::kTouch, "k", Big(50u))));
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(replies[0].cas, cas);
}

TEST_F(BinaryCommandsTest, Stores) {
  EXPECT_EQ(Ask(Opcode::kReplace, "k", kStore, "r"), "3:1 Not found\n");
  EXPECT_EQ(Ask(Opcode::kReplaceQ, "k", kStore, "r"), "19:1 Not found\n");
  EXPECT_EQ(Ask(Opcode::kAppend, "k", "", "x"), "14:5 Not stored.\n");
  EXPECT_EQ(Ask(Opcode::kAppendQ, "k", "", "x"), "25:5 Not stored.\n");
  EXPECT_EQ(Ask(Opcode::kPrepend, "k", "", "x"), "15:5 Not stored.\n");
  EXPECT_EQ(Ask(Opcode::kPrependQ, "k", "", "x"), "26:5 Not stored.\n");
  EXPECT_EQ(Ask(Opcode::kAdd, "k", kStore, "a"), "2:0 cas\n");
  EXPECT_EQ(Ask(Opcode::kAdd, "k", kStore, "a"), "2:2 Data exists for key.\n");
  EXPECT_EQ(Ask(Opcode::kAddQ, "k", kStore, "a"), "18:2 Data exists for key.\n");
  EXPECT_EQ(Ask(Opcode::kReplace, "k", kStore, "r"), "3:0 cas\n");
  EXPECT_EQ(Ask(Opcode::kAppend, "k", "", "+"), "14:0 cas\n");
  EXPECT_EQ(Ask(Opcode::kPrepend, "k", "", "-"), "15:0 cas\n");
  EXPECT_EQ(Value("k"), "-r+");
  EXPECT_EQ(Ask(Opcode::kSet, "k", kStore, ""), "1:0 cas\n");
  EXPECT_EQ(Ask(Opcode::kGet, "k"), "0:0 flags=0 cas\n");
  EXPECT_EQ(Counter("cmd_set"), 13u);
}

TEST_F(BinaryCommandsTest, QuietStoresAreSilent) {
  EXPECT_EQ(
      Ask(Packet(Opcode::kAddQ, "k", kStore, "a") + Packet(Opcode::kReplaceQ, "k", kStore, "r") +
          Packet(Opcode::kAppendQ, "k", "", "+") + Packet(Opcode::kPrependQ, "k", "", "-") + kNoop),
      kNoopText);
  EXPECT_EQ(Value("k"), "-r+");
  EXPECT_EQ(Ask(Packet(Opcode::kSetQ, "k", kStore, "s") +
                Packet(Opcode::kIncrementQ, "n", CountExtras(1, 5, 0)) +
                Packet(Opcode::kDecrementQ, "n", CountExtras(1, 5, 0)) + kNoop),
            kNoopText);
  EXPECT_EQ(Value("n"), "4");
  EXPECT_EQ(Ask(Packet(Opcode::kDeleteQ, "k") + kNoop), kNoopText);
  EXPECT_EQ(Value("k"), "-");
  EXPECT_EQ(Ask(Packet(Opcode::kFlushQ) + kNoop), kNoopText);
  EXPECT_EQ(Value("n"), "-");
}

TEST_F(BinaryCommandsTest, ACasInTheHeaderIsCompared) {
  const auto ask = [&](Opcode opcode, const std::string& key, uint64_t cas) {
    const bool extends = opcode == Opcode::kAppend || opcode == Opcode::kPrepend;
    return Ask(Packet(
        {.opcode = opcode, .key = key, .extras = extends ? "" : kStore, .value = "v", .cas = cas}));
  };
  for (const Opcode opcode : {Opcode::kSet, Opcode::kAdd, Opcode::kReplace}) {
    const std::string name = std::to_string(static_cast<int>(opcode));
    EXPECT_EQ(ask(opcode, "missing", 1), name + ":1 Not found\n");
    const uint64_t cas = Put("k", "old");
    EXPECT_EQ(ask(opcode, "k", cas + 1), name + ":2 Data exists for key.\n");
    EXPECT_EQ(ask(opcode, "k", cas), name + ":0 cas\n") << "add too";
  }
  EXPECT_EQ(Counter("cas_hits"), 3u);
  EXPECT_EQ(Counter("cas_badval"), 3u);
  EXPECT_EQ(Counter("cas_misses"), 3u);
  for (const Opcode opcode : {Opcode::kAppend, Opcode::kPrepend}) {
    const std::string name = std::to_string(static_cast<int>(opcode));
    EXPECT_EQ(ask(opcode, "missing", 1), name + ":5 Not stored.\n");
    const uint64_t cas = Put("k", "old");
    EXPECT_EQ(ask(opcode, "k", cas + 1), name + ":2 Data exists for key.\n");
    EXPECT_EQ(ask(opcode, "k", cas), name + ":0 cas\n");
  }
  EXPECT_EQ(Counter("cas_hits") + Counter("cas_badval") + Counter("cas_misses"), 9u)
      << "an append is not counted as cas";
}

TEST_F(BinaryCommandsTest, WithoutCasNothingIsCompared) {
  config::ServerOptions options;
  options.cas_enabled = false;
  Open(options);
  Connect();
  EXPECT_EQ(Put("k", "v"), 0u);
  EXPECT_EQ(Ask(Opcode::kGet, "k"), "0:0 flags=0 v\n");
  EXPECT_EQ(Ask(Packet({.opcode = Opcode::kSet, .key = "k", .extras = kStore, .cas = 5})), "1:0\n");
  EXPECT_EQ(Ask(Packet({.opcode = Opcode::kAdd, .key = "new", .extras = kStore, .cas = 5})),
            "2:0\n");
  EXPECT_EQ(Ask(Packet({.opcode = Opcode::kAdd, .key = "new", .extras = kStore, .cas = 5})),
            "2:2 Data exists for key.\n");
  EXPECT_EQ(
      Ask(Packet(
          {.opcode = Opcode::kIncrement, .key = "n", .extras = CountExtras(1, 5, 0), .cas = 5})),
      "5:0 " + Number(5) + "\n");
  const std::string value(100'000, 'x');
  EXPECT_EQ(
      Ask(Packet(
          {.opcode = Opcode::kReplace, .key = "k", .extras = kStore, .value = value, .cas = 5})),
      "3:0\n");
  EXPECT_EQ(Ask(Packet({.opcode = Opcode::kDelete, .key = "k", .cas = 5})), "4:0\n");
}

TEST_F(BinaryCommandsTest, Deletes) {
  EXPECT_EQ(Ask(Opcode::kDelete, "k"), "4:1 Not found\n");
  EXPECT_EQ(Ask(Opcode::kDeleteQ, "k"), "20:1 Not found\n");
  const uint64_t cas = Put("k", "v");
  EXPECT_EQ(Ask(Packet({.opcode = Opcode::kDelete, .key = "k", .cas = cas + 1})),
            "4:2 Data exists for key.\n");
  EXPECT_EQ(Ask(Packet({.opcode = Opcode::kDelete, .key = "k", .cas = cas})), "4:0\n");
  EXPECT_EQ(Value("k"), "-");
  EXPECT_EQ(Counter("delete_hits"), 1u);
  EXPECT_EQ(Counter("delete_misses"), 2u);
}

TEST_F(BinaryCommandsTest, Counts) {
  EXPECT_EQ(Ask(Opcode::kIncrement, "n", CountExtras(1, 5, kDoNotCreate)), "5:1 Not found\n");
  EXPECT_EQ(Ask(Opcode::kIncrementQ, "n", CountExtras(1, 5, kDoNotCreate)), "21:1 Not found\n");
  EXPECT_EQ(Ask(Opcode::kDecrement, "n", CountExtras(1, 5, kDoNotCreate)), "6:1 Not found\n");
  EXPECT_EQ(Ask(Opcode::kIncrement, "n", CountExtras(3, 5, 0)), "5:0 " + Number(5) + " cas\n")
      << "the delta is not added";
  EXPECT_EQ(Value("n"), "5") << "text";
  EXPECT_EQ(Ask(Opcode::kIncrement, "n", CountExtras(5, 0, 0)), "5:0 " + Number(10) + " cas\n");
  EXPECT_EQ(Ask(Opcode::kDecrement, "n", CountExtras(1, 0, 0)), "6:0 " + Number(9) + " cas\n");
  EXPECT_EQ(Value("n"), "9 ") << "as long as it was";
  EXPECT_EQ(Ask(Opcode::kDecrement, "n", CountExtras(100, 0, 0)), "6:0 " + Number(0) + " cas\n");
  EXPECT_EQ(Ask(Opcode::kIncrement, "max", CountExtras(1, ~uint64_t{0}, 0)),
            "5:0 " + Number(~uint64_t{0}) + " cas\n");
  EXPECT_EQ(Ask(Opcode::kIncrement, "max", CountExtras(1, 0, 0)), "5:0 " + Number(0) + " cas\n");
  Put("text", "abc");
  const std::string not_a_number = " Non-numeric server-side value for incr or decr\n";
  EXPECT_EQ(Ask(Opcode::kIncrement, "text", CountExtras(1, 0, 0)), "5:6" + not_a_number);
  EXPECT_EQ(Ask(Opcode::kDecrementQ, "text", CountExtras(1, 0, 0)), "22:6" + not_a_number);
  EXPECT_EQ(Counter("incr_hits"), 2u) << "creating is no hit";
  EXPECT_EQ(Counter("decr_hits"), 2u);
  EXPECT_EQ(Counter("incr_misses"), 2u);
  EXPECT_EQ(Counter("decr_misses"), 1u);
}

TEST_F(BinaryCommandsTest, CountsCompareACas) {
  const uint64_t cas = Put("n", "1");
  const auto ask = [&](const std::string& key, uint64_t unique) {
    return Ask(Packet(
        {.opcode = Opcode::kIncrement, .key = key, .extras = CountExtras(1, 7, 0), .cas = unique}));
  };
  EXPECT_EQ(ask("n", cas + 1), "5:2 Data exists for key.\n");
  EXPECT_EQ(ask("n", cas), "5:0 " + Number(2) + " cas\n");
  EXPECT_EQ(ask("n", cas), "5:2 Data exists for key.\n") << "it has a new one";
  EXPECT_EQ(ask("missing", cas), "5:0 " + Number(7) + " cas\n");
}

TEST_F(BinaryCommandsTest, CreatedNumbersExpire) {
  EXPECT_EQ(Ask(Opcode::kIncrement, "n", CountExtras(1, 5, 10)), "5:0 " + Number(5) + " cas\n");
  Pass(11);
  EXPECT_EQ(Value("n"), "-");
}

TEST_F(BinaryCommandsTest, TimesHaveNoSign) {
  Put("k", "v", 0, 0xffffffff);
  Put("gone", "v", 0, 1'699'999'999);
  Put("soon", "v", 0, 2);
  EXPECT_EQ(Value("k"), "v") << "a date in 2106";
  EXPECT_EQ(Value("gone"), "-");
  EXPECT_EQ(Ask(Opcode::kTouch, "k", Big(0xffffffffu)), "28:0 flags=0 cas\n");
  Pass(3);
  EXPECT_EQ(Value("k"), "v");
  EXPECT_EQ(Value("soon"), "-");
}

TEST_F(BinaryCommandsTest, Flushes) {
  Put("k", "v");
  EXPECT_EQ(Ask(Opcode::kFlush, "", Big(3u)), "8:0\n");
  EXPECT_EQ(Value("k"), "v");
  Pass(4);
  EXPECT_EQ(Value("k"), "-");
  Put("k", "v");
  EXPECT_EQ(Ask(Opcode::kFlush, "", Big(0u)), "8:0\n");
  EXPECT_EQ(Value("k"), "-");
  EXPECT_EQ(Counter("cmd_flush"), 2u);
  options_.flush_enabled = false;
  EXPECT_EQ(Ask(Packet(Opcode::kFlush) + kNoop), "8:32 Auth failure.\n" + kNoopText);
  EXPECT_EQ(Ask(Opcode::kFlushQ), "24:32 Auth failure.\n");
}

TEST_F(BinaryCommandsTest, NoopVersionQuit) {
  EXPECT_EQ(Ask(Packet({.opcode = Opcode::kNoop, .opaque = 77})), "10:0 opaque=77\n");
  EXPECT_EQ(Ask(Opcode::kVersion), "11:0 1.6.45\n");
  EXPECT_EQ(Ask(Packet(Opcode::kQuit) + kNoop), "7:0\n");
  EXPECT_TRUE(closed_);
  Connect();
  EXPECT_EQ(Ask(Packet(Opcode::kQuitQ) + kNoop), "");
  EXPECT_TRUE(closed_);
}

TEST_F(BinaryCommandsTest, ErrorsThatCloseAndErrorsThatDoNot) {
  EXPECT_EQ(Ask(Packet(static_cast<Opcode>(0x30), "key", "extras", "value") + kNoop),
            "48:129 Unknown command\n" + kNoopText);
  EXPECT_EQ(Ask(Packet(Opcode::kSaslListMechs) + Packet(Opcode::kSaslAuth, "PLAIN", "", "x") +
                Packet(Opcode::kSaslAuth, std::string(33, 'm'), "", "x") + kNoop),
            "32:129 Unknown command\n33:129 Unknown command\n33:129 Unknown command\n" + kNoopText);
  EXPECT_FALSE(closed_);
  EXPECT_EQ(Ask(kNoop + Packet(Opcode::kGet) + kNoop), kNoopText + "0:4 Invalid arguments\n");
  EXPECT_TRUE(closed_);
  Connect();
  EXPECT_EQ(Ask(HeaderText(0x01, 1, 8, 8, 9) + kNoop), "1:129 opaque=9 Unknown command\n");
  EXPECT_TRUE(closed_);
  Connect();
  EXPECT_EQ(Ask(kNoop + std::string(24, 'x')), kNoopText);
  EXPECT_TRUE(closed_);
}

TEST_F(BinaryCommandsTest, TooLargeValuesAreSwallowed) {
  const std::string large(1'100'000, 'x');
  for (const Opcode opcode : {Opcode::kAdd, Opcode::kAddQ, Opcode::kReplace, Opcode::kReplaceQ}) {
    Put("k", "old");
    EXPECT_EQ(Ask(Packet(opcode, "k", kStore, large) + kNoop),
              std::to_string(static_cast<int>(opcode)) + ":3 Too large.\n" + kNoopText);
    EXPECT_EQ(Value("k"), "old");
  }
  for (const Opcode opcode : {Opcode::kAppend, Opcode::kPrependQ}) {
    EXPECT_EQ(Ask(Packet(opcode, "k", "", large) + kNoop),
              std::to_string(static_cast<int>(opcode)) + ":3 Too large.\n" + kNoopText);
    EXPECT_EQ(Value("k"), "old");
  }
  for (const Opcode opcode : {Opcode::kSet, Opcode::kSetQ}) {
    Put("k", "old");
    EXPECT_EQ(Ask(Packet(opcode, "k", kStore, large) + kNoop),
              std::to_string(static_cast<int>(opcode)) + ":3 Too large.\n" + kNoopText);
    EXPECT_EQ(Value("k"), "-") << "nobody is to read what was to be replaced";
  }
  EXPECT_EQ(Counter("store_too_large"), 8u);
}

TEST_F(BinaryCommandsTest, SmallLimitsHoldForWholeValuesToo) {
  config::ServerOptions options;
  options.item_size_max = 1024;
  Open(options);
  Connect();
  Put("k", "old");
  EXPECT_EQ(Ask(Packet(Opcode::kSetQ, "k", kStore, std::string(1024, 'x')) + kNoop),
            "17:3 Too large.\n" + kNoopText);
  EXPECT_EQ(Value("k"), "-");
}

TEST_F(BinaryCommandsTest, ValuesOfAllSizesComeBack) {
  for (const size_t size :
       {0, 1, 100, 512, 513, 4095, 4096, 5000, 32767, 32768, 100'000, 1'000'000}) {
    const std::string value(size, 'v');
    EXPECT_EQ(Ask(Opcode::kSet, "k", StoreExtras(9, 0), value), "1:0 cas\n");
    const std::string tail = (size > 0 ? " " + value : "") + " cas\n";
    EXPECT_TRUE(Ask(Opcode::kGetK, "k") == "12:0 flags=9 key=k" + tail) << size;
    EXPECT_TRUE(Ask(Opcode::kGatQ, "k", Big(0u)) == "30:0 flags=9" + tail) << size;
  }
}

TEST_F(BinaryCommandsTest, KeysMayHoldAnyByte) {
  const std::string key = std::string("a b\n\0\xff", 6);
  Put(key, "v");
  EXPECT_EQ(Value(key), "v");
  EXPECT_EQ(Ask(Opcode::kGetK, key), "12:0 flags=0 key=" + key + " v cas\n");
}

TEST_F(BinaryCommandsTest, StatisticsComeInPackets) {
  const auto replies = RepliesIn(Talk(Packet({.opcode = Opcode::kStat, .opaque = 3})));
  ASSERT_EQ(replies.size(), 94u);
  EXPECT_EQ(replies.front().key, "pid");
  for (const BinaryReply& reply : replies) {
    EXPECT_EQ(reply.opaque, 3u);
    EXPECT_EQ(reply.cas, 0u);
    EXPECT_EQ(reply.opcode, Opcode::kStat);
    EXPECT_EQ(reply.status, protocol::binary::Status::kOk);
    EXPECT_EQ(reply.key.empty(), &reply == &replies.back());
    EXPECT_EQ(reply.value.empty(), &reply == &replies.back());
  }
  EXPECT_EQ(RepliesIn(Talk(Packet(Opcode::kStat, "settings"))).size(), 78u);
  EXPECT_GT(RepliesIn(Talk(Packet(Opcode::kStat, "rat"))).size(), 10u);
  Put("k", "v");
  EXPECT_EQ(Ask(Opcode::kStat, "reset"), "16:0\n") << "nothing but the end";
  for (const char* key :
       {"nonsense", "conns", "cachedump 1 0", "sizes_enable", "res", "s", "setting", " settings"}) {
    EXPECT_EQ(Ask(Opcode::kStat, key), "16:1 Not found\n") << key;
  }
  EXPECT_EQ(Counter("cmd_set"), 0u);
}

TEST(StatLines, EndInTheWordsOfTheirProtocol) {
  const protocol::BinaryHeader header{.opcode = 0x10, .opaque = 3};
  const auto both = [&](auto&& write) {
    GatherBuffer text;
    GatherBuffer packets;
    StatLines text_lines(&text);
    write(&text_lines);
    StatLines packet_lines(&packets, header);
    write(&packet_lines);
    return std::string(text.Text()) + "|" + TextOfReplies(packets.Text());
  };
  EXPECT_EQ(both([](StatLines* lines) {
              lines->Add("a", 1);
              lines->AddYesNo("b", true);
              lines->AddSeconds("c", 1'500'000);
              lines->AddFraction("d", 0.5);
              lines->End();
            }),
            "STAT a 1\r\nSTAT b yes\r\nSTAT c 1.500000\r\nSTAT d 0.5000\r\nEND\r\n|"
            "16:0 opaque=3 key=a 1\n16:0 opaque=3 key=b yes\n16:0 opaque=3 key=c 1.500000\n"
            "16:0 opaque=3 key=d 0.5000\n16:0 opaque=3\n");
  EXPECT_EQ(both([](StatLines* lines) { lines->EndWith("RESET\r\n"); }),
            "RESET\r\n|16:0 opaque=3\n");
  EXPECT_EQ(both([](StatLines* lines) { lines->EndWithBlock("detailed", "PREFIX\r\nEND\r\n"); }),
            "PREFIX\r\nEND\r\n|16:0 opaque=3 key=detailed PREFIX\r\nEND\r\n\n16:0 opaque=3\n");
  EXPECT_EQ(both([](StatLines* lines) { lines->Refuse("ERROR\r\n"); }),
            "ERROR\r\n|16:1 opaque=3 Not found\n");
}

TEST_F(BinaryCommandsTest, ABatchIsAnsweredInOrder) {
  std::string requests;
  std::string expected;
  for (uint32_t i = 1; i <= 200; ++i) {
    const std::string key = "key" + std::to_string(i);
    requests += Packet(Opcode::kSetQ, key, kStore, "v" + key);
    requests += Packet({.opcode = Opcode::kGetKQ, .key = key, .opaque = i});
    requests += Packet(Opcode::kGetKQ, "no" + key);
    expected += "13:0 opaque=" + std::to_string(i) + " flags=0 key=" + key + " v" + key + " cas\n";
  }
  EXPECT_EQ(Ask(requests + kNoop), expected + kNoopText);
}

TEST_F(BinaryCommandsTest, TextAndBinaryShareTheCache) {
  Put("k", "binary", 5);
  Connect();
  EXPECT_EQ(Talk("gets k\r\n"), "VALUE k 5 6 2\r\nbinary\r\nEND\r\n");
  EXPECT_EQ(Talk("set k 6 0 4\r\ntext\r\n"), "STORED\r\n");
  Connect();
  EXPECT_EQ(Ask(Opcode::kGet, "k"), "0:0 flags=6 text cas\n");
}

// The same replies, however the bytes are cut.
TEST_F(BinaryCommandsTest, FragmentationChangesNothing) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string pieces[] = {
      Packet(Opcode::kGet, "k"),
      Packet(Opcode::kGetKQ, "k"),
      Packet(Opcode::kGatK, "k", Big(0u)),
      Packet(Opcode::kSet, "k", kStore, "value"),
      Packet(Opcode::kSetQ, "k", kStore, std::string(40'000, 'v')),
      Packet(Opcode::kAdd, "k", kStore, std::string(40'000, 'w')),
      Packet(Opcode::kAppend, "k", "", "+"),
      Packet(Opcode::kIncrement, "n", CountExtras(1, 2, 0)),
      Packet(Opcode::kDelete, "k"),
      Packet(Opcode::kFlush),
      Packet(Opcode::kTouch, "n", Big(0u)),
      Packet(static_cast<Opcode>(0x30), "key", "extras", "value"),
      Packet(Opcode::kVersion),
      kNoop,
  };
  for (int round = 0; round < 20; ++round) {
    std::string input;
    for (int i = 0; i < 30; ++i) {
      input += pieces[random() % std::size(pieces)];
    }
    if (random() % 2 == 0) input += Packet(Opcode::kGet) + kNoop;
    const auto fresh = [&] {
      Open();
      Connect();
    };
    fresh();
    const std::string whole = Talk(input);
    fresh();
    std::string cut;
    for (size_t at = 0; at < input.size() && !closed_;) {
      const size_t n = std::min<size_t>(input.size() - at, 1 + random() % 2000);
      cut += Talk(std::string_view(input).substr(at, n));
      at += n;
    }
    ASSERT_TRUE(cut == whole);
  }
}

}  // namespace
}  // namespace rat_memcache::command
