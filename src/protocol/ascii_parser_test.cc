// SPDX-License-Identifier: LGPL-3.0-or-later
#include "protocol/ascii_parser.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "protocol/request_text.h"

namespace rat_memcache::protocol {
namespace {

// What a connection does: keeps what was not consumed, and presents it again with more behind it.
class Feeder {
 public:
  void Feed(std::string_view bytes) {
    if (closed_) return;
    buffer_.append(bytes);
    for (;;) {
      batch_.Clear();
      const AsciiParser::Progress progress = parser_.Parse(buffer_, &batch_);
      for (const Request& request : batch_) {
        text_ += TextOf(request, &body_);
      }
      buffer_.erase(0, progress.consumed);
      if (progress.close) {
        closed_ = true;
        text_ += "close\n";
      }
      if (closed_ || (progress.consumed == 0 && batch_.empty())) return;
    }
  }
  const std::string& text() const { return text_; }
  const AsciiParser& parser() const { return parser_; }
  size_t unconsumed() const { return buffer_.size(); }

 private:
  AsciiParser parser_;
  RequestBatch batch_;
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

const std::string kUnknown = "reject0\n";
const std::string kBadLine = "reject1\n";
const std::string kBadChunk = "reject2\n";
const std::string kBadExptime = "reject3\n";
const std::string kBadDelta = "reject4\n";
const std::string kKey250(250, 'k');
const std::string kKey251(251, 'k');

TEST(AsciiParser, Retrieval) {
  EXPECT_EQ(Parse("get a\r\n"), "get a\n");
  EXPECT_EQ(Parse("get a\n"), "get a\n");
  EXPECT_EQ(Parse("gets a  b   c \r\n"), "gets a ...\ngets b ...\ngets c\n");
  EXPECT_EQ(Parse("gat 10 a b\r\n"), "gat a exptime=10 ...\ngat b exptime=10\n");
  EXPECT_EQ(Parse("gats -1 a\r\n"), "gats a exptime=-1\n");
  EXPECT_EQ(Parse("get a\rb \t\x01\xff\r\n"), "get a\rb ...\nget \t\x01\xff\n");
  EXPECT_EQ(Parse("get " + kKey250 + "\r\n"), "get " + kKey250 + "\n");
  EXPECT_EQ(Parse("get HTTP/1.1\r\n"), "get HTTP/1.1\n");
}

TEST(AsciiParser, RetrievalThatIsWrong) {
  for (const char* line :
       {"get\r\n", "get  \r\n", "gets\r\n", "gat\r\n", "gat 10\r\n", "gat 10 \r\n"}) {
    EXPECT_EQ(Parse(line), kBadLine) << line;
  }
  EXPECT_EQ(Parse("get " + kKey251 + "\r\nversion\r\n"), kBadLine + "version\n");
  EXPECT_EQ(Parse("get a b " + kKey251 + " c\r\n"), kBadLine);
  EXPECT_EQ(Parse("gat x a\r\n"), kBadExptime);
  EXPECT_EQ(Parse("gat +1 a\r\n"), kBadExptime);
}

TEST(AsciiParser, ManyKeysComeInSeveralBatches) {
  std::string line = "get";
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    line += " key" + std::to_string(i);
    expected += "get key" + std::to_string(i) + (i == 999 ? "\n" : " ...\n");
  }
  EXPECT_EQ(Parse(line + "\r\nversion\r\n"), expected + "version\n");
  // One bad key spoils the whole line, also behind the first batch.
  EXPECT_EQ(Parse(line + " " + kKey251 + "\r\nversion\r\n"), kBadLine + "version\n");
}

TEST(AsciiParser, Storage) {
  EXPECT_EQ(Parse("set k 1 2 3\r\nabc\r\n"), "set k flags=1 exptime=2 value=abc\n");
  EXPECT_EQ(Parse("set k 0 0 0\r\n\r\n"), "set k value=\n");
  EXPECT_EQ(Parse("add k 0 0 2 noreply\n\r\n\r\n"), "add k value=\r\n noreply\n");
  EXPECT_EQ(Parse("cas k 0 -1 1 18446744073709551615\r\nx\r\n"),
            "cas k exptime=-1 number=18446744073709551615 value=x\n");
  EXPECT_EQ(Parse("replace k +5 +7 1 extra words\r\nx\r\n"),
            "replace k flags=5 exptime=7 value=x\n");
  EXPECT_EQ(Parse("append k 4294967296 4294967297 1\r\nx\r\n"), "append k exptime=1 value=x\n");
}

TEST(AsciiParser, StorageWhoseLengthIsUnknownSwallowsNothing) {
  for (const char* line :
       {"set k 0 0\r\n", "set k\r\n", "set k 0 0 x\r\n", "set k 0 0 -1\r\n", "set k 0 0 +1\r\n",
        "set k 0 0 2147483646\r\n", "set k 0 0 99999999999\r\n", "set k 0 0 noreply\r\n"}) {
    EXPECT_EQ(Parse(std::string(line) + "version\r\n"), kBadLine + "version\n") << line;
  }
}

TEST(AsciiParser, OtherFaultsSwallowTheValue) {
  for (const std::string& line :
       {std::string("set k x 0 1"), std::string("set k -1 0 1"), std::string("set k 0 x 1"),
        std::string("set k 18446744073709551616 0 1"), "set " + kKey251 + " 0 0 1",
        std::string("cas k 0 0 1 x"), std::string("cas k 0 0 1 -1")}) {
    EXPECT_EQ(Parse(line + "\r\n!\r\nversion\r\n"), kBadLine + "version\n") << line;
    EXPECT_EQ(Parse(line + " noreply\r\n!\r\nversion\r\n"), "version\n") << line;
  }
  EXPECT_EQ(Parse("cas k 0 0 1\r\n!\r\nversion\r\n"), kBadLine + "version\n");
  EXPECT_EQ(Parse("cas k 0 0 1 noreply\r\n!\r\nversion\r\n"), "version\n");
}

TEST(AsciiParser, BadChunkUsesUpExactlyItsLength) {
  EXPECT_EQ(Parse("set k 0 0 3\r\nabcde\r\nversion\r\n"), kBadChunk + kBadLine + "version\n");
  EXPECT_EQ(Parse("set k 0 0 3 noreply\r\nabcde\r\nversion\r\n"), kBadLine + "version\n");
}

TEST(AsciiParser, LargeValuesAreStreamed) {
  const std::string value(AsciiParser::kStreamedFrom, 'v');
  const std::string head = "set k 3 0 " + std::to_string(value.size()) + "\r\n";
  const std::string streamed = "set k flags=3 streamed=" + std::to_string(value.size()) + "\n";
  EXPECT_EQ(Parse(head + value + "\r\nversion\r\n"),
            streamed + "body_end ok " + value + "\nversion\n");
  EXPECT_EQ(Parse(head + value + "xyversion\r\n"),
            streamed + "body_end bad " + value + "\nversion\n");

  Feeder feeder;
  feeder.Feed(head);
  EXPECT_EQ(feeder.unconsumed(), 0u);
  EXPECT_EQ(feeder.parser().body_missing(), value.size());
  feeder.Feed(value.substr(0, 100));
  EXPECT_EQ(feeder.unconsumed(), 0u) << "a streamed value is never collected";
  EXPECT_EQ(feeder.parser().body_missing(), value.size() - 100);
}

TEST(AsciiParser, SaysHowMuchItNeeds) {
  RequestBatch batch;
  AsciiParser parser;
  const std::string head = "set k 0 0 1000\r\n";
  EXPECT_EQ(parser.Parse(head, &batch).consumed, 0u);
  EXPECT_EQ(parser.wanted(), head.size() + 1002);
}

TEST(AsciiParser, SimpleCommands) {
  EXPECT_EQ(Parse("delete k\r\n"), "delete k\n");
  EXPECT_EQ(Parse("delete k 0 noreply\r\n"), "delete k noreply\n");
  EXPECT_EQ(Parse("delete k noreply 0\r\n"), "delete k\n");
  EXPECT_EQ(Parse("incr k 5\r\n"), "incr k number=5\n");
  EXPECT_EQ(Parse("decr k 18446744073709551615 noreply\r\n"),
            "decr k number=18446744073709551615 noreply\n");
  EXPECT_EQ(Parse("touch k -5\r\n"), "touch k exptime=-5\n");
  EXPECT_EQ(Parse("flush_all\r\n"), "flush_all\n");
  EXPECT_EQ(Parse("flush_all noreply\r\n"), "flush_all noreply\n");
  EXPECT_EQ(Parse("flush_all 10 noreply\r\n"), "flush_all exptime=10 noreply\n");
  EXPECT_EQ(Parse("stats settings  x\r\n"), "stats args=settings  x\n");
  EXPECT_EQ(Parse("version foo\r\nquit\r\n"), "version\nquit\n");
  EXPECT_EQ(Parse("verbosity 2\r\n"), "verbosity number=2\n");
}

TEST(AsciiParser, SimpleCommandsThatAreWrong) {
  for (const char* line : {"delete\r\n", "incr\r\n", "incr n\r\n", "touch k\r\n", "verbosity\r\n",
                           "verbosity x\r\n", "\r\n", "\n", "a\r\n", " \r\n", "mn\n"}) {
    EXPECT_EQ(Parse(line), kBadLine) << line;
  }
  EXPECT_EQ(Parse("incr k x\r\n"), kBadDelta);
  EXPECT_EQ(Parse("incr k -1\r\n"), kBadDelta);
  EXPECT_EQ(Parse("incr k x noreply\r\n"), "");
  EXPECT_EQ(Parse("touch k x\r\n"), kBadExptime);
  EXPECT_EQ(Parse("flush_all x\r\n"), "flush_all malformed\n");
  EXPECT_EQ(Parse("delete " + kKey251 + "\r\n"), kBadLine);
  for (const char* line :
       {"foo bar\r\n", "  get foo\r\n", "GET foo\r\n", "getx foo\r\n", "foo noreply\r\n"}) {
    EXPECT_EQ(Parse(line), kUnknown) << line;
  }
}

TEST(AsciiParser, OtherProtocolsAreClosed) {
  EXPECT_EQ(Parse("GET / HTTP/1.1\r\nHost: x\r\n"), "close\n");
  EXPECT_EQ(Parse("version\r\nPOST /x HTTP/1.0\r\n"), "version\nclose\n");
  // Only the first byte of a connection is a sign.
  EXPECT_EQ(Parse("version\r\n\x80xyz\r\n"), "version\n" + kUnknown);
}

TEST(AsciiParser, LongLinesWithoutAnEnd) {
  EXPECT_EQ(Parse(std::string(2048, 'x')), "");
  EXPECT_EQ(Parse(std::string(2049, 'x')), "close\n");
  EXPECT_EQ(Parse("gat 1 " + std::string(2049, 'x')), "close\n");
  EXPECT_EQ(Parse("get " + std::string(100'000, 'x')), "");
  EXPECT_EQ(Parse("gets " + std::string(100'000, ' ')), "");
  EXPECT_EQ(Parse(std::string(100, ' ') + "get " + std::string(3000, 'x')), "");
  EXPECT_EQ(Parse(std::string(101, ' ') + "get " + std::string(3000, 'x')), "close\n");
  EXPECT_EQ(Parse(std::string(3000, ' ')), "close\n");
  // Whole when it comes, it is a line like any other.
  EXPECT_EQ(Parse(std::string(3000, 'x') + "\r\n"), kUnknown);
  std::string keys;
  for (int i = 0; i < 1000; ++i) {
    keys += " k" + std::to_string(i);
  }
  EXPECT_EQ(Parse("gat 1" + keys + "\r\n").substr(0, 12), "gat k0 expti");
}

TEST(AsciiParser, ABatchEndsAfterItsLines) {
  const std::string input = "get a b c\r\nset k 0 0 1\r\nx\r\nversion\r\nversion\r\n";
  AsciiParser parser;
  RequestBatch batch;
  batch.Clear(2);
  const size_t consumed = parser.Parse(input, &batch).consumed;
  EXPECT_EQ(batch.size(), 4u);
  EXPECT_EQ(batch.lines_left(), 0u);
  EXPECT_EQ(input.substr(consumed), "version\r\nversion\r\n");
}

// The same requests, however the bytes are cut.
TEST(AsciiParser, FragmentationChangesNothing) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  // With line ends, since the bytes may be read as commands and a long line is the one exception.
  std::string large;
  while (large.size() < AsciiParser::kStreamedFrom) {
    large += "line of a large value\n";
  }
  const std::string pieces[] = {
      "get a b c\r\n",
      "get " + kKey251 + "\r\n",
      "gat 5 x y\r\n",
      "set k 0 0 5\r\nhello\r\n",
      "set k 0 0 5 noreply\r\nhelloX\r\n",
      "set k a 0 20\r\n",
      "set k 0 0 -1\r\n",
      "append k 0 0 " + std::to_string(large.size()) + "\r\n" + large + "\r\n",
      "cas k 1 2 3 4\r\nabc\r\n",
      "incr n 1\r\n",
      "\r\n",
      "\n",
      "nonsense\r\n",
      " ",
      "delete k noreply\n",
      "stats settings\r\n",
      std::string("\x00\xff\r", 3),
      "flush_all 1\r\n",
  };
  for (int round = 0; round < 60; ++round) {
    std::string input;
    for (int i = 0; i < 20; ++i) {
      input += pieces[random() % std::size(pieces)];
    }
    const std::string whole = Parse(input);
    Feeder bytewise;
    Feeder cut;
    for (const char c : input) {
      bytewise.Feed({&c, 1});
    }
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
