// SPDX-License-Identifier: LGPL-3.0-or-later
#include "load/reply_parser.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/binary_format.h"

namespace rat_memcache::load {
namespace {

using Outcome = ReplyParser::Outcome;
using Ids = std::vector<uint32_t>;

// A batch, its parser and what they count. Values are 5 to 300 bytes, keys 6.
class ReplyParserTest : public testing::Test {
 protected:
  void Get(const Ids& ids) { batch_.AddGet(data_, ids); }
  void Set(uint32_t id) { batch_.AddSet(data_, id); }

  std::string Value(uint32_t id) const {
    char stamp[ValuePattern::kStampSize];
    const std::string start(stamp, data_.values.WriteStamp(stamp, id));
    return start + std::string(data_.values.RestOf(id));
  }
  std::string Hit(uint32_t id) const { return Hit(id, Value(id)); }
  std::string Hit(uint32_t id, const std::string& value) const {
    return "VALUE " + data_.keys.Of(id) + " 0 " + std::to_string(value.size()) + "\r\n" + value +
           "\r\n";
  }

  // Gives the whole batch's replies to a new parser, in pieces of at most `piece_size` bytes.
  Outcome Parse(const std::string& replies, size_t piece_size = std::string::npos) {
    counters_ = {};
    faults_ = {};
    ReplyParser parser(&shared_);
    parser.Begin(&batch_);
    Outcome outcome = Outcome::kMore;
    for (size_t at = 0; at < replies.size() && outcome != Outcome::kBroken; at += piece_size) {
      outcome = parser.Consume(std::string_view(replies).substr(at, piece_size));
      if (piece_size == std::string::npos) break;
    }
    missed_ = parser.missed_ids();
    return outcome;
  }

