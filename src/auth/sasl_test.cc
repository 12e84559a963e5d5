// SPDX-License-Identifier: LGPL-3.0-or-later
#include "auth/sasl.h"

#include <string>

#include <gtest/gtest.h>

#include "auth/cram_md5.h"
#include "auth/crypto.h"
#include "auth/scram.h"
#include "base/base64.h"

namespace rat_memcache::auth {
namespace {

using Status = SaslReply::Status;

std::shared_ptr<const Users> UsersOf(std::string_view text) {
  return std::make_shared<const Users>(
      std::move(Users::Parse(text, UsersFormat::kSaslPasswords, "f")).value());
}
Status StatusOf(std::string_view mechanism, std::string_view message,
                std::string_view users = "user:pass\n") {
  return BeginSasl(mechanism, UsersOf(users))->Step(message).status;
}
// With NUL in it.
std::string Plain(const std::string& authzid, const std::string& user, const std::string& pass) {
  return authzid + '\0' + user + '\0' + pass;
}
std::string Base64(std::string_view bytes) {
  std::string text(Base64Size(bytes.size()), '\0');
  WriteBase64(text.data(), bytes);
  return text;
}
std::string FromBase64(std::string_view text) {
  std::string bytes(text.size() / 4 * 3, '\0');
  bytes.resize(ReadBase64(bytes.data(), text).value());
  return bytes;
}

TEST(Sasl, MechanismsDependOnThePasswords) {
  EXPECT_EQ(SaslMechanisms(*UsersOf("u:p\n")), "SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN");
  EXPECT_EQ(SaslMechanisms(*UsersOf("u:$pbkdf2-sha256$1$c2FsdA==$" + Base64(std::string(32, 'h')))),
            "SCRAM-SHA-256 PLAIN");
  EXPECT_EQ(BeginSasl("LOGIN", UsersOf("")), nullptr);
  EXPECT_EQ(BeginSasl("", UsersOf("")), nullptr);
}

TEST(Sasl, Plain) {
  EXPECT_EQ(StatusOf("PLAIN", Plain("", "user", "pass")), Status::kDone);
  EXPECT_EQ(StatusOf("PLAIN", Plain("me", "user", "pass")), Status::kDone);
  EXPECT_EQ(StatusOf("PLAIN", Plain("", "user@realm", "pass")), Status::kDone);
  EXPECT_EQ(StatusOf("PLAIN", Plain("", "a@b", "pass"), "a:x\na@b:pass\n"), Status::kDone);
  for (const std::string& message :
       {Plain("", "user", "wrong"), Plain("", "user", ""), Plain("", "nobody", "pass"),
        Plain("", "user", "pass") + '\0', std::string("user pass"), std::string("\0user", 5),
        Plain("", "user@", "wrong"), Plain("user", "", "pass")}) {
    EXPECT_EQ(StatusOf("PLAIN", message), Status::kFailed) << message;
  }
  EXPECT_EQ(StatusOf("PLAIN", Plain("", "user", ""), "user:\n"), Status::kFailed);
}

TEST(Sasl, PlainMayBeginWithNothing) {
  const auto exchange = BeginSasl("PLAIN", UsersOf("user:pass\n"));
  EXPECT_EQ(exchange->Step("").status, Status::kGoOn);
  EXPECT_EQ(exchange->Step(Plain("", "user", "pass")).status, Status::kDone);
  const auto silent = BeginSasl("PLAIN", UsersOf("user:pass\n"));
  EXPECT_EQ(silent->Step("").status, Status::kGoOn);
  EXPECT_EQ(silent->Step("").status, Status::kFailed);
  EXPECT_EQ(silent->Step(Plain("", "user", "pass")).status, Status::kFailed) << "no second try";
}

TEST(Sasl, CramMd5IsThatOfRfc2195) {
  const auto users = UsersOf("tim:tanstaaftanstaaf\n");
  const std::string challenge = "<1896.697170952@postoffice.reston.mci.net>";
  const auto status = [&](std::string_view message) {
    CramMd5Exchange exchange(users, challenge);
    const SaslReply first = exchange.Step("");
    EXPECT_EQ(first.status, Status::kGoOn);
    EXPECT_EQ(first.challenge, challenge);
    return exchange.Step(message).status;
  };
  EXPECT_EQ(status("tim b913a602c7eda7a495b4e6e7334d3890"), Status::kDone);
  EXPECT_EQ(status("tim@realm b913a602c7eda7a495b4e6e7334d3890"), Status::kDone);
  EXPECT_EQ(status("tim b913a602c7eda7a495b4e6e7334d3891"), Status::kFailed);
  EXPECT_EQ(status("tom b913a602c7eda7a495b4e6e7334d3890"), Status::kFailed);
  EXPECT_EQ(status("tim"), Status::kFailed);
  EXPECT_EQ(status(""), Status::kFailed);
  EXPECT_EQ(StatusOf("CRAM-MD5", "tim x"), Status::kFailed) << "the server begins";
}

TEST(Sasl, CramMd5ChallengesAreFresh) {
  const auto users = UsersOf("u:p\n");
  const std::string first = BeginSasl("CRAM-MD5", users)->Step("").challenge;
  EXPECT_TRUE(first.starts_with('<') && first.ends_with('>'));
  EXPECT_NE(first, BeginSasl("CRAM-MD5", users)->Step("").challenge);
}

// The client's side, from RFC 5802's formulas.
struct ScramClient {
  Hash hash;
  std::string password;
  std::string first_bare;
  std::string server_first = {};
  std::string without_proof = {};

