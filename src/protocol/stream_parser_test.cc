// The lines of the streaming protocol. What is done with them is in command/streaming_test.cc.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include "protocol/stream_parser.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "protocol/ascii_parser.h"
#include "protocol/request_text.h"

namespace rat_memcache::protocol {
namespace {

// All requests in `bytes`, each as a line; how many bytes are left stands behind them.
std::string Parse(std::string_view bytes, AsciiParser* parser) {
  std::string text;
  std::string body;
  for (;;) {
    RequestBatch batch;
    const auto progress = parser->Parse(bytes, &batch);
    for (const Request& request : batch) {
      text += TextOf(request, &body);
    }
    bytes.remove_prefix(progress.consumed);
    if (progress.consumed == 0) break;
  }
  return bytes.empty() ? text : text + "left " + std::to_string(bytes.size()) + "\n";
}
std::string Parse(std::string_view bytes) {
  AsciiParser parser;
  return Parse(bytes, &parser);
}

const std::string kBadLine = "reject1\n";  // NOLINT(cert-err58-cpp)

TEST(StreamParserTest, Downloads) {
  EXPECT_EQ(Parse("sget k\r\n"), "streaming_get k\n");
  EXPECT_EQ(Parse("streaming_get k 10\n"), "streaming_get k chunk_size=10\n");
  EXPECT_EQ(Parse("sgets  k  10 2 \r\n"), "streaming_gets k chunk_size=10 first=2\n");
  EXPECT_EQ(Parse("streaming_gets k 10 2 18446744073709551614\r\n"),
            "streaming_gets k chunk_size=10 first=2 cas=18446744073709551614\n");
  // What is wrong with these numbers is said only if the key is there.
  EXPECT_EQ(Parse("sget k x -1\r\n"), "streaming_get k chunk_size=? first=?\n");
  EXPECT_EQ(Parse("sget\r\n"), kBadLine);
  EXPECT_EQ(Parse("sget k 1 0 x\r\n"), kBadLine);
  EXPECT_EQ(Parse("sget k 1 0 5 6\r\n"), kBadLine);
  EXPECT_EQ(Parse("sget " + std::string(251, 'k') + "\r\n"), kBadLine);
}

TEST(StreamParserTest, BeginnersAndEnders) {
  EXPECT_EQ(Parse("set_begin k 10 2 5\r\n"), "set_begin k flags=5 total=10 count=2\n");
  EXPECT_EQ(Parse("set_begin k 10 2 5 noreply\r\n"),
            "set_begin k flags=5 total=10 count=2 noreply\n");
  EXPECT_EQ(Parse("set_begin k 10 2 5 -1 noreply\r\n"),
            "set_begin k flags=5 exptime=-1 total=10 count=2 noreply\n");
  EXPECT_EQ(Parse("set_end k\r\nset_abort k noreply\r\n"), "set_end k\nset_abort k noreply\n");
  EXPECT_EQ(Parse("set_end noreply\r\n"), "set_end noreply\n");
  for (const char* line :
       {"set_begin k 10 2", "set_begin k -1 2 0", "set_begin k 10 x 0", "set_begin k 10 2 x",
        "set_begin k 10 2 0 x", "set_begin k 10 2 0 0 x", "set_begin k 10 2 0 0 noreply x",
        "set_begin k 99999999999999999999 2 0", "set_end", "set_end k x", "set_abort",
        "set_begin k 10 2 noreply", "set_end k x noreply"}) {
    EXPECT_EQ(Parse(std::string(line) + "\r\n"), kBadLine) << line;
  }
  // Nobody is told, since the line has as many words as it should.
  EXPECT_EQ(Parse("set_begin k x 2 0 noreply\r\n"), "");
  EXPECT_EQ(Parse("set_begin k 10 2 0 x noreply\r\n"), "");
}

TEST(StreamParserTest, Chunks) {
  EXPECT_EQ(Parse("set_data k 1 3\r\nabc\r\n"), "set_data k value=abc chunk=1\n");
  EXPECT_EQ(Parse("set_data k 1 3 noreply\nabc\r\n"), "set_data k value=abc chunk=1 noreply\n");
  EXPECT_EQ(Parse("set_data k 1 3\r\nabcde"), "set_data k value=abc chunk=1 malformed\n");
  EXPECT_EQ(Parse("set_data k 1 3\r\nabc\r"), "left 20\n");
  EXPECT_EQ(Parse("set_data k 1 0\r\n\r\n"), "set_data k value= chunk=1\n");
  const std::string large(AsciiParser::kStreamedFrom, 'x');
  EXPECT_EQ(Parse("set_data k 1 32768\r\n" + large + "\r\nsget k\r\n"),
            "set_data k streamed=32768 chunk=1\nbody_end ok " + large + "\nstreaming_get k\n");
}

TEST(StreamParserTest, PayloadOfBadLinesIsSwallowedIfItsLengthIsReadable) {
  EXPECT_EQ(Parse("set_data k x 3\r\nabc\r\nsget k\r\n"),
            "set_data k value= bad_line\nstreaming_get k\n");
  EXPECT_EQ(Parse("set_data k x 3 noreply\r\nabc\r\nsget k\r\n"),
            "set_data k value= bad_line noreply\nstreaming_get k\n");
  EXPECT_EQ(Parse("set_data k 1 3 x\r\nabc\r\nsget k\r\n"), kBadLine + "streaming_get k\n");
  EXPECT_EQ(Parse("set_data k 1 3 x noreply\r\nabc\r\nsget k\r\n"), kBadLine + "streaming_get k\n");
  EXPECT_EQ(Parse("set_data " + std::string(251, 'k') + " 1 3\r\nabc\r\n"), kBadLine);
  // Nothing is swallowed, as of a set.
  EXPECT_EQ(Parse("set_data k 1\r\nsget k\r\n"), kBadLine + "streaming_get k\n");
  EXPECT_EQ(Parse("set_data k 1 -3\r\nsget k\r\n"),
            "set_data k value= chunk=1 bad_line\nstreaming_get k\n");
  EXPECT_EQ(Parse("set_data k 1 2147483646\r\nsget k\r\n"),
            "set_data k value= chunk=1 bad_line\nstreaming_get k\n");
}

TEST(StreamParserTest, WhatComesBehindADownloadWaits) {
  AsciiParser parser;
  RequestBatch batch;
  const std::string_view line = "get a\r\nsget k\r\n";
  EXPECT_EQ(parser.Parse("get a\r\nsget k\r\nget b\r\n", &batch).consumed, line.size());
  EXPECT_EQ(batch.size(), 2u);
}

TEST(StreamParserTest, SwitchedOffItsWordsAreUnknown) {
  AsciiParser parser;
  parser.AllowStreaming(false);
  EXPECT_EQ(Parse("sget k\r\nset_data k 0 3\r\nget k\r\n", &parser), "reject0\nreject0\nget k\n");
}

}  // namespace
}  // namespace rat_memcache::protocol
