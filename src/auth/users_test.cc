// SPDX-License-Identifier: LGPL-3.0-or-later
#include "auth/users.h"

#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "auth/crypto.h"
#include "auth/users_file.h"

namespace rat_memcache::auth {
namespace {

constexpr std::string_view kMalformed =
    "Authfile [f] has a malformed entry. Should be 'user:password'";

Users UsersOf(std::string_view text, UsersFormat format = UsersFormat::kAuthFile) {
  return std::move(Users::Parse(text, format, "f")).value();
}
std::string ErrorOf(std::string_view text, UsersFormat format = UsersFormat::kAuthFile) {
  const auto users = Users::Parse(text, format, "f");
  return users.ok() ? "" : users.error().message;
}

TEST(Users, NameAndPasswordMustBothBeRight) {
  const Users users = UsersOf("foo:bar\nbaz:\nx:a:b c\n");
  EXPECT_TRUE(users.Check("foo", "bar"));
  EXPECT_TRUE(users.Check("baz", ""));
  EXPECT_TRUE(users.Check("x", "a:b c"));
  for (const auto& [name, password] :
       std::vector<std::pair<std::string, std::string>>{{"foo", "ba"},
                                                        {"foo", "barr"},
                                                        {"foo", ""},
                                                        {"fo", "bar"},
                                                        {"", ""},
                                                        {"", "bar"},
                                                        {"baz", "bar"},
                                                        {"FOO", "bar"}}) {
    EXPECT_FALSE(users.Check(name, password)) << name << ":" << password;
  }
}

TEST(Users, ANameMayHaveTwoPasswords) {
  const Users users = UsersOf("foo:old\nfoo:new\n");
  EXPECT_TRUE(users.Check("foo", "old"));
  EXPECT_TRUE(users.Check("foo", "new"));
}

TEST(Users, LinesEndAsTheyLike) {
  for (const char* text : {"foo:bar", "foo:bar\n", "foo:bar\r\n", "a:b\r\nfoo:bar\r\n"}) {
    EXPECT_TRUE(UsersOf(text).Check("foo", "bar")) << text;
  }
  EXPECT_FALSE(UsersOf("").Check("", ""));
}

TEST(Users, LinesWithoutAColonAreMalformed) {
  for (const std::string& text :
       {std::string("foo"), std::string("foo\n"), std::string("\n"), std::string("foo:bar\n\n"),
        std::string("foo\nbar:baz\n"), std::string("f\0o:bar", 7), std::string("fo:b\0r", 6)}) {
    EXPECT_EQ(ErrorOf(text), kMalformed) << text;
  }
}

TEST(Users, EntriesHaveALargestSize) {
  const std::string longest = "u:" + std::string(Users::kEntryMax - 2, 'p');
  EXPECT_EQ(ErrorOf(longest + "\n"), "");
  EXPECT_EQ(ErrorOf(longest + "p\n"),
            "Authfile [f] has an entry of more than 255 bytes: make name or password shorter");
}

TEST(Users, OfAnAuthFileTheFirstEightCount) {
  std::string text;
  for (int i = 0; i < 8; ++i) {
    text += "u" + std::to_string(i) + ":p\n";
  }
  const Users users = UsersOf(text + "u8:p\nnonsense\n");
  EXPECT_TRUE(users.Check("u7", "p"));
  EXPECT_FALSE(users.Check("u8", "p"));
  EXPECT_TRUE(UsersOf(text + "u8:p\n", UsersFormat::kSaslPasswords).Check("u8", "p"));
}

TEST(Users, SaslPasswordsEndAtAColon) {
  const Users users = UsersOf("# users\n\nfoo:bar:::::\nx:y\n", UsersFormat::kSaslPasswords);
  EXPECT_TRUE(users.Check("foo", "bar"));
  EXPECT_TRUE(users.Check("x", "y"));
  EXPECT_EQ(ErrorOf("foo\n", UsersFormat::kSaslPasswords), kMalformed);
}

// The first is RFC 7677's user, the second was made by passlib.
TEST(Users, PasswordsMayBeHashed) {
  const Users users = UsersOf(
      "user:$pbkdf2-sha256$4096$W22ZaJ0SNY7soEsUEjb6gQ==$"
      "xKSVEDI6tPlSysH6mUQZOeeOp01r6B3fcJbodRPcYV0="
      "\npasslib:$pbkdf2-sha256$6400$0ZrzXitFSGltTQnBWOsdAw$"
      "Y11AchqV4b0sUisdZd0Xr97KWoymNE0LNNrnEgY4H9M"
      "\nplain:p\n");
  EXPECT_TRUE(users.Check("user", "pencil"));
  EXPECT_TRUE(users.Check("passlib", "password"));
  EXPECT_TRUE(users.Check("plain", "p"));
  EXPECT_FALSE(users.Check("user", "password"));
  EXPECT_FALSE(users.Check("user", ""));
  EXPECT_FALSE(users.Check("nobody", ""));
  EXPECT_TRUE(users.any_plain());
}

TEST(Users, HashesMustBeWhole) {
  const std::string hash = "xKSVEDI6tPlSysH6mUQZOeeOp01r6B3fcJbodRPcYV0=";
  const std::string wrong =
      "Authfile [f] has a malformed entry. Should be "
      "'user:$pbkdf2-sha256$<1 to 100000 iterations>$<salt>$<hash>'";
  EXPECT_EQ(ErrorOf("u:$pbkdf2-sha256$100000$c2FsdA==$" + hash), "");
  for (const std::string& tail : std::vector<std::string>{
           std::string(), std::string("1"), std::string("1$c2FsdA=="), "0$c2FsdA==$" + hash,
           "100001$c2FsdA==$" + hash, "x$c2FsdA==$" + hash, "1$$" + hash, "1$c2FsdA==$",
           "1$c2FsdA==$c2FsdA==", "1$c2FsdA==$" + hash + hash, "1$!!!!$" + hash,
           "1$c2FsdA==$" + hash + "$"}) {
    EXPECT_EQ(ErrorOf("u:$pbkdf2-sha256$" + tail + "\n"), wrong) << tail;
  }
  EXPECT_EQ(ErrorOf("u:$other$1$a$b\n"), "") << "a password as any other";
}

class UsersFileTest : public ::testing::Test {
 protected:
  ~UsersFileTest() override { std::remove(path_.c_str()); }
  void Write(const std::string& text) { std::ofstream(path_, std::ios::binary) << text; }