  std::string Attribute(char name) const {
    const std::string mark = {',', name, '='};
    const std::string text = "," + server_first;
    const size_t at = text.find(mark) + 3;
    return text.substr(at, text.find(',', at) - at);
  }
  std::string Salted() const {
    return Pbkdf2(hash, password, FromBase64(Attribute('s')),
                  static_cast<uint32_t>(std::stoul(Attribute('i'))));
  }
  std::string AuthMessage() const { return first_bare + "," + server_first + "," + without_proof; }
  std::string Final(const std::string& header = "n,,") {
    without_proof = "c=" + Base64(header) + ",r=" + Attribute('r');
    const std::string key = Hmac(hash, Salted(), "Client Key");
    std::string proof = Hmac(hash, Digest(hash, key), AuthMessage());
    for (size_t i = 0; i < proof.size(); ++i) {
      proof[i] = static_cast<char>(proof[i] ^ key[i]);
    }
    return without_proof + ",p=" + Base64(proof);
  }
  std::string ServerSignature() const {
    return "v=" + Base64(Hmac(hash, Hmac(hash, Salted(), "Server Key"), AuthMessage()));
  }
};

TEST(Scram, TheTestsClientIsThatOfRfc5802) {
  ScramClient client{
      .hash = Hash::kSha1, .password = "pencil", .first_bare = "n=user,r=fyko+d2lbbFgONRv9qkxdawL"};
  client.server_first = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
  EXPECT_EQ(client.Final(),
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
            "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
  EXPECT_EQ(client.ServerSignature(), "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
}

TEST(Scram, ServerIsThatOfRfc7677) {
  const std::string salt = "W22ZaJ0SNY7soEsUEjb6gQ==";
  const auto users =
      UsersOf("user:$pbkdf2-sha256$4096$" + salt + "$" +
              Base64(Pbkdf2(Hash::kSha256, "pencil", FromBase64(salt), 4096)) + "\n");
  ScramExchange exchange(Hash::kSha256, users, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
  const SaslReply first = exchange.Step("n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  EXPECT_EQ(first.status, Status::kGoOn);
  EXPECT_EQ(first.challenge,
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  const SaslReply second = exchange.Step(
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
      "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_EQ(second.status, Status::kGoOn);
  EXPECT_EQ(second.challenge, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
  EXPECT_EQ(exchange.Step("").status, Status::kDone);
  EXPECT_EQ(exchange.Step("").status, Status::kFailed);
}

class ScramTest : public ::testing::TestWithParam<Hash> {
 protected:
  // How it ends if the client believes in this password.
  Status LogIn(const std::string& password, const std::string& name = "user",
               const std::string& header = "n,,", const std::string& users = "user:pass\n") {
    ScramClient client{
        .hash = GetParam(), .password = password, .first_bare = "n=" + name + ",r=abc"};
    ScramExchange exchange(GetParam(), UsersOf(users), "xyz");
    const SaslReply first = exchange.Step(header + client.first_bare);
    if (first.status != Status::kGoOn) return first.status;
    client.server_first = first.challenge;
    const SaslReply final = exchange.Step(client.Final(header));
    if (final.status != Status::kGoOn) return final.status;
    EXPECT_EQ(final.challenge, client.ServerSignature());
    return exchange.Step("").status;
  }
};

TEST_P(ScramTest, ProvesThePassword) {
  EXPECT_EQ(LogIn("pass"), Status::kDone);
  EXPECT_EQ(LogIn("pass", "user@realm"), Status::kDone);
  EXPECT_EQ(LogIn("pass", "user", "y,,"), Status::kDone);
  EXPECT_EQ(LogIn("pass", "user", "n,a=other,"), Status::kDone);
  EXPECT_EQ(LogIn("pass", "a=2Cb=3Dc", "n,,", "a,b=c:pass\n"), Status::kDone);
  EXPECT_EQ(LogIn("wrong"), Status::kFailed);
  EXPECT_EQ(LogIn(""), Status::kFailed);
  EXPECT_EQ(LogIn("", "nobody"), Status::kFailed) << "an unknown user's password is not empty";
  EXPECT_EQ(LogIn("pass", "user", "p=tls-unique,,"), Status::kFailed);
  EXPECT_EQ(LogIn("pass", "a=2cb"), Status::kFailed);
}

TEST_P(ScramTest, AnUnknownUserLooksLikeAnother) {
  const auto users = UsersOf("user:pass\n");
  const auto first = [&](const std::string& name) {
    return ScramExchange(GetParam(), users, "xyz").Step("n,,n=" + name + ",r=abc").challenge;
  };
  EXPECT_EQ(first("nobody"), first("nobody"));
  EXPECT_EQ(first("user"), first("user"));
  EXPECT_NE(first("user"), first("nobody"));
  EXPECT_EQ(first("user").size(), first("nobody").size());
}

TEST_P(ScramTest, MayBeginWithNothing) {
  ScramExchange exchange(GetParam(), UsersOf("user:pass\n"), "xyz");
  const SaslReply empty = exchange.Step("");
  EXPECT_EQ(empty.status, Status::kGoOn);
  EXPECT_EQ(empty.challenge, "");
  EXPECT_EQ(exchange.Step("n,,n=user,r=abc").status, Status::kGoOn);
}

TEST_P(ScramTest, MalformedMessagesFail) {
  for (const char* first : {"n", "n,", "n,,", "x,,n=user,r=abc", "n,,r=abc,n=user", "n,,n=user",
                            "n,,n=user,r=", "n,b,n=user,r=abc", "n,,m=x,n=user,r=abc",
                            "n,,n=us=er,r=abc", "n,,n=user=,r=abc"}) {
    ScramExchange exchange(GetParam(), UsersOf("user:pass\n"), "xyz");
    EXPECT_EQ(exchange.Step(first).status, Status::kFailed) << first;
    EXPECT_EQ(exchange.Step(first).status, Status::kFailed) << "no second try";
  }
  const std::string proof(GetParam() == Hash::kSha1 ? 20 : 32, 'p');
  for (const std::string& final :
       {std::string(), std::string("c=biws,r=abcxyz"), std::string("c=biws,r=abcxyz,p="),
        std::string("c=biws,r=abcxyz,p=!"), std::string("c=biws,r=abcxyz,p=c2hvcnQ="),
        "c=biws,r=abc,p=" + Base64(proof), "c=eSws,r=abcxyz,p=" + Base64(proof),
        "r=abcxyz,c=biws,p=" + Base64(proof), "c=biws,r=abcxyz,p=" + Base64(proof)}) {
    ScramExchange exchange(GetParam(), UsersOf("user:pass\n"), "xyz");
    EXPECT_EQ(exchange.Step("n,,n=user,r=abc").status, Status::kGoOn);
    EXPECT_EQ(exchange.Step(final).status, Status::kFailed) << final;
  }
}

INSTANTIATE_TEST_SUITE_P(Hashes, ScramTest, ::testing::Values(Hash::kSha1, Hash::kSha256));

TEST(Scram, HashedPasswordsServeOnlyTheirHash) {
  const auto users = UsersOf("user:$pbkdf2-sha256$5000$c2FsdA==$" +
                             Base64(Pbkdf2(Hash::kSha256, "pass", "salt", 5000)) + "\n");
  EXPECT_EQ(ScramExchange(Hash::kSha256, users, "xyz").Step("n,,n=user,r=abc").challenge,
            "r=abcxyz,s=c2FsdA==,i=5000");
  ScramClient client{.hash = Hash::kSha1, .password = "", .first_bare = "n=user,r=abc"};
  ScramExchange exchange(Hash::kSha1, users, "xyz");
  client.server_first = exchange.Step("n,," + client.first_bare).challenge;
  EXPECT_EQ(exchange.Step(client.Final()).status, Status::kFailed);
}

}  // namespace
}  // namespace rat_memcache::auth
