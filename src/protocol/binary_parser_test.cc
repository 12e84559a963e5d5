// SPDX-License-Identifier: LGPL-3.0-or-later
#include "protocol/binary_parser.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "protocol/binary_request_for_test.h"
#include "protocol/request_text.h"

namespace rat_memcache::protocol {
namespace {

using binary::Big;
using binary::CountExtras;
using binary::HeaderText;
using binary::Opcode;
using binary::Packet;
using binary::StoreExtras;

// What a connection does: keeps what was not consumed, and presents it again with more behind it.
class Feeder {
 public:
  void Feed(std::string_view bytes) {
    if (closed_) return;
    buffer_.append(bytes);
    // As a connection does: without input nobody asks.
    while (!buffer_.empty()) {
      batch_.Clear(lines_max_);
      const BinaryParser::Progress progress = parser_.Parse(buffer_, &batch_);
      for (const Request& request : batch_) {
        text_ += TextOf(request, &body_);
        if (request.binary != nullptr && request.binary->closes) closed_ = true;
      }
      buffer_.erase(0, progress.consumed);
      if (progress.close) closed_ = true;
      if (closed_) text_ += "close\n";
      if (closed_ || (progress.consumed == 0 && batch_.empty())) return;
    }
  }
  void set_lines_max(size_t lines) { lines_max_ = lines; }
  const std::string& text() const { return text_; }
  const BinaryParser& parser() const { return parser_; }
  size_t unconsumed() const { return buffer_.size(); }