  Data data_{.keys = KeyText(6), .values = ValuePattern(5, 300)};
  Counters counters_;
  Faults faults_;
  ReplyParser::Shared shared_{.data = &data_,
                              .counters = &counters_,
                              .faults = &faults_,
                              .verify = true,
                              .collect_misses = true};
  Batch batch_;
  Ids missed_;
};

TEST_F(ReplyParserTest, CountsHitsMissesAndSets) {
  Get({1, 2, 3});
  Set(4);
  Get({5});
  EXPECT_EQ(Parse(Hit(2) + "END\r\nSTORED\r\nEND\r\n"), Outcome::kDone);
  EXPECT_EQ(counters_.requests, 3u);
  EXPECT_EQ(counters_.keys, 5u);
  EXPECT_EQ(counters_.hits, 1u);
  EXPECT_EQ(counters_.misses, 3u);
  EXPECT_EQ(counters_.sets, 1u);
  EXPECT_EQ(missed_, (Ids{1, 3, 5}));
  EXPECT_EQ(faults_.total(), 0u) << faults_.first;
}

TEST_F(ReplyParserTest, WantsTheWholeLastReply) {
  Get({1});
  const std::string replies = Hit(1) + "END\r\n";
  for (size_t size = 1; size < replies.size(); ++size) {
    EXPECT_EQ(Parse(replies.substr(0, size)), Outcome::kMore) << size;
    EXPECT_EQ(counters_.requests, 0u);
  }
  EXPECT_EQ(Parse(replies), Outcome::kDone);
}

TEST_F(ReplyParserTest, GivesTheSameForAnyFragmentation) {
  std::string replies;
  for (uint32_t id = 0; id < 60; id += 3) {
    Get({id, id + 1, id + 2});
    Set(id);
    replies += (id % 2 == 0 ? Hit(id) : "") + Hit(id + 2) + "END\r\nSTORED\r\n";
  }
  ASSERT_EQ(Parse(replies), Outcome::kDone);
  const Counters whole = counters_;
  const Ids missed = missed_;
  for (size_t piece_size = 1; piece_size < 700; ++piece_size) {
    ASSERT_EQ(Parse(replies, piece_size), Outcome::kDone) << piece_size;
    EXPECT_EQ(counters_.requests, whole.requests);
    EXPECT_EQ(counters_.hits, whole.hits);
    EXPECT_EQ(counters_.misses, whole.misses);
    EXPECT_EQ(counters_.sets, whole.sets);
    EXPECT_EQ(missed_, missed);
    EXPECT_EQ(faults_.total(), 0u) << faults_.first;
  }
}

TEST_F(ReplyParserTest, JumpsOverValuesThatLookLikeReplies) {
  shared_.verify = false;
  Get({1, 2});
  EXPECT_EQ(Parse(Hit(1, "END\r\n") + Hit(2, "") + "END\r\n", 1), Outcome::kDone);
  EXPECT_EQ(counters_.hits, 2u);
}

TEST_F(ReplyParserTest, LetsTheCallerDropValueBytes) {
  shared_.verify = false;
  Get({1});
  ReplyParser parser(&shared_);
  parser.Begin(&batch_);
  EXPECT_EQ(parser.bytes_to_skip(), 0u);
  EXPECT_EQ(parser.Consume("VALUE 000001 0 1000\r\nab"), Outcome::kMore);
  EXPECT_EQ(parser.bytes_to_skip(), 998u);
  parser.Skip(900);
  EXPECT_EQ(parser.bytes_to_skip(), 98u);
  EXPECT_EQ(parser.Consume(std::string(98, 'x') + "\r\nEND\r\n"), Outcome::kDone);
}

TEST_F(ReplyParserTest, TakesAKeyThatIsAskedForTwice) {
  Get({7, 7, 8, 7});
  EXPECT_EQ(Parse(Hit(7) + Hit(7) + Hit(7) + "END\r\n"), Outcome::kDone);
  EXPECT_EQ(counters_.hits, 3u);
  EXPECT_EQ(missed_, Ids{8});
}

TEST_F(ReplyParserTest, BreaksOnAKeyOutOfOrder) {
  Get({1, 2});
  EXPECT_EQ(Parse(Hit(2) + Hit(1) + "END\r\n"), Outcome::kBroken);
  EXPECT_EQ(faults_.first, "a value that is not next in order: VALUE 000001 0 " +
                               std::to_string(data_.values.SizeOf(1)));
  EXPECT_EQ(Parse(Hit(3) + "END\r\n"), Outcome::kBroken);
  EXPECT_EQ(faults_.unexpected_replies, 1u);
}

TEST_F(ReplyParserTest, TakesAnyKeyIfToldSo) {
  shared_.verify = false;
  shared_.any_key = true;
  Get({1, 2});
  EXPECT_EQ(Parse(Hit(9) + Hit(9) + "END\r\n"), Outcome::kDone);
  EXPECT_EQ(counters_.hits, 2u);
  EXPECT_EQ(Parse(Hit(9) + Hit(9) + Hit(9) + "END\r\n"), Outcome::kBroken);
}

TEST_F(ReplyParserTest, GoesOnAfterAnErrorLine) {
  for (const char* line : {"ERROR", "CLIENT_ERROR bad", "SERVER_ERROR out of memory"}) {
    const std::string error = std::string(line).append("\r\n");
    std::string replies = error;
    replies.append(error).append(Hit(3)).append("END\r\n");
    batch_.Clear();
    Get({1});
    Set(2);
    Get({3});
    EXPECT_EQ(Parse(replies), Outcome::kDone) << line;
    EXPECT_EQ(faults_.unexpected_replies, 2u);
    EXPECT_EQ(faults_.first, line);
    EXPECT_EQ(counters_.requests, 3u);
    EXPECT_EQ(counters_.sets, 0u);
    EXPECT_EQ(counters_.hits, 1u);
  }
}

TEST_F(ReplyParserTest, BreaksOnWhatItCannotFollow) {
  Get({1});
  for (const char* replies :
       {"STORED\r\n", "END\n", "VALUE 1 0 3\r\n", "VALUE 000001 0\r\n", "VALUE 000001 0 x\r\n",
        "VALUE 000001 x 3\r\n", "VALUE 000001 0 3 4\r\n", "END\r\nEND\r\n", "\r\n"}) {
    EXPECT_EQ(Parse(replies), Outcome::kBroken) << replies;
    EXPECT_EQ(faults_.unexpected_replies, 1u) << replies;
  }
  EXPECT_EQ(Parse(std::string(100000, 'x'), 1000), Outcome::kBroken);
}

TEST_F(ReplyParserTest, BreaksOnAValueOfAnotherLength) {
  shared_.verify = false;
  Get({1});
  EXPECT_EQ(Parse("VALUE 000001 0 3\r\nabcd\r\nEND\r\n"), Outcome::kBroken);
  EXPECT_EQ(Parse("VALUE 000001 0 3\r\nab\r\nEND\r\n"), Outcome::kBroken);
}

TEST_F(ReplyParserTest, FindsEveryWrongByte) {
  Get({1});
  const std::string value = Value(1);
  for (size_t i = 0; i < value.size(); ++i) {
    std::string wrong = value;
    wrong[i] = static_cast<char>(wrong[i] ^ 1);
    EXPECT_EQ(Parse(Hit(1, wrong) + "END\r\n", 7), Outcome::kDone);
    EXPECT_EQ(faults_.wrong_values, 1u) << i;
  }
  EXPECT_EQ(Parse(Hit(1, Value(2)) + "END\r\n"), Outcome::kDone);
  EXPECT_EQ(faults_.wrong_values, 1u);
  EXPECT_EQ(Parse(Hit(1, value + "x") + "END\r\n"), Outcome::kDone);
  EXPECT_EQ(faults_.wrong_values, 1u);
}

class MetaReplyTest : public ReplyParserTest {
 protected:
  MetaReplyTest() { data_.protocol = Protocol::kMeta; }

