// What meta commands do and answer. Their transcripts, beside memcached, are in tests/transcripts/.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/meta_commands.h"

#include <string>

#include "command/executor_for_test.h"

namespace rat_memcache::command {
namespace {

class MetaCommandsTest : public ExecutorForTest {
 protected:
  MetaCommandsTest() { Open(); }
  // The CAS unique of an item.
  std::string CasOf(const std::string& key) {
    const std::string reply = Talk("mg " + key + " c\r\n");
    return reply.substr(4, reply.find_first_of(" \r", 4) - 4);  // HD c<n>...
  }
};

TEST_F(MetaCommandsTest, FlagsComeBackInTheOrderAsked) {
  EXPECT_EQ(Talk("ms foo 3 T90 F5\r\nabc\r\n"), "HD\r\n");
  EXPECT_EQ(Talk("mg foo s v f t k O1\r\n"), "VA 3 s3 f5 t90 kfoo O1\r\nabc\r\n");
  EXPECT_EQ(Talk("mg foo k t O1 s\r\n"), "HD kfoo t90 O1 s3\r\n");
  EXPECT_EQ(Talk("mg foo\r\n"), "HD\r\n");
  EXPECT_EQ(Talk("mg none k O1 v\r\n"), "EN knone O1\r\n");
  EXPECT_EQ(Talk("mg none q\r\nmg foo q s\r\nmn\r\n"), "HD s3\r\nMN\r\n");
  EXPECT_EQ(Talk("ms forever 1\r\nx\r\nmg forever t\r\n"), "HD\r\nHD t-1\r\n");
}

TEST_F(MetaCommandsTest, LargeValues) {
  const std::string value(300'000, 'x');
  EXPECT_EQ(Talk("ms big 300000 F9 k c s\r\n" + value + "\r\n"), "HD kbig c2 s300000\r\n");
  EXPECT_TRUE(Talk("mg big f v\r\n") == "VA 300000 f9\r\n" + value + "\r\n");
  EXPECT_TRUE(Talk("mg big v u N30\r\n") == "VA 300000\r\n" + value + "\r\n");
  EXPECT_EQ(Talk("ms big 300000 ME q\r\n" + value + "\r\n"), "NS\r\n");
  EXPECT_EQ(Talk("ms new 300000 ME q\r\n" + value + "\r\nmn\r\n"), "MN\r\n");
}

TEST_F(MetaCommandsTest, TimeIsShownWhereItStands) {
  Set("foo", 1, 100);
  EXPECT_EQ(Talk("mg foo t T300\r\n"), "HD t100\r\n");
  EXPECT_EQ(Talk("mg foo T500 t\r\n"), "HD t500\r\n");
  EXPECT_EQ(Talk("mg foo t\r\n"), "HD t500\r\n");
  EXPECT_EQ(StatOf("", "cmd_touch"), 2u);
  EXPECT_EQ(StatOf("", "cmd_get"), 1u);
}

TEST_F(MetaCommandsTest, FetchedAndIdleAreOfTheTimeBefore) {
  Set("foo", 1);
  Pass(3);
  EXPECT_EQ(Talk("mg foo h l u\r\n"), "HD h0 l3\r\n");
  EXPECT_EQ(Talk("mg foo h l\r\n"), "HD h0 l3\r\n");
  EXPECT_EQ(Talk("mg foo h T0\r\n"), "HD h1\r\n");
  Pass(100);
  EXPECT_EQ(Talk("mg foo l\r\n"), "HD l100\r\n");
  EXPECT_EQ(Talk("mg foo l\r\n"), "HD l0\r\n");
}

TEST_F(MetaCommandsTest, AMissIsMadeAndWonOnce) {
  EXPECT_EQ(Talk("mg foo N30 s v t\r\n"), "VA 0 s0 t30 W\r\n\r\n");
  EXPECT_EQ(Talk("mg foo N30 s v t\r\n"), "VA 0 s0 t30 Z\r\n\r\n");
  EXPECT_EQ(Talk("get foo\r\n"), "VALUE foo 0 0\r\n\r\nEND\r\n");
  EXPECT_EQ(Talk("ms foo 1 T90\r\nx\r\nmg foo v t\r\n"), "HD\r\nVA 1 t90\r\nx\r\n");
  EXPECT_EQ(StatOf("", "get_hits"), 4u);
  EXPECT_EQ(StatOf("", "get_misses"), 0u);
  EXPECT_EQ(Talk("mg ever N0 t E0 c\r\n"), "HD t-1 c0 W\r\n");
  EXPECT_EQ(Talk("mg chosen N9 E1234567890123 c\r\n"), "HD c1234567890123 W\r\n");
  EXPECT_EQ(CasOf("chosen"), "1234567890123");
}

TEST_F(MetaCommandsTest, OneClientIsToldToRecache) {
  Set("foo", 1, 40);
  EXPECT_EQ(Talk("mg foo R30\r\n"), "HD\r\n");
  Pass(15);
  EXPECT_EQ(Talk("mg foo R30\r\n"), "HD W\r\n");
  EXPECT_EQ(Talk("mg foo R30\r\n"), "HD Z\r\n");
  EXPECT_EQ(Talk("mg foo\r\n"), "HD Z\r\n");
  Set("foo", 1);
  EXPECT_EQ(Talk("mg foo R30\r\n"), "HD\r\n") << "never expires";
}

TEST_F(MetaCommandsTest, StaleItemsAreWonOnce) {
  Set("foo", 1, 40);
  const std::string cas = CasOf("foo");
  EXPECT_EQ(Talk("md foo I T30\r\n"), "HD\r\n");
  EXPECT_NE(CasOf("foo"), cas);
  EXPECT_EQ(Talk("mg foo t\r\n"), "HD t30 Z X\r\n") << "the mg above has won";
  EXPECT_EQ(Talk("md foo I\r\n"), "HD\r\n");
  EXPECT_EQ(Talk("mg foo t\r\n"), "HD t30 X W\r\n");
  EXPECT_EQ(Talk("mg foo t\r\n"), "HD t30 Z X\r\n");
  EXPECT_EQ(Talk("get foo\r\n"), "VALUE foo 0 1\r\nv\r\nEND\r\n");
  // A store with the old unique is stale from the start, with a newer one it is refused.
  EXPECT_EQ(Talk("ms foo 3 I C1\r\nold\r\n"), "HD\r\n");
  EXPECT_EQ(Talk("mg foo v t\r\n"), "VA 3 t30 Z X\r\nold\r\n");
  EXPECT_EQ(Talk("ms foo 3 I C99999\r\nnew\r\n"), "EX\r\n");
  EXPECT_EQ(Talk("ms foo 3 I C" + CasOf("foo") + "\r\nnew\r\n"), "HD\r\n");
  EXPECT_EQ(Talk("mg foo v t\r\n"), "VA 3 t-1\r\nnew\r\n");
}

TEST_F(MetaCommandsTest, WhoWinsAStaleItemSeesWhatWasBefore) {
  Set("foo", 1);
  Talk("md foo I\r\n");
  Pass(100);
  EXPECT_EQ(Talk("mg foo h l\r\n"), "HD h0 l100 X W\r\n");
  EXPECT_EQ(Talk("mg foo h l\r\n"), "HD h1 l0 Z X\r\n");
}

TEST_F(MetaCommandsTest, SetModes) {
  EXPECT_EQ(Talk("ms k 1 MR\r\na\r\n"), "NS\r\n");
  EXPECT_EQ(Talk("ms k 1 MR C5\r\na\r\n"), "NF\r\n");
  EXPECT_EQ(Talk("ms k 1 MA\r\na\r\n"), "NS\r\n");
  EXPECT_EQ(Talk("ms k 1 MA N30 T99 s\r\na\r\n"), "HD s1\r\n");
  EXPECT_EQ(Talk("mg k t\r\n"), "HD t30\r\n");
  EXPECT_EQ(Talk("ms k 2 MA N60 s\r\nbc\r\n"), "HD s3\r\n");
  EXPECT_EQ(Talk("ms k 2 MP s\r\n__\r\n"), "HD s5\r\n");
  EXPECT_EQ(Talk("mg k v t\r\n"), "VA 5 t30\r\n__abc\r\n");
  EXPECT_EQ(Talk("ms k 1 ME k O7 c s\r\nz\r\n"), "NS kk O7 c0 s1\r\n");
  EXPECT_EQ(Talk("ms k 1 MR\r\nz\r\n"), "HD\r\n");
  EXPECT_EQ(Talk("ms k 1 MA C1\r\nz\r\n"), "EX\r\n");
  EXPECT_EQ(Talk("ms k 1 C1 s c\r\nz\r\n"), "EX s1 c0\r\n");
  EXPECT_EQ(Talk("ms none 1 C1 q\r\nz\r\n"), "NF\r\n");
  EXPECT_EQ(Talk("ms k 1 E77 c\r\nz\r\n"), "HD c77\r\n");
  EXPECT_EQ(Talk("ms k 1 C77 E78\r\ny\r\n"), "HD\r\n");
  EXPECT_EQ(CasOf("k"), "78");
  EXPECT_EQ(StatOf("", "cas_hits"), 1u);
}

TEST_F(MetaCommandsTest, TooLargeRemovesInEveryMode) {
  for (const char* mode : {"MS", "ME", "MA", "MP", "MR"}) {
    Set("k", 1);
    EXPECT_EQ(
        Talk(std::string("ms k 1048577 q ") + mode + "\r\n" + std::string(1'048'577, 'x') + "\r\n"),
        "SERVER_ERROR object too large for cache\r\n");
    EXPECT_EQ(Talk("mg k\r\n"), "EN\r\n") << mode;
  }
  EXPECT_EQ(Talk("ms k 3 q\r\nabcde\r\n"),
            "CLIENT_ERROR bad data chunk\r\nCLIENT_ERROR bad command line format\r\n");
}

TEST_F(MetaCommandsTest, Deletions) {
  EXPECT_EQ(Talk("md k q k O1\r\n"), "NF kk O1\r\n");
  Set("k", 3, 50);
  EXPECT_EQ(Talk("md k C1 q\r\n"), "EX\r\n");
  EXPECT_EQ(Talk("md k q\r\nmn\r\n"), "MN\r\n");
  EXPECT_EQ(Talk("mg k\r\n"), "EN\r\n");
  EXPECT_EQ(StatOf("", "delete_hits"), 1u);
  EXPECT_EQ(Talk("ms k 3 F5 T50 c\r\nabc\r\n"), "HD c3\r\n");
  EXPECT_EQ(Talk("md k x\r\n"), "HD\r\n");
  EXPECT_EQ(Talk("mg k v f t c\r\n"), "VA 0 f0 t-1 c3\r\n\r\n");
  EXPECT_EQ(Talk("ms k 3 F5 T50\r\nabc\r\nmd k x I T30 F9 E1000\r\n"), "HD\r\nHD\r\n");
  EXPECT_EQ(Talk("mg k v f t c\r\n"), "VA 0 f9 t30 c1000 X W\r\n\r\n");
}

TEST_F(MetaCommandsTest, Arithmetic) {
  EXPECT_EQ(Talk("ma k\r\n"), "NF\r\n");
  EXPECT_EQ(Talk("ma k q k O1\r\n"), "NF kk O1\r\n");
  EXPECT_EQ(Talk("ma k N30 J13 v t\r\n"), "VA 2 t30\r\n13\r\n");
  EXPECT_EQ(Talk("ma k N90 J13 D10 v t\r\n"), "VA 2 t30\r\n23\r\n");
  EXPECT_EQ(Talk("ma k MD D20 v\r\n"), "VA 1\r\n3\r\n");
  EXPECT_EQ(Talk("get k\r\n"), "VALUE k 0 2\r\n3 \r\nEND\r\n");
  EXPECT_EQ(Talk("ma k M- D20 v\r\n"), "VA 1\r\n0\r\n");
  EXPECT_EQ(Talk("ma k t T60 q\r\nma k t T90\r\nma k T100 t\r\n"), "HD t60\r\nHD t100\r\n");
  EXPECT_EQ(Talk("ma k C1\r\n"), "EX\r\n");
  EXPECT_EQ(Talk("ma k E500 c\r\n"), "HD c500\r\n");
  EXPECT_EQ(Talk("ma k C500 c E501 k\r\n"), "HD c501 kk\r\n");
  EXPECT_EQ(CasOf("k"), "501");
  Set("text", 3);
  EXPECT_EQ(Talk("ma text q\r\n"),
            "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n");
  EXPECT_EQ(StatOf("", "incr_misses"), 2u);
}

TEST_F(MetaCommandsTest, Base64KeysAreRemembered) {
  EXPECT_EQ(Talk("ms Zm9v 1 b k\r\nx\r\n"), "HD kZm9v b\r\n");
  EXPECT_EQ(Talk("mg foo k\r\n"), "HD kZm9v b\r\n");
  EXPECT_EQ(Talk("mg Zm9v b k v\r\n"), "VA 1 kZm9v b\r\nx\r\n");
  EXPECT_EQ(Talk("mg bWlzcw== b k O1\r\n"), "EN kbWlzcw== b O1\r\n");
  EXPECT_EQ(Talk("md Zm9v b k\r\n"), "HD kZm9v b\r\n");
  Set("foo", 1);
  EXPECT_EQ(Talk("mg Zm9v b k\r\n"), "HD kfoo\r\n");
}

TEST_F(MetaCommandsTest, ACompareWithholdsTheValue) {
  Set("foo", 3);
  EXPECT_EQ(Talk("mg foo v C2 s\r\n"), "HD s3\r\n");
  EXPECT_EQ(Talk("mg foo v C3 s\r\n"), "VA 3 s3\r\nvvv\r\n");
}

TEST_F(MetaCommandsTest, DebugShowsTheItem) {
  EXPECT_EQ(Talk("me none\r\n"), "EN\r\n");
  Set("foo", 3, 100);
  Pass(5);
  EXPECT_EQ(Talk("me foo\r\n"), "ME foo exp=95 la=5 cas=2 fetch=no cls=1 size=65\r\n");
  EXPECT_EQ(StatOf("", "cmd_meta"), 2u);
}

}  // namespace
}  // namespace rat_memcache::command
