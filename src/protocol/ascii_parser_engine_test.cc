// The commands that change how the engine works while it runs.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <string_view>

#include <gtest/gtest.h>

#include "protocol/ascii_parser.h"

namespace rat_memcache::protocol {
namespace {

class AsciiParserEngineTest : public ::testing::Test {
 protected:
  // The only request of a line. What it says refers to the line.
  Request Parse(std::string_view line) {
    batch_.Clear();
    const AsciiParser::Progress progress = parser_.Parse(line, &batch_);
    EXPECT_EQ(progress.consumed, line.size()) << line;
    EXPECT_FALSE(progress.close) << line;
    EXPECT_EQ(batch_.size(), 1u) << line;
    return batch_[0];
  }

  AsciiParser parser_;
  RequestBatch batch_;
};

TEST_F(AsciiParserEngineTest, CacheMemlimitTakesMegabytes) {
  Request request = Parse("cache_memlimit 64\r\n");
  EXPECT_EQ(request.op, Op::kCacheMemlimit);
  EXPECT_EQ(request.number, 64u);
  EXPECT_FALSE(request.noreply);
  request = Parse("cache_memlimit  1024  noreply \n");
  EXPECT_EQ(request.op, Op::kCacheMemlimit);
  EXPECT_EQ(request.number, 1024u);
  EXPECT_TRUE(request.noreply);
  EXPECT_EQ(Parse("cache_memlimit 0\r\n").number, 0u);
  EXPECT_EQ(Parse("cache_memlimit 4294967295\r\n").number, 4294967295u);
}

TEST_F(AsciiParserEngineTest, CacheMemlimitThatIsWrongIsUnknown) {
  for (const char* line :
       {"cache_memlimit\r\n", "cache_memlimit x\r\n", "cache_memlimit 64x\r\n",
        "cache_memlimit -5\r\n", "cache_memlimit 1.5\r\n", "cache_memlimit 4294967296\r\n",
        "cache_memlimi 64\r\n", "cache_memlimits 64\r\n"}) {
    const Request request = Parse(line);
    EXPECT_EQ(request.op, Op::kReject) << line;
    EXPECT_EQ(request.reject, Reject::kUnknownCommand) << line;
    EXPECT_FALSE(request.noreply) << line;
  }
  // noreply silences an error as well.
  for (const char* line : {"cache_memlimit noreply\r\n", "cache_memlimit x noreply\r\n"}) {
    const Request request = Parse(line);
    EXPECT_EQ(request.op, Op::kReject) << line;
    EXPECT_TRUE(request.noreply) << line;
  }
}

TEST_F(AsciiParserEngineTest, LruKeepsItsArguments) {
  Request request = Parse("lru eviction S3Fifo\r\n");
  EXPECT_EQ(request.op, Op::kLru);
  EXPECT_EQ(request.value, "eviction S3Fifo");
  EXPECT_EQ(Parse("lru\r\n").op, Op::kLru);
  EXPECT_EQ(Parse("lru\r\n").value, "");
  EXPECT_EQ(Parse("lru tune 10 20 0.2 2.0\r\n").value, "tune 10 20 0.2 2.0");
  EXPECT_EQ(Parse("lru  eviction lru \n").value, "eviction lru");
}

TEST_F(AsciiParserEngineTest, HaveNamesForTheLog) {
  EXPECT_EQ(WordOf(Op::kCacheMemlimit), "cache_memlimit");
  EXPECT_EQ(WordOf(Op::kLru), "lru");
  EXPECT_EQ(WordOf(Op::kQuit), "quit");
  EXPECT_EQ(WordOf(Op::kReject), "reject");
}

}  // namespace
}  // namespace rat_memcache::protocol