  std::string Hit(uint32_t id) const {
    const std::string value = Value(id);
    return "VA " + std::to_string(value.size()) + "\r\n" + value + "\r\n";
  }
  // In a run of quiet gets.
  std::string KeyHit(uint32_t id) const { return KeyHit(id, Value(id)); }
  std::string KeyHit(uint32_t id, const std::string& value) const {
    return "VA " + std::to_string(value.size()) + " k" + data_.keys.Of(id) + "\r\n" + value +
           "\r\n";
  }
};

TEST_F(MetaReplyTest, CountsHitsMissesAndSetsForAnyFragmentation) {
  Get({1, 2, 3});
  Set(4);
  Get({5});
  Get({6});
  Get({7, 8});
  const std::string replies = KeyHit(2) + "MN\r\nHD\r\nEN\r\n" + Hit(6) + "MN\r\n";
  for (size_t piece_size = 1; piece_size <= replies.size(); ++piece_size) {
    ASSERT_EQ(Parse(replies, piece_size), Outcome::kDone) << piece_size;
    EXPECT_EQ(counters_.requests, 5u);
    EXPECT_EQ(counters_.keys, 8u);
    EXPECT_EQ(counters_.hits, 2u);
    EXPECT_EQ(counters_.misses, 5u);
    EXPECT_EQ(counters_.sets, 1u);
    EXPECT_EQ(missed_, (Ids{1, 3, 5, 7, 8}));
    EXPECT_EQ(faults_.total(), 0u) << faults_.first;
  }
}

TEST_F(MetaReplyTest, WantsTheWholeLastReply) {
  Get({1});
  const std::string replies = Hit(1);
  for (size_t size = 1; size < replies.size(); ++size) {
    EXPECT_EQ(Parse(replies.substr(0, size)), Outcome::kMore) << size;
    EXPECT_EQ(counters_.requests, 0u);
  }
  EXPECT_EQ(Parse(replies), Outcome::kDone);
}

TEST_F(MetaReplyTest, GoesOnAfterAnErrorLine) {
  Get({1});
  Set(2);
  Get({3, 4});
  Get({5});
  EXPECT_EQ(Parse("SERVER_ERROR out of memory\r\nNS\r\nSERVER_ERROR out of memory\r\n" + KeyHit(4) +
                  "MN\r\n" + Hit(5)),
            Outcome::kDone);
  EXPECT_EQ(faults_.unexpected_replies, 3u);
  EXPECT_EQ(counters_.requests, 4u);
  EXPECT_EQ(counters_.sets, 0u);
  EXPECT_EQ(counters_.hits, 2u);
}

TEST_F(MetaReplyTest, BreaksOnWhatItCannotFollow) {
  Get({1});
  for (const char* replies : {"HD\r\n", "MN\r\n", "END\r\n", "VA\r\n", "VA x\r\n", "VA 3 s3\r\n",
                              "VALUE 000001 0 3\r\n", "EN\r\nEN\r\n", "EN\n"}) {
    EXPECT_EQ(Parse(replies), Outcome::kBroken) << replies;
    EXPECT_EQ(faults_.unexpected_replies, 1u) << replies;
  }
  batch_.Clear();
  Get({1, 2});
  for (const std::string& replies :
       {std::string("EN\r\n"), Hit(1), KeyHit(3), KeyHit(2) + KeyHit(1),
        std::string("VA 3 k000001 s3\r\n"), std::string("VA 3 k00001\r\n")}) {
    EXPECT_EQ(Parse(replies), Outcome::kBroken) << replies;
    EXPECT_EQ(faults_.unexpected_replies, 1u) << replies;
  }
}

TEST_F(MetaReplyTest, FindsWrongValues) {
  Get({1});
  EXPECT_EQ(Parse(Hit(2)), Outcome::kDone);
  EXPECT_EQ(faults_.wrong_values, 1u);
  batch_.Clear();
  Get({1, 2});
  EXPECT_EQ(Parse(KeyHit(1) + KeyHit(2, Value(2) + "x") + "MN\r\n"), Outcome::kDone);
  EXPECT_EQ(faults_.wrong_values, 1u);
}

class BinaryReplyTest : public ReplyParserTest {
 protected:
  using Opcode = protocol::binary::Opcode;
  using Status = protocol::binary::Status;

