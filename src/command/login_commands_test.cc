// SPDX-License-Identifier: LGPL-3.0-or-later
#include "command/login_commands.h"

#include <cstdio>
#include <fstream>
#include <string>

#include "command/binary_replies_for_test.h"
#include "command/executor_for_test.h"
#include "protocol/binary_request_for_test.h"

namespace rat_memcache::command {
namespace {

using protocol::Spoken;
using protocol::binary::HeaderText;
using protocol::binary::Opcode;
using protocol::binary::Packet;
using protocol::binary::StoreExtras;

const std::string kNoop = Packet(Opcode::kNoop);
const std::string kUnauthenticated = "CLIENT_ERROR unauthenticated\r\n";
const std::string kRefused = "10:32 Auth failure.\n";

class LoginCommandsTest : public ExecutorForTest {
 protected:
  LoginCommandsTest() {
    std::ofstream(path_) << "user:pass\nother:word\n";
    Open();
    users_ = std::move(auth::UsersFile::Open(path_, auth::UsersFormat::kAuthFile)).value();
    context_.users = users_.get();
  }
  ~LoginCommandsTest() override { std::remove(path_.c_str()); }

  std::string Ask(std::string_view bytes) { return TextOfReplies(Talk(bytes)); }
  static std::string Login(const std::string& words) {
    return "set any any any " + std::to_string(words.size()) + "\r\n" + words + "\r\n";
  }
  static std::string Plain(const std::string& user, const std::string& password) {
    return Packet(Opcode::kSaslAuth, "PLAIN", "", '\0' + user + '\0' + password);
  }
  uint64_t Counter(observe::Count what) const { return counters_.Sum()[what]; }