 private:
  BinaryParser parser_;
  RequestBatch batch_;
  size_t lines_max_ = RequestBatch::kCapacity;
  std::string buffer_;
  std::string body_;
  std::string text_;
  bool closed_ = false;
};

std::string Parse(std::string_view bytes) {
  Feeder feeder;
  feeder.Feed(bytes);
  return feeder.text();
}

const std::string kNoop = Packet(Opcode::kNoop);
const std::string kNoopText = "noop opcode=10\n";
const std::string kKey250(250, 'k');

TEST(BinaryParser, Retrieval) {
  EXPECT_EQ(Parse(Packet(Opcode::kGet, "a")), "get opcode=0 a\n");
  EXPECT_EQ(Parse(Packet(Opcode::kGetQ, "a")), "get opcode=9 a noreply\n");
  EXPECT_EQ(Parse(Packet(Opcode::kGetK, "a b\n")), "get opcode=12 a b\n\n");
  EXPECT_EQ(Parse(Packet(Opcode::kGetKQ, kKey250)), "get opcode=13 " + kKey250 + " noreply\n");
  EXPECT_EQ(Parse(Packet(Opcode::kGat, "a", Big(10u))), "gat opcode=29 a exptime=10\n");
  EXPECT_EQ(Parse(Packet(Opcode::kGatQ, "a", Big(10u))), "gat opcode=30 a exptime=10 noreply\n");
  EXPECT_EQ(Parse(Packet(Opcode::kGatK, "a", Big(0u))), "gat opcode=35 a\n");
  EXPECT_EQ(Parse(Packet(Opcode::kGatKQ, "a", Big(0u))), "gat opcode=36 a noreply\n");
  EXPECT_EQ(Parse(Packet(Opcode::kTouch, "a", Big(0xffffffffu))),
            "touch opcode=28 a exptime=4294967295\n");
}

TEST(BinaryParser, Storage) {
  const std::string extras = StoreExtras(7, 0xffffffff);
  const std::string tail = " k flags=7 exptime=4294967295 value=abc";
  EXPECT_EQ(Parse(Packet(Opcode::kSet, "k", extras, "abc")), "set opcode=1" + tail + "\n");
  EXPECT_EQ(Parse(Packet(Opcode::kSetQ, "k", extras, "abc")),
            "set opcode=17" + tail + " noreply\n");
  EXPECT_EQ(Parse(Packet(Opcode::kAdd, "k", extras, "abc")), "add opcode=2" + tail + "\n");
  EXPECT_EQ(Parse(Packet(Opcode::kAddQ, "k", extras, "abc")),
            "add opcode=18" + tail + " noreply\n");
  EXPECT_EQ(Parse(Packet(Opcode::kReplace, "k", extras, "abc")), "replace opcode=3" + tail + "\n");
  EXPECT_EQ(Parse(Packet(Opcode::kReplaceQ, "k", extras, "abc")),
            "replace opcode=19" + tail + " noreply\n");
  EXPECT_EQ(Parse(Packet(Opcode::kSet, "k", StoreExtras(0, 0))), "set opcode=1 k value=\n");
  EXPECT_EQ(Parse(Packet(Opcode::kAppend, "k", "", "x")), "append opcode=14 k value=x\n");
  EXPECT_EQ(Parse(Packet(Opcode::kAppendQ, "k", "", "x")), "append opcode=25 k value=x noreply\n");
  EXPECT_EQ(Parse(Packet(Opcode::kPrepend, "k", "", "")), "prepend opcode=15 k value=\n");
  EXPECT_EQ(Parse(Packet(Opcode::kPrependQ, "k", "", "x")),
            "prepend opcode=26 k value=x noreply\n");
}

TEST(BinaryParser, Others) {
  EXPECT_EQ(Parse(Packet(Opcode::kDelete, "k")), "delete opcode=4 k\n");
  EXPECT_EQ(Parse(Packet(Opcode::kDeleteQ, "k")), "delete opcode=20 k noreply\n");
  const std::string extras = CountExtras(5, 18446744073709551615u, 9);
  const std::string tail = " initial=18446744073709551615 k exptime=9 number=5";
  EXPECT_EQ(Parse(Packet(Opcode::kIncrement, "k", extras)), "incr opcode=5" + tail + "\n");
  EXPECT_EQ(Parse(Packet(Opcode::kIncrementQ, "k", extras)),
            "incr opcode=21" + tail + " noreply\n");
  EXPECT_EQ(Parse(Packet(Opcode::kDecrement, "k", extras)), "decr opcode=6" + tail + "\n");
  EXPECT_EQ(Parse(Packet(Opcode::kDecrementQ, "k", extras)),
            "decr opcode=22" + tail + " noreply\n");
  EXPECT_EQ(Parse(Packet(Opcode::kQuit)), "quit opcode=7\n");
  EXPECT_EQ(Parse(Packet(Opcode::kQuitQ)), "quit opcode=23 noreply\n");
  EXPECT_EQ(Parse(Packet(Opcode::kFlush)), "flush_all opcode=8\n");
  EXPECT_EQ(Parse(Packet(Opcode::kFlushQ, "", Big(5u))), "flush_all opcode=24 exptime=5 noreply\n");
  EXPECT_EQ(Parse(kNoop), kNoopText);
  EXPECT_EQ(Parse(Packet(Opcode::kVersion)), "version opcode=11\n");
  EXPECT_EQ(Parse(Packet(Opcode::kStat)), "stats opcode=16\n");
  EXPECT_EQ(Parse(Packet(Opcode::kStat, "detail dump")), "stats opcode=16 args=detail dump\n");
}

TEST(BinaryParser, Sasl) {
  EXPECT_EQ(Parse(Packet(Opcode::kSaslListMechs)), "sasl opcode=32\n");
  EXPECT_EQ(Parse(Packet(Opcode::kSaslAuth, "PLAIN", "", "data")),
            "sasl opcode=33 PLAIN args=data\n");
  EXPECT_EQ(Parse(Packet(Opcode::kSaslStep, "PLAIN")), "sasl opcode=34 PLAIN\n");
  const std::string longest(BinaryParser::kMechanismMax, 'm');
  EXPECT_EQ(Parse(Packet(Opcode::kSaslAuth, longest)), "sasl opcode=33 " + longest + "\n");
  EXPECT_EQ(Parse(Packet(Opcode::kSaslAuth, longest + "m", "", "data") + kNoop),
            "sasl opcode=33 refusal=4 malformed\n" + kNoopText);
  const std::string data(AsciiParser::kLoginMax + 1, 'd');
  EXPECT_EQ(Parse(Packet(Opcode::kSaslAuth, "PLAIN", "", data) + kNoop),
            "sasl opcode=33 refusal=130 malformed\n" + kNoopText);
}

TEST(BinaryParser, OpaqueAndCasComeThrough) {
  EXPECT_EQ(Parse(Packet({.opcode = Opcode::kDelete,
                          .key = "k",
                          .cas = 0x0102030405060708,
                          .opaque = 0xdeadbeef})),
            "delete opcode=4 opaque=3735928559 cas=72623859790382856 k\n");
  // Data type and vbucket are not looked at.
  std::string packet = kNoop;
  packet[5] = packet[6] = packet[7] = '\xff';
  EXPECT_EQ(Parse(packet), kNoopText);
}

TEST(BinaryParser, UnknownOpcodesLoseTheirBody) {
  for (const int opcode : {0x1b, 0x1f, 0x25, 0x30, 0x3c, 0x80, 0xff}) {
    const auto unknown = static_cast<Opcode>(opcode);
    const std::string text = "reject opcode=" + std::to_string(opcode) + " refusal=129\n";
    EXPECT_EQ(Parse(Packet(unknown) + kNoop), text + kNoopText);
    EXPECT_EQ(Parse(Packet(unknown, "key", "extras", "value") + kNoop), text + kNoopText);
    EXPECT_EQ(Parse(Packet(unknown, "", "", std::string(100'000, 'v')) + kNoop), text + kNoopText);
  }
}

TEST(BinaryParser, SizesThatDoNotBelongToTheOpcodeClose) {
  const std::string more = kNoop + kNoop;
  const auto refused = [&](Opcode opcode, std::string_view key, std::string_view extras,
                           std::string_view value) {
    const std::string text =
        "reject opcode=" + std::to_string(static_cast<int>(opcode)) + " refusal=4 closes\nclose\n";
    EXPECT_EQ(Parse(Packet(opcode, key, extras, value) + more), text);
  };
  for (const Opcode opcode : {Opcode::kGet, Opcode::kGetQ, Opcode::kGetK, Opcode::kGetKQ,
                              Opcode::kDelete, Opcode::kDeleteQ}) {
    refused(opcode, "", "", "");
    refused(opcode, "k", "1234", "");
    refused(opcode, "k", "", "v");
  }
  for (const Opcode opcode :
       {Opcode::kTouch, Opcode::kGat, Opcode::kGatQ, Opcode::kGatK, Opcode::kGatKQ}) {
    refused(opcode, "", "1234", "");
    refused(opcode, "k", "", "");
    refused(opcode, "k", "12345", "");
    refused(opcode, "k", "1234", "v");
  }
  for (const Opcode opcode : {Opcode::kSet, Opcode::kSetQ, Opcode::kAdd, Opcode::kAddQ,
                              Opcode::kReplace, Opcode::kReplaceQ}) {
    refused(opcode, "", "12345678", "v");
    refused(opcode, "k", "", "v");
    refused(opcode, "k", "1234", "v");
    refused(opcode, "k", "123456789", "v");
  }
  for (const Opcode opcode :
       {Opcode::kAppend, Opcode::kAppendQ, Opcode::kPrepend, Opcode::kPrependQ}) {
    refused(opcode, "", "", "v");
    refused(opcode, "k", "12345678", "v");
  }
  for (const Opcode opcode :
       {Opcode::kIncrement, Opcode::kIncrementQ, Opcode::kDecrement, Opcode::kDecrementQ}) {
    refused(opcode, "", std::string(20, 'x'), "");
    refused(opcode, "k", "", "");
    refused(opcode, "k", std::string(20, 'x'), "v");
  }
  for (const Opcode opcode :
       {Opcode::kQuit, Opcode::kQuitQ, Opcode::kNoop, Opcode::kVersion, Opcode::kSaslListMechs}) {
    refused(opcode, "k", "", "");
    refused(opcode, "", "1234", "");
    refused(opcode, "", "", "v");
  }
  for (const Opcode opcode : {Opcode::kFlush, Opcode::kFlushQ}) {
    refused(opcode, "k", "", "");
    refused(opcode, "", "12345678", "");
    refused(opcode, "", "1234", "v");
  }
  refused(Opcode::kStat, "", "1234", "");
  refused(Opcode::kStat, "settings", "", "v");
  refused(Opcode::kSaslAuth, "", "", "v");
  refused(Opcode::kSaslStep, "k", "1", "v");
  for (const int opcode : {0x00, 0x01, 0x10, 0x1b, 0x21, 0xff}) {
    refused(static_cast<Opcode>(opcode), kKey250 + "k", "", "");
  }
}

TEST(BinaryParser, HugeAndImpossibleLengthsAreJudgedByTheHeaderAlone) {
  const auto text = [](int opcode, int refusal) {
    return "reject opcode=" + std::to_string(opcode) + " refusal=" + std::to_string(refusal) +
           " closes\nclose\n";
  };
  EXPECT_EQ(Parse(HeaderText(0x01, 1, 8, BinaryParser::kBodyMax + 1)), text(1, 4));
  EXPECT_EQ(Parse(HeaderText(0x01, 1, 8, 0xffffffff)), text(1, 4));
  EXPECT_EQ(Parse(HeaderText(0x30, 0, 0, 0xffffffff)), text(0x30, 4));
  EXPECT_EQ(Parse(HeaderText(0x01, 1, 8, 8)), text(1, 129));
  EXPECT_EQ(Parse(HeaderText(0x00, 1, 0, 0)), text(0, 129));
  EXPECT_EQ(Parse(HeaderText(0x00, 0xffff, 0xff, 0xffff)), text(0, 129));
  EXPECT_EQ(Parse(HeaderText(0x00, 0xffff, 0, 0xffff)), text(0, 4));
  // The largest that may be: it is streamed.
  Feeder feeder;
  feeder.Feed(HeaderText(0x01, 1, 8, BinaryParser::kBodyMax) + StoreExtras(0, 0) + "k");
  EXPECT_EQ(feeder.text(), "set opcode=1 k streamed=1073741815\n");
  EXPECT_EQ(feeder.parser().body_missing(), BinaryParser::kBodyMax - 9);
}

TEST(BinaryParser, AnythingElseIsClosedWithoutAWord) {
  EXPECT_EQ(Parse("get a\r\n"), "") << "a header has not come";
  EXPECT_EQ(Parse("get a\r\nget b\r\nget c\r\nget d\r\n"), "close\n");
  EXPECT_EQ(Parse(kNoop + std::string(24, '\x81')), kNoopText + "close\n");
  EXPECT_EQ(Parse(kNoop + std::string(24, '\0') + kNoop), kNoopText + "close\n");
}

TEST(BinaryParser, LargeValuesAreStreamed) {
  const std::string value(AsciiParser::kStreamedFrom, 'v');
  const std::string packet = Packet(Opcode::kSetQ, "k", StoreExtras(3, 0), value);
  const std::string text = "set opcode=17 k flags=3 streamed=" + std::to_string(value.size()) +
                           " noreply\nbody_end ok " + value + "\n";
  EXPECT_EQ(Parse(packet + packet + kNoop), text + text + kNoopText);

  Feeder feeder;
  feeder.Feed(packet.substr(0, 33));
  EXPECT_EQ(feeder.unconsumed(), 0u);
  EXPECT_EQ(feeder.parser().body_missing(), value.size());
  feeder.Feed(packet.substr(33, 100));
  EXPECT_EQ(feeder.unconsumed(), 0u) << "a streamed value is never collected";
  EXPECT_EQ(feeder.parser().body_missing(), value.size() - 100);
  feeder.Feed(packet.substr(133));
  EXPECT_EQ(feeder.text(), text) << "the end is told without another byte";
}

TEST(BinaryParser, TheEndOfAStreamedValueComesWithItsLastByteHoweverFullTheBatch) {
  const std::string value(AsciiParser::kStreamedFrom, 'v');
  const std::string packet = Packet(Opcode::kSet, "k", StoreExtras(0, 0), value);
  for (size_t before = 0; before <= RequestBatch::kCapacity; ++before) {
    for (const size_t lines : {size_t{1}, size_t{20}, RequestBatch::kCapacity}) {
      std::string input;
      std::string expected;
      for (size_t i = 0; i < before; ++i) {
        input += kNoop;
        expected += kNoopText;
      }
      Feeder feeder;
      feeder.set_lines_max(lines);
      feeder.Feed(input + packet);
      ASSERT_TRUE(feeder.text() ==
                  expected + "set opcode=1 k streamed=32768\nbody_end ok " + value + "\n")
          << before;
    }
  }
}

TEST(BinaryParser, SaysHowMuchItNeeds) {
  RequestBatch batch;
  BinaryParser parser;
  const std::string packet = Packet(Opcode::kSet, "k", StoreExtras(0, 0), std::string(1000, 'v'));
  EXPECT_EQ(parser.Parse(packet.substr(0, 10), &batch).consumed, 0u);
  EXPECT_EQ(parser.wanted(), 24u);
  EXPECT_EQ(parser.Parse(packet.substr(0, 24), &batch).consumed, 0u);
  EXPECT_EQ(parser.wanted(), packet.size());
  EXPECT_EQ(parser.Parse(packet, &batch).consumed, packet.size());
  EXPECT_EQ(parser.wanted(), 0u);
}

TEST(BinaryParser, ABatchEndsAfterItsLines) {
  BinaryParser parser;
  RequestBatch batch;
  batch.Clear(2);
  EXPECT_EQ(parser.Parse(kNoop + kNoop + kNoop, &batch).consumed, 2 * kNoop.size());
  EXPECT_EQ(batch.size(), 2u);
}

// The same requests, however the bytes are cut.
TEST(BinaryParser, FragmentationChangesNothing) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string large(AsciiParser::kStreamedFrom + 5, 'L');
  const std::string pieces[] = {
      Packet(Opcode::kGet, "key"),
      Packet(Opcode::kGetKQ, kKey250),
      Packet(Opcode::kGat, "k", Big(5u)),
      Packet(Opcode::kSet, "k", StoreExtras(1, 2), "value"),
      Packet(Opcode::kSetQ, "k", StoreExtras(1, 2), large),
      Packet(Opcode::kAppend, "k", "", large),
      Packet(Opcode::kIncrement, "n", CountExtras(1, 2, 3)),
      Packet(Opcode::kFlush, "", Big(1u)),
      Packet(Opcode::kStat, "settings"),
      Packet(Opcode::kSaslAuth, "PLAIN", "", "abc"),
      Packet(Opcode::kSaslAuth, std::string(33, 'm'), "", "abc"),
      Packet(static_cast<Opcode>(0x30), "key", "extras", "value"),
      Packet(static_cast<Opcode>(0xff), "", "", large),
      kNoop,
      Packet(Opcode::kVersion),
  };
  const std::string ends[] = {"", "", std::string(30, 'x'), Packet(Opcode::kGet),
                              HeaderText(0x01, 1, 8, 0xffffffff) + kNoop};
  for (int round = 0; round < 60; ++round) {
    std::string input;
    for (int i = 0; i < 20; ++i) {
      input += pieces[random() % std::size(pieces)];
    }
    input += ends[random() % std::size(ends)];
    const std::string whole = Parse(input);
    Feeder bytewise;
    Feeder cut;
    for (const char c : input) {
      bytewise.Feed({&c, 1});
    }
    cut.set_lines_max(1 + random() % RequestBatch::kCapacity);
    for (size_t at = 0; at < input.size();) {
      const size_t n = std::min<size_t>(input.size() - at, 1 + random() % 40);
      cut.Feed(std::string_view(input).substr(at, n));
      at += n;
    }
    ASSERT_TRUE(bytewise.text() == whole) << whole.substr(0, 1000);
    ASSERT_TRUE(cut.text() == whole) << whole.substr(0, 1000);
  }
}

}  // namespace
}  // namespace rat_memcache::protocol
