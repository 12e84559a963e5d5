// Requests in, replies out, without a socket. What a client sees in full is in tests/transcripts/.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/executor.h"

#include <algorithm>
#include <string>

#include "command/executor_for_test.h"
#include "command/exptime.h"

namespace rat_memcache::command {
namespace {

class ExecutorTest : public ExecutorForTest {
 protected:
  ExecutorTest() { Open(); }
};

TEST_F(ExecutorTest, PipelinesAreAnsweredInOrder) {
  std::string requests;
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const std::string key = "key" + std::to_string(i);
    requests += "set " + key + " 0 0 1\r\nv\r\nget " + key + "\r\n";
    expected += "STORED\r\nVALUE " + key + " 0 1\r\nv\r\nEND\r\n";
  }
  EXPECT_EQ(Talk(requests), expected);
}

TEST_F(ExecutorTest, StreamedValuesAreStoredAndPinned) {
  const std::string value(300'000, 'x');
  EXPECT_EQ(Talk("set big 7 0 300000\r\n" + value + "\r\nversion\r\n"),
            "STORED\r\nVERSION 1.6.45\r\n");
  EXPECT_TRUE(Talk("get big\r\n") == "VALUE big 7 300000\r\n" + value + "\r\nEND\r\n");
  EXPECT_EQ(Talk("add big 7 0 300000 noreply\r\n" + value + "\r\nappend big 0 0 1\r\n!\r\n"),
            "STORED\r\n");
  EXPECT_TRUE(Talk("get big\r\n") == "VALUE big 7 300001\r\n" + value + "!\r\nEND\r\n");
}

TEST_F(ExecutorTest, AValueThatIsTooLargeTakesTheOldOneWithItOnlyForSet) {
  const std::string value(1'048'577, 'x');
  const std::string tail = " 0 0 " + std::to_string(value.size()) + "\r\n" + value + "\r\n";
  for (const std::string command : {"add", "replace", "append", "prepend"}) {
    Talk("set k 0 0 1\r\na\r\n");
    EXPECT_EQ(Talk(command + " k" + tail), "SERVER_ERROR object too large for cache\r\n");
    EXPECT_EQ(Talk("get k\r\n"), "VALUE k 0 1\r\na\r\nEND\r\n") << command;
  }
  EXPECT_EQ(Talk("set k" + tail), "SERVER_ERROR object too large for cache\r\n");
  EXPECT_EQ(Talk("get k\r\n"), "END\r\n");
}

TEST_F(ExecutorTest, QuitStopsWhatFollows) {
  EXPECT_EQ(Talk("version\r\nquit\r\nset k 0 0 1\r\na\r\n"), "VERSION 1.6.45\r\n");
  EXPECT_TRUE(closed_);
}

TEST_F(ExecutorTest, StatsHaveMemcachedsNumberOfLines) {
  const auto lines = [](const std::string& text) {
    return std::count(text.begin(), text.end(), '\n') - 1;  // END
  };
  EXPECT_EQ(lines(Talk("stats\r\n")), 93);
  EXPECT_EQ(lines(Talk("stats settings\r\n")), 77);
  EXPECT_EQ(Talk("stats res\r\n"), "RESET\r\n");
  EXPECT_EQ(Talk("stats nonsense\r\n"), "ERROR\r\n");
}

TEST(Exptime, FollowsMemcachedsRules) {
  constexpr int64_t kUnixAtZero = 1'700'000'000;
  constexpr uint32_t kNow = 1000;
  EXPECT_EQ(ResolveExptime(0, kNow, kUnixAtZero), 0u);
  EXPECT_EQ(ResolveExptime(5, kNow, kUnixAtZero), 1005u);
  EXPECT_EQ(ResolveExptime(2592000, kNow, kUnixAtZero), 2593000u);
  EXPECT_EQ(ResolveExptime(2592001, kNow, kUnixAtZero), 1u);
  EXPECT_EQ(ResolveExptime(-1, kNow, kUnixAtZero), 1u);
  EXPECT_EQ(ResolveExptime(1'700'000'000, kNow, kUnixAtZero), 1u);
  EXPECT_EQ(ResolveExptime(1'700'001'005, kNow, kUnixAtZero), 1005u);
}

}  // namespace
}  // namespace rat_memcache::command