  const std::string path_ = ::testing::TempDir() + "rat_logins_" +
                            ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::unique_ptr<auth::UsersFile> users_;
};

TEST_F(LoginCommandsTest, TextNeedsALoginFirst) {
  Connect(Spoken::kAscii);
  EXPECT_EQ(Talk("get foo\r\n"), kUnauthenticated);
  EXPECT_EQ(Talk("version\r\n"), kUnauthenticated);
  EXPECT_EQ(Talk("set foo 0 0 x\r\n"), kUnauthenticated);
  EXPECT_EQ(Talk(Login("user pass")), "STORED\r\n");
  EXPECT_EQ(Talk("get foo\r\n"), "END\r\n");
  EXPECT_EQ(Talk("set foo 0 0 3\r\nabc\r\n"), "STORED\r\n") << "stored, this time";
  EXPECT_EQ(Talk("get foo\r\n"), "VALUE foo 0 3\r\nabc\r\nEND\r\n");
  EXPECT_EQ(Counter(observe::Count::kAuthCmds), 1u);
  EXPECT_EQ(Counter(observe::Count::kAuthErrors), 0u);
}

TEST_F(LoginCommandsTest, TextLoginsFail) {
  Connect(Spoken::kAscii);
  EXPECT_EQ(Talk(Login("user wrong")), "CLIENT_ERROR authentication failure\r\n");
  EXPECT_EQ(Talk(Login("pass user")), "CLIENT_ERROR authentication failure\r\n");
  EXPECT_EQ(Talk("get foo\r\n"), kUnauthenticated);
  for (const char* words : {"user", "user ", " user", "", " "}) {
    EXPECT_EQ(Talk(Login(words)), "CLIENT_ERROR bad authentication token format\r\n") << words;
  }
  EXPECT_EQ(Talk("set a b c 99999\r\n"), "CLIENT_ERROR auth token too long\r\n");
  EXPECT_EQ(Talk("set a b c 3\r\nu p!!"), "CLIENT_ERROR bad command line termination\r\n");
  EXPECT_EQ(Talk(Login(" user  pass more ")), "STORED\r\n");
  EXPECT_EQ(Counter(observe::Count::kAuthCmds), 3u);
  EXPECT_EQ(Counter(observe::Count::kAuthErrors), 2u);
}

TEST_F(LoginCommandsTest, TextShortLinesClose) {
  Connect(Spoken::kAscii);
  EXPECT_EQ(Talk("stats\r\n"), kUnauthenticated);
  EXPECT_FALSE(closed_);
  EXPECT_EQ(Talk("quit\r\n"), "");
  EXPECT_TRUE(closed_);
}

TEST_F(LoginCommandsTest, APipelineBehindALoginIsUnderstood) {
  for (const size_t piece : {1, 3, 1000}) {
    Connect(Spoken::kAscii);
    const std::string input = Login("user wrong") + "get foo\r\n" + Login("user pass") +
                              "get foo\r\n" + Login("user pass") + "get any\r\n";
    std::string replies;
    for (size_t at = 0; at < input.size(); at += piece) {
      replies += Talk(std::string_view(input).substr(at, piece));
    }
    EXPECT_EQ(replies, "CLIENT_ERROR authentication failure\r\n" + kUnauthenticated +
                           "STORED\r\nEND\r\nCLIENT_ERROR bad command line format\r\nEND\r\n");
  }
}

TEST_F(LoginCommandsTest, EachConnectionLogsInForItself) {
  Connect(Spoken::kAscii);
  EXPECT_EQ(Talk(Login("user pass")), "STORED\r\n");
  Connect(Spoken::kAscii);
  EXPECT_EQ(Talk("get foo\r\n"), kUnauthenticated);
}

TEST_F(LoginCommandsTest, AFileReadAgainCounts) {
  Connect(Spoken::kAscii);
  std::ofstream(path_) << "user:new\n";
  ASSERT_TRUE(users_->Reload().ok());
  EXPECT_EQ(Talk(Login("user pass")), "CLIENT_ERROR authentication failure\r\n");
  EXPECT_EQ(Talk(Login("user new")), "STORED\r\n");
}

// A parser that was not told serves nobody either.
TEST_F(LoginCommandsTest, NothingIsCarriedOutWithoutALogin) {
  protocol::AsciiParser parser;
  protocol::RequestBatch batch;
  GatherBuffer out;
  const std::string input =
      "flush_all\r\nset k 0 0 1\r\nx\r\nget k\r\nmg k\r\nset k 0 0 40000\r\nxyz";
  parser.Parse(input, &batch);
  EXPECT_EQ(batch.size(), 6u);
  EXPECT_EQ(executor_->Run(&batch, &session_, &out), After::kGoOn);
  EXPECT_EQ(out.size(), 6 * kUnauthenticated.size());
  EXPECT_EQ(Counter(observe::Count::kCmdFlush) + Counter(observe::Count::kCmdSet), 0u);
}

TEST_F(LoginCommandsTest, BinaryServesLittleWithoutALogin) {
  Connect(Spoken::kBinary);
  EXPECT_EQ(Ask(Packet(Opcode::kVersion)), "11:0 1.6.45\n");
  EXPECT_EQ(Ask(Packet(Opcode::kSaslListMechs)), "32:0 SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN\n");
  EXPECT_FALSE(closed_);
  for (const std::string& packet :
       {kNoop, Packet(Opcode::kGet, "k"), Packet(Opcode::kGetQ, "k"), Packet(Opcode::kQuitQ),
        Packet(Opcode::kSetQ, "k", StoreExtras(0, 0), "v"),
        Packet(Opcode::kSet, "k", StoreExtras(0, 0), std::string(100'000, 'v')),
        Packet(Opcode::kStat), Packet(static_cast<Opcode>(0x77)), Packet(Opcode::kGet)}) {
    Connect(Spoken::kBinary);
    const auto replies = RepliesIn(Talk(packet + kNoop));
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_EQ(replies[0].status, protocol::binary::Status::kAuthFailure);
    EXPECT_EQ(replies[0].value, "Auth failure.");
    EXPECT_TRUE(closed_);
  }
  Connect(Spoken::kBinary);
  EXPECT_EQ(Ask(HeaderText(0x00, 1, 0, 0)), "0:129 Unknown command\n");
  EXPECT_TRUE(closed_);
}

TEST_F(LoginCommandsTest, BinaryPlain) {
  Connect(Spoken::kBinary);
  EXPECT_EQ(Ask(Plain("user", "wrong")), "33:32 Auth failure.\n");
  EXPECT_FALSE(closed_) << "there are further tries";
  EXPECT_EQ(Ask(Plain("user", "pass") + kNoop + Packet(Opcode::kGet, "k")),
            "33:0 Authenticated\n10:0\n0:1 Not found\n");
  EXPECT_EQ(Counter(observe::Count::kAuthCmds), 2u);
  EXPECT_EQ(Counter(observe::Count::kAuthErrors), 1u);
}

TEST_F(LoginCommandsTest, BinaryLoginsThatFailLogOut) {
  Connect(Spoken::kBinary);
  EXPECT_EQ(Ask(Plain("user", "pass") + kNoop), "33:0 Authenticated\n10:0\n");
  EXPECT_EQ(Ask(Packet(Opcode::kSaslListMechs) + kNoop),
            "32:0 SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN\n10:0\n");
  EXPECT_EQ(Ask(Plain("user", "wrong") + kNoop), "33:32 Auth failure.\n" + kRefused);
  EXPECT_TRUE(closed_);
}

TEST_F(LoginCommandsTest, BinaryMechanismsThatAreNone) {
  Connect(Spoken::kBinary);
  EXPECT_EQ(Ask(Packet(Opcode::kSaslAuth, "LOGIN", "", "x")), "33:32 Auth failure.\n");
  EXPECT_EQ(Ask(Packet(Opcode::kSaslStep, "PLAIN", "", "x")), "34:32 Auth failure.\n")
      << "nothing was begun";
  EXPECT_EQ(Ask(Packet(Opcode::kSaslAuth, std::string(33, 'm'), "", "x")),
            "33:4 Invalid arguments\n");
  EXPECT_EQ(Ask(Packet(Opcode::kSaslAuth, "PLAIN", "", std::string(16385, 'x'))),
            "33:130 Out of memory\n");
  EXPECT_FALSE(closed_);
  EXPECT_EQ(Ask(Packet(Opcode::kSaslAuth, "")), "33:32 Auth failure.\n");
  EXPECT_TRUE(closed_);
}

TEST_F(LoginCommandsTest, BinaryLoginsInSeveralSteps) {
  Connect(Spoken::kBinary);
  EXPECT_EQ(Ask(Packet(Opcode::kSaslAuth, "PLAIN")), "33:33\n");
  EXPECT_EQ(Ask(Packet(Opcode::kSaslStep, "PLAIN", "", std::string("\0user\0pass", 10)) + kNoop),
            "34:0 Authenticated\n10:0\n");

  Connect(Spoken::kBinary);
  auto replies = RepliesIn(Talk(Packet(Opcode::kSaslAuth, "CRAM-MD5")));
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(replies[0].status, protocol::binary::Status::kAuthContinues);
  EXPECT_TRUE(replies[0].value.starts_with("<")) << replies[0].value;
  EXPECT_EQ(Ask(Packet(Opcode::kSaslStep, "CRAM-MD5", "", "user 00")), "34:32 Auth failure.\n");
  EXPECT_EQ(Ask(Packet(Opcode::kSaslStep, "CRAM-MD5", "", "user 00")), "34:32 Auth failure.\n");

  replies = RepliesIn(Talk(Packet(Opcode::kSaslAuth, "SCRAM-SHA-256", "", "n,,n=user,r=abc")));
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(replies[0].status, protocol::binary::Status::kAuthContinues);
  EXPECT_TRUE(replies[0].value.starts_with("r=abc")) << replies[0].value;
  EXPECT_EQ(Ask(kNoop), kRefused) << "half a login is none";
  EXPECT_EQ(Counter(observe::Count::kAuthCmds), 3u);
}

}  // namespace
}  // namespace rat_memcache::command
