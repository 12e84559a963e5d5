// The lines of meta commands. What is done with them is in command/meta_commands_test.cc.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include "protocol/meta_parser.h"

#include <string>

#include <gtest/gtest.h>

#include "protocol/ascii_parser.h"
#include "protocol/ascii_reply.h"

namespace rat_memcache::protocol {
namespace {

class MetaParserTest : public ::testing::Test {
 protected:
  // The first request in `bytes`; kept until the next call.
  const Request& Parse(std::string bytes) {
    bytes_ = std::move(bytes);
    batch_.Clear();
    AsciiParser parser;
    consumed_ = parser.Parse(bytes_, &batch_).consumed;
    if (batch_.empty()) batch_.Add()->op = Op::kQuit;  // nothing there
    return batch_[0];
  }
  // The error that a line is answered with.
  std::string Fault(const std::string& line) {
    const Request& request = Parse(line + "\r\n");
    return request.op == Op::kReject ? std::string(ascii::TextOf(request.reject)) : "none\r\n";
  }

  std::string bytes_;
  RequestBatch batch_;
  size_t consumed_ = 0;
};

TEST_F(MetaParserTest, FlagsAndTokens) {
  const Request& request = Parse("ma key Oabc N30 J18446744073709551615 D7 T-1 C5 E6 MD v q k\r\n");
  ASSERT_EQ(request.op, Op::kMetaArithmetic);
  EXPECT_EQ(request.key, "key");
  const MetaRequest& meta = *request.meta;
  EXPECT_EQ(meta.create_exptime, 30);
  EXPECT_EQ(meta.initial, UINT64_MAX);
  EXPECT_EQ(meta.delta, 7u);
  EXPECT_EQ(meta.exptime, -1);
  EXPECT_EQ(meta.compare_cas, 5u);
  EXPECT_EQ(meta.new_cas, 6u);
  EXPECT_EQ(meta.mode, 'D');
  EXPECT_TRUE(meta.quiet());
  EXPECT_TRUE(meta.Has('v'));
  EXPECT_FALSE(meta.Has('b'));
  std::string order;
  std::string opaque;
  ForEachMetaFlag(meta.flags, [&](char letter, std::string_view token) {
    order += letter;
    if (letter == 'O') opaque = token;
  });
  EXPECT_EQ(order, "ONJDTCEMvqk");
  EXPECT_EQ(opaque, "abc");
}

TEST_F(MetaParserTest, ArithmeticAddsOneUnlessTold) {
  EXPECT_EQ(Parse("ma key\r\n").meta->delta, 1u);
  EXPECT_EQ(Parse("ma key\r\n").meta->mode, 0);
}

TEST_F(MetaParserTest, AnyLetterIsTakenByAnyCommand) {
  EXPECT_EQ(Parse("mg foo MS F5 J1 x I Pproxy L0\r\n").op, Op::kMetaGet);
  EXPECT_EQ(Parse("md k v\r\n").op, Op::kMetaDelete);
  EXPECT_EQ(Parse("mg foo s100 kfoo qxx\r\n").op, Op::kMetaGet);
}

TEST_F(MetaParserTest, FaultsHaveMemcachedsWords) {
  const std::string bad_line = "CLIENT_ERROR bad command line format\r\n";
  for (const char* line : {"mg", "ms k", "md", "ma", "me ", "ms k S3", "ms k -1", "ms k 2147483646",
                           "mg k !", "mg k {", "mg k F-1", "mg k Fx", "ma k !"}) {
    EXPECT_EQ(Fault(line), bad_line) << line;
  }
  EXPECT_EQ(Fault("mg " + std::string(251, 'k') + " v"), bad_line);
  EXPECT_EQ(Fault("ma " + std::string(251, 'k')), "CLIENT_ERROR invalid or duplicate flag\r\n");
  EXPECT_EQ(Fault("mg k v v"), "CLIENT_ERROR duplicate flag\r\n");
  EXPECT_EQ(Fault("mg k a"), "CLIENT_ERROR invalid flag\r\n");
  EXPECT_EQ(Fault("mg k v Z"), "CLIENT_ERROR invalid flag\r\n");
  EXPECT_EQ(Fault("mg k 1"), "CLIENT_ERROR invalid flag\r\n");
  EXPECT_EQ(Fault("mg k Jx"), "CLIENT_ERROR invalid numeric initial value\r\n");
  EXPECT_EQ(Fault("mg k D"), "CLIENT_ERROR invalid numeric delta value\r\n");
  for (const char* flag : {"T", "Tx", "N2147483648", "R1x", "C", "C-1", "E"}) {
    EXPECT_EQ(Fault(std::string("mg k ") + flag),
              "CLIENT_ERROR bad token in command line format\r\n")
        << flag;
    EXPECT_EQ(Fault(std::string("ma k ") + flag), "CLIENT_ERROR invalid or duplicate flag\r\n");
  }
  EXPECT_EQ(Fault("ma k v v"), "CLIENT_ERROR invalid or duplicate flag\r\n");
  EXPECT_EQ(Fault("ma k Mx"), "CLIENT_ERROR invalid mode for ma M token\r\n");
  EXPECT_EQ(Fault("mg k b"), "CLIENT_ERROR error decoding key\r\n");
  EXPECT_EQ(Fault("mg k O" + std::string(31, 'o')), "none\r\n");
  EXPECT_EQ(Fault("mg k O" + std::string(32, 'o')), "CLIENT_ERROR opaque token too long\r\n");
}

TEST_F(MetaParserTest, EighteenFlagsAreTheMost) {
  const std::string flags = " b s t c f v h l u q k x I MS F1 C1 T1 N1";
  EXPECT_EQ(Fault("mg Zm9v" + flags), "none\r\n");
  EXPECT_EQ(Fault("mg Zm9v" + flags + " E1"), "CLIENT_ERROR options flags are too long\r\n");
}

TEST_F(MetaParserTest, Base64Keys) {
  const Request& request = Parse("mg Zm9vYg== b k\r\n");
  EXPECT_EQ(request.key, "foob");
  EXPECT_EQ(request.meta->wire_key, "Zm9vYg==");
  const std::string longest(248, 'A');
  EXPECT_EQ(Parse("mg " + longest + " b\r\n").key, std::string(186, '\0'));
}

// Lines of one key and letters have a way of their own; a blank at the end keeps them off it.
TEST_F(MetaParserTest, ShortGetsAreTheSameBothWays) {
  const std::string key250(250, 'k');
  for (const std::string& line :
       {std::string("mg key v"), std::string("mg key k v q"), "mg " + key250 + " s v f c t h l u",
        std::string("mg a\rb v"), std::string("mg \xff v")}) {
    const Request slow = Parse(line + " \r\n");
    const uint64_t seen = slow.meta->seen;
    const std::string flags(slow.meta->flags);
    const std::string key(slow.key);
    for (const char* const end : {"\r\n", "\n"}) {
      const Request& request = Parse(line + end + "mg next v\r\nmn\r\n");
      ASSERT_EQ(request.op, Op::kMetaGet) << line;
      EXPECT_EQ(request.key, key);
      EXPECT_EQ(request.meta->wire_key, key);
      EXPECT_EQ(request.meta->flags, flags);
      EXPECT_EQ(request.meta->seen, seen);
      ASSERT_EQ(batch_.size(), 3u);
      EXPECT_EQ(batch_[1].key, "next");
      EXPECT_EQ(batch_[2].op, Op::kMetaNoop);
      EXPECT_EQ(consumed_, bytes_.size());
    }
  }
}

TEST_F(MetaParserTest, ShortGetsThatAreNone) {
  EXPECT_EQ(Fault("mg key v v"), "CLIENT_ERROR duplicate flag\r\n");
  EXPECT_EQ(Fault("mg key v !"), "CLIENT_ERROR bad command line format\r\n");
  EXPECT_EQ(Fault("mg key v z"), "CLIENT_ERROR invalid flag\r\n");
  EXPECT_EQ(Fault("mg key v Tx"), "CLIENT_ERROR bad token in command line format\r\n");
  EXPECT_EQ(Fault("mg " + std::string(251, 'k') + " v"),
            "CLIENT_ERROR bad command line format\r\n");
  EXPECT_EQ(Parse("mg key v s30\r\n").meta->flags, "v s30");
  EXPECT_EQ(Parse("mg Zm9v v b\r\n").key, "foo");
  const std::string line = "mg key k v\r\n";
  for (size_t size = 0; size < line.size(); ++size) {
    EXPECT_EQ(Parse(line.substr(0, size)).op, Op::kQuit) << size;
    EXPECT_EQ(consumed_, 0u);
  }
}

TEST_F(MetaParserTest, AValueWaitsForItsEnd) {
  EXPECT_EQ(Parse("ms key 5 T30 F7\r\nhell").op, Op::kQuit);
  EXPECT_EQ(consumed_, 0u);
  const Request& request = Parse("ms key 5 T30 F7\r\nhello\r\nmn\r\n");
  ASSERT_EQ(request.op, Op::kMetaSet);
  EXPECT_EQ(request.value, "hello");
  EXPECT_EQ(request.exptime, 30);
  EXPECT_EQ(request.client_flags, 7u);
  ASSERT_EQ(batch_.size(), 2u);
  EXPECT_EQ(batch_[1].op, Op::kMetaNoop);
}

TEST_F(MetaParserTest, AFaultyStoreSwallowsItsValue) {
  EXPECT_EQ(Parse("ms key 5 Mz\r\nhello\r\nmn\r\n").op, Op::kReject);
  ASSERT_EQ(batch_.size(), 2u);
  EXPECT_EQ(batch_[1].op, Op::kMetaNoop);
  // Not if its length is unknown.
  EXPECT_EQ(Parse("ms key S5\r\nmn\r\n").op, Op::kReject);
  EXPECT_EQ(batch_[1].op, Op::kMetaNoop);
}

}  // namespace
}  // namespace rat_memcache::protocol