  BinaryReplyTest() { data_.protocol = Protocol::kBinary; }

  struct Fields {
    Opcode opcode;
    uint32_t opaque;
    Status status = Status::kOk;
    std::string extras = {};
    std::string key = {};
    std::string value = {};
  };
  static std::string Packet(const Fields& fields) {
    const size_t body = fields.extras.size() + fields.key.size() + fields.value.size();
    std::string packet(protocol::binary::kHeaderBytes, '\0');
    protocol::binary::WriteHeader(packet.data(),
                                  {.opcode = static_cast<uint8_t>(fields.opcode),
                                   .status = fields.status,
                                   .key_bytes = static_cast<uint16_t>(fields.key.size()),
                                   .extras_bytes = static_cast<uint8_t>(fields.extras.size()),
                                   .body_bytes = static_cast<uint32_t>(body),
                                   .opaque = fields.opaque,
                                   .cas = 12345});
    return packet + fields.extras + fields.key + fields.value;
  }
  std::string Hit(uint32_t id) const { return Hit(id, Value(id)); }
  static std::string Hit(uint32_t id, const std::string& value) {
    return Packet({.opcode = Opcode::kGet, .opaque = id, .extras = kNoFlags, .value = value});
  }
  // In a run of quiet gets.
  std::string KeyHit(uint32_t id) const {
    return Packet({.opcode = Opcode::kGetKQ,
                   .opaque = id,
                   .extras = kNoFlags,
                   .key = data_.keys.Of(id),
                   .value = Value(id)});
  }
  static std::string Miss(uint32_t id) {
    return Packet(
        {.opcode = Opcode::kGet, .opaque = id, .status = Status::kNotFound, .value = "Not found"});
  }
  static std::string Stored(uint32_t id) { return Packet({.opcode = Opcode::kSet, .opaque = id}); }