  const std::string path_ = ::testing::TempDir() + "rat_users_" +
                            ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(UsersFileTest, CannotBeOpened) {
  const auto file = UsersFile::Open(path_, UsersFormat::kAuthFile);
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().message,
            "Could not open authfile [" + path_ + "] for reading, error No such file or directory");
  EXPECT_EQ(file.error().exit_code, 1);
  EXPECT_FALSE(UsersFile::Open(::testing::TempDir(), UsersFormat::kAuthFile).ok());
}

TEST_F(UsersFileTest, IsReadAgain) {
  Write("foo:bar\n");
  const auto file = std::move(UsersFile::Open(path_, UsersFormat::kAuthFile)).value();
  EXPECT_TRUE(file->Check("foo", "bar"));
  Write("foo:new\n");
  EXPECT_TRUE(file->Check("foo", "bar")) << "not before it is told";
  EXPECT_TRUE(file->Reload().ok());
  EXPECT_FALSE(file->Check("foo", "bar"));
  EXPECT_TRUE(file->Check("foo", "new"));

  Write("nonsense\n");
  const Status reloaded = file->Reload();
  ASSERT_FALSE(reloaded.ok());
  EXPECT_EQ(reloaded.error().message,
            "Authfile [" + path_ + "] has a malformed entry. Should be 'user:password'");
  EXPECT_TRUE(file->Check("foo", "new")) << "a faulty file locks nobody out";
}

TEST_F(UsersFileTest, HasALargestSize) {
  Write(std::string((1 << 20) + 5000, ':'));
  EXPECT_EQ(UsersFile::Open(path_, UsersFormat::kAuthFile).error().message,
            "Authfile [" + path_ + "] has more than 1 MiB: is it the right file?");
}

TEST_F(UsersFileTest, IsReadAgainWhileOthersLogIn) {
  Write("foo:bar\n");
  const auto file = std::move(UsersFile::Open(path_, UsersFormat::kAuthFile)).value();
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 500; ++n) {
        EXPECT_TRUE(file->Check("foo", "bar"));
      }
    });
  }
  for (int n = 0; n < 200; ++n) {
    EXPECT_TRUE(file->Reload().ok());
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST(Crypto, KnowsItsFunctions) {
  // RFC 6070, 2 iterations; RFC 2202, case 2.
  EXPECT_EQ(Pbkdf2(Hash::kSha1, "password", "salt", 2),
            "\xea\x6c\x01\x4d\xc7\x2d\x6f\x8c\xcd\x1e\xd9\x2a\xce\x1d\x41\xf0\xd8\xde\x89\x57");
  EXPECT_EQ(Hmac(Hash::kMd5, "Jefe", "what do ya want for nothing?"),
            "\x75\x0c\x78\x3e\x6a\xb0\xb5\x03\xea\xa8\x6e\x31\x0a\x5d\xb7\x38");
  EXPECT_EQ(Digest(Hash::kSha256, "abc").substr(0, 4), "\xba\x78\x16\xbf");
  EXPECT_TRUE(SameSecret("a", "a"));
  EXPECT_FALSE(SameSecret("a", "ab"));
  EXPECT_NE(RandomBytes(16), RandomBytes(16));
}

}  // namespace
}  // namespace rat_memcache::auth
