// SPDX-License-Identifier: LGPL-3.0-or-later
#include "replay/trace_file.h"

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace rat_memcache::replay {
namespace {

// What a file of these bytes gives, keys as "id" or as their text.
struct Taken {
  std::vector<std::string> keys;
  std::string error;
};

Taken Take(const std::string& bytes, TraceFormat format) {
  const std::string path = testing::TempDir() + "/replay.trace";
  std::ofstream(path, std::ios::binary) << bytes;
  const auto source = OpenTraceFile(path, format);
  EXPECT_TRUE(source.ok());
  Taken taken;
  for (TraceRequest request; source.value()->Next(&request);) {
    taken.keys.push_back(request.text.empty() ? std::to_string(request.id)
                                              : std::string(request.text));
  }
  if (source.value()->error()) taken.error = source.value()->error()->message;
  std::remove(path.c_str());
  return taken;
}

TEST(TraceFile, ReadsBigEndianNumbers) {
  const std::string bytes("\0\0\0\x01\xff\0\0\x02", 8);
  EXPECT_EQ(Take(bytes, TraceFormat::kBigEndian32).keys,
            (std::vector<std::string>{"1", "4278190082"}));
  EXPECT_EQ(Take(bytes, TraceFormat::kBigEndian64).keys, (std::vector<std::string>{"8573157378"}));
}

TEST(TraceFile, NoticesHalfANumber) {
  const Taken taken = Take(std::string("\0\0\0\x01\0\0", 6), TraceFormat::kBigEndian32);
  EXPECT_EQ(taken.keys.size(), 1u);
  EXPECT_NE(taken.error.find("ends within a number of 4 bytes"), std::string::npos);
}

TEST(TraceFile, ReadsLines) {
  const Taken taken = Take("# comment\na,1\r\n\nb 2 3\nc", TraceFormat::kText);
  EXPECT_EQ(taken.keys, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(taken.error, "");
}

TEST(TraceFile, ReadsLinesAcrossTheBuffersEnd) {
  std::string text;
  std::vector<std::string> keys;
  for (int i = 0; i < 100000; ++i) {
    keys.push_back("key-" + std::to_string(i));
    text += keys.back() + ",10\n";
  }
  EXPECT_EQ(Take(text, TraceFormat::kText).keys, keys);
}

TEST(TraceFile, NamesTheLineThatIsWrong) {
  const Taken taken = Take("a,1\nb,many\n", TraceFormat::kText);
  EXPECT_EQ(taken.keys.size(), 1u);
  EXPECT_NE(taken.error.find("line 2: write KEY"), std::string::npos);
}

TEST(TraceFile, SaysThatThereIsNone) {
  const auto source = OpenTraceFile("/nowhere/at-all", TraceFormat::kText);
  ASSERT_FALSE(source.ok());
  EXPECT_EQ(source.error().message, "cannot read /nowhere/at-all: No such file or directory");
}

TEST(TraceLine, HasSizeAndTtlIfItLikes) {
  TraceRequest request;
  ASSERT_TRUE(ParseTraceLine("user:1", &request));
  EXPECT_EQ(request.text, "user:1");
  EXPECT_FALSE(request.value_size.has_value());
  ASSERT_TRUE(ParseTraceLine("user:1, 100\t60", &request));
  EXPECT_EQ(request.value_size, 100u);
  EXPECT_EQ(request.ttl, 60u);
  for (const std::string& wrong :
       {std::string(",1"), std::string(251, 'k'), std::string("k,-1"), std::string("k,1048577"),
        std::string("k,1,soon"), std::string("k,1,2,3"), std::string("a\x01")}) {
    EXPECT_FALSE(ParseTraceLine(wrong, &request)) << wrong;
  }
}

}  // namespace
}  // namespace rat_memcache::replay