  inline static const std::string kNoFlags = std::string(4, '\0');
  const std::string noop_ = Packet({.opcode = Opcode::kNoop, .opaque = 0});
};

TEST_F(BinaryReplyTest, CountsHitsMissesAndSetsForAnyFragmentation) {
  Get({1, 2, 3});
  Set(4);
  Get({5});
  Get({6});
  Get({7, 8});
  const std::string replies = KeyHit(2) + noop_ + Stored(4) + Miss(5) + Hit(6) + noop_;
  for (size_t piece_size = 1; piece_size <= replies.size(); ++piece_size) {
    ASSERT_EQ(Parse(replies, piece_size), Outcome::kDone) << piece_size;
    EXPECT_EQ(counters_.requests, 5u);
    EXPECT_EQ(counters_.keys, 8u);
    EXPECT_EQ(counters_.hits, 2u);
    EXPECT_EQ(counters_.misses, 5u);
    EXPECT_EQ(counters_.sets, 1u);
    EXPECT_EQ(missed_, (Ids{1, 3, 5, 7, 8}));
    EXPECT_EQ(faults_.total(), 0u) << faults_.first;
  }
}

TEST_F(BinaryReplyTest, WantsTheWholeLastReply) {
  for (const bool is_hit : {true, false}) {
    batch_.Clear();
    Get({1});
    const std::string replies = is_hit ? Hit(1) : Miss(1);
    for (size_t size = 1; size < replies.size(); ++size) {
      EXPECT_EQ(Parse(replies.substr(0, size)), Outcome::kMore) << size;
      EXPECT_EQ(counters_.requests, 0u);
    }
    EXPECT_EQ(Parse(replies), Outcome::kDone);
  }
}

TEST_F(BinaryReplyTest, TakesAnEmptyValue) {
  shared_.verify = false;
  Get({1});
  EXPECT_EQ(Parse(Hit(1, "")), Outcome::kDone);
  EXPECT_EQ(counters_.hits, 1u);
}

TEST_F(BinaryReplyTest, LetsTheCallerDropAllButTheEndOfTheValue) {
  shared_.verify = false;
  Get({1});
  const std::string reply = Hit(1, std::string(1000, 'x'));
  ReplyParser parser(&shared_);
  parser.Begin(&batch_);
  EXPECT_EQ(parser.Consume(std::string_view(reply).substr(0, reply.size() - 998)), Outcome::kMore);
  EXPECT_EQ(parser.bytes_to_skip(), 997u);
  parser.Skip(997);
  EXPECT_EQ(parser.bytes_to_skip(), 0u);
  EXPECT_EQ(parser.Consume("x"), Outcome::kDone);
}

TEST_F(BinaryReplyTest, GoesOnAfterAnErrorStatus) {
  Get({1});
  Set(2);
  Get({3, 4});
  Get({5});
  const auto error = [](Opcode opcode, uint32_t id) {
    return Packet(
        {.opcode = opcode, .opaque = id, .status = Status::kNoMemory, .value = "Out of memory"});
  };
  EXPECT_EQ(Parse(error(Opcode::kGet, 1) + error(Opcode::kSet, 2) + error(Opcode::kGetKQ, 3) +
                      KeyHit(4) + noop_ + Hit(5),
                  7),
            Outcome::kDone);
  EXPECT_EQ(faults_.unexpected_replies, 3u);
  EXPECT_EQ(faults_.first, "opcode 0, status 130, opaque 1, 13 bytes");
  EXPECT_EQ(counters_.requests, 4u);
  EXPECT_EQ(counters_.sets, 0u);
  EXPECT_EQ(counters_.hits, 2u);
}

TEST_F(BinaryReplyTest, BreaksOnWhatItCannotFollow) {
  Get({1});
  std::string request = Hit(1);
  request[0] = static_cast<char>(protocol::binary::kRequestMagic);
  for (const std::string& replies :
       {request, Stored(1), noop_, Hit(2), Miss(2), KeyHit(1), Miss(1) + Miss(1),
        Packet({.opcode = Opcode::kGet, .opaque = 1, .value = "flags are missing"})}) {
    EXPECT_EQ(Parse(replies), Outcome::kBroken);
    EXPECT_EQ(faults_.unexpected_replies, 1u) << faults_.first;
  }
  batch_.Clear();
  Get({1, 2});
  for (const std::string& replies : {Hit(1), KeyHit(3), KeyHit(2) + KeyHit(1), Stored(1)}) {
    EXPECT_EQ(Parse(replies), Outcome::kBroken);
    EXPECT_EQ(faults_.unexpected_replies, 1u) << faults_.first;
  }
}

TEST_F(BinaryReplyTest, FindsWrongValuesAndFlags) {
  Get({1});
  EXPECT_EQ(Parse(Hit(1, Value(2))), Outcome::kDone);
  EXPECT_EQ(faults_.wrong_values, 1u);
  EXPECT_EQ(
      Parse(Packet({.opcode = Opcode::kGet, .opaque = 1, .extras = "\1\1\1\1", .value = Value(1)})),
      Outcome::kDone);
  EXPECT_EQ(faults_.wrong_values, 1u);
}

std::string TextOf(const Batch& batch) {
  std::vector<iovec> areas(4);
  EXPECT_EQ(batch.AreasFrom(0, areas), 1u);
  return {static_cast<const char*>(areas[0].iov_base), areas[0].iov_len};
}

TEST(Batch, WritesMetaRequests) {
  const Data data{.keys = KeyText(4), .values = ValuePattern(8, 8), .protocol = Protocol::kMeta};
  Batch batch;
  batch.AddGet(data, Ids{1});
  batch.AddGet(data, Ids{1, 23});
  batch.AddSet(data, 4294);
  const std::string text = TextOf(batch);
  const std::string start = "mg 0001 v\r\nmg 0001 k v q\r\nmg 0023 k v q\r\nmn\r\nms 4294 8\r\n";
  EXPECT_EQ(text.substr(0, start.size()), start);
  EXPECT_EQ(text.size(), start.size() + 8 + 2);
}

TEST(Batch, WritesBinaryRequests) {
  using namespace std::string_literals;
  const Data data{.keys = KeyText(4), .values = ValuePattern(8, 8), .protocol = Protocol::kBinary};
  const std::string rest_of_header = "\0\0\0\0\0\0\0\0"s;
  Batch batch;
  batch.AddGet(data, Ids{1});
  batch.AddGet(data, Ids{1, 23});
  EXPECT_EQ(TextOf(batch), "\x80\0\0\4\0\0\0\0\0\0\0\4\0\0\0\1"s + rest_of_header + "0001" +
                               "\x80\x0d\0\4\0\0\0\0\0\0\0\4\0\0\0\1"s + rest_of_header + "0001" +
                               "\x80\x0d\0\4\0\0\0\0\0\0\0\4\0\0\0\x17"s + rest_of_header + "0023" +
                               "\x80\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0"s + rest_of_header);
  batch.Clear();
  batch.AddSet(data, 2);
  const std::string start =
      "\x80\1\0\4\x08\0\0\0\0\0\0\x14\0\0\0\2"s + rest_of_header + "\0\0\0\0\0\0\0\0"s + "0002";
  EXPECT_EQ(TextOf(batch).substr(0, start.size()), start);
  EXPECT_EQ(batch.size(), start.size() + 8);
}

TEST(Batch, WritesWhatTheProtocolWants) {
  const Data data{.keys = KeyText(4), .values = ValuePattern(8, 8)};
  Batch batch;
  batch.AddGet(data, Ids{1, 23});
  batch.AddSet(data, 4294);
  std::vector<iovec> areas(4);
  ASSERT_EQ(batch.AreasFrom(0, areas), 1u);
  const std::string text(static_cast<const char*>(areas[0].iov_base), areas[0].iov_len);
  EXPECT_EQ(text.substr(0, 31), "get 0001 0023\r\nset 4294 0 0 8\r\n");
  EXPECT_EQ(text.size(), 31u + 8 + 2);
  EXPECT_EQ(text.size(), batch.size());
}

// Values that are borrowed and values that are copied, sent from any offset, are the same stream.
TEST(Batch, IsOneStreamWhereverTheLastSendEnded) {
  const Data data{.keys = KeyText(10), .values = ValuePattern(4000, 4300)};
  Batch batch;
  for (uint32_t id = 0; id < 6; ++id) {
    batch.AddSet(data, id);
  }
  const auto from = [&batch](size_t offset) {
    std::vector<iovec> areas(64);
    std::string text;
    areas.resize(batch.AreasFrom(offset, areas));
    for (const iovec& area : areas) {
      text.append(static_cast<const char*>(area.iov_base), area.iov_len);
    }
    return text;
  };
  const std::string whole = from(0);
  ASSERT_EQ(whole.size(), batch.size());
  for (size_t offset = 0; offset < whole.size(); offset += 37) {
    ASSERT_EQ(from(offset), whole.substr(offset)) << offset;
  }
}

TEST(KeyText, PadsWithZeros) {
  EXPECT_EQ(KeyText(14).Of(1234), "00000000001234");
  EXPECT_EQ(KeyText(12).Of(4294967295u), "004294967295");
  EXPECT_EQ(KeyText(3).Of(7), "007");
  EXPECT_EQ(KeyText(250).Of(99999), std::string(245, '0') + "99999");
}

}  // namespace
}  // namespace rat_memcache::load
