// SPDX-License-Identifier: LGPL-3.0-or-later
#include "net/tls_context.h"

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>

namespace rat_memcache::net {
namespace {

namespace fs = std::filesystem;
using Outcome = TlsStream::Outcome;

// A client of OpenSSL's own, on the other end of a socket pair; neither side blocks.
class Client {
 public:
  Client() {
    ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_.data());
    SSL_set_fd(ssl_.get(), ends_[1]);
    SSL_set_connect_state(ssl_.get());
  }
  ~Client() {
    for (const int end : ends_) {
      ::close(end);
    }
  }
  int servers_end() const { return ends_[0]; }
  int own_end() const { return ends_[1]; }
  SSL* ssl() const { return ssl_.get(); }
  long ServersSerial() const {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        SSL_get1_peer_certificate(ssl_.get()), &X509_free);
    return ASN1_INTEGER_get(X509_get0_serialNumber(certificate.get()));
  }

 private:
  std::array<int, 2> ends_{-1, -1};
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{SSL_CTX_new(TLS_client_method()),
                                                                   &SSL_CTX_free};
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{SSL_new(context_.get()), &SSL_free};
};

class TlsContextTest : public ::testing::Test {
 protected:
  TlsContextTest() {
    // As in the server: who writes to a client that has gone gets an error.
    std::signal(SIGPIPE, SIG_IGN);
    options_ = {.enabled = true, .chain_cert = Path("chain.pem"), .key = Path("key.pem")};
    WritePair(1);
  }
  ~TlsContextTest() override {
    fs::remove(options_.chain_cert);
    fs::remove(options_.key);
  }

  static std::string Path(const std::string& name) {
    return ::testing::TempDir() + "rat_tls_context_test_" + name;
  }
  void WritePair(long serial) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                  &EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400);
    X509_set_pubkey(certificate.get(), key.get());
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    std::FILE* file = std::fopen(options_.chain_cert.c_str(), "w");
    PEM_write_X509(file, certificate.get());
    std::fclose(file);
    file = std::fopen(options_.key.c_str(), "w");
    PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
  }
  std::unique_ptr<TlsContext> Open() {
    auto opened = TlsContext::Open(options_);
    EXPECT_TRUE(opened.ok());
    return std::move(opened).value();
  }
  static std::unique_ptr<TlsStream> Accept(TlsContext* context, const Client& client) {
    return context->Accept(client.servers_end(), ListenerTraits::ClientCert::kAsConfigured);
  }
  // In turns, until both sides are content.
  static Outcome ShakeHands(TlsStream* server, const Client& client) {
    Outcome outcome = Outcome::kWantsRead;
    for (int i = 0; i < 20; ++i) {
      const int connected = SSL_do_handshake(client.ssl());
      if (outcome != Outcome::kDone) outcome = server->Handshake();
      if (outcome == Outcome::kFailed || (outcome == Outcome::kDone && connected == 1)) break;
    }
    return outcome;
  }
  void ExpectError(const std::string& text) {
    const auto opened = TlsContext::Open(options_);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().message.substr(0, text.size()), text);
    EXPECT_EQ(opened.error().exit_code, kExitUsage);
    EXPECT_EQ(opened.error().message.find('\n'), std::string::npos);
    EXPECT_EQ(ERR_peek_error(), 0U);  // nothing is left for somebody else to find
  }

  config::TlsOptions options_;
};

TEST_F(TlsContextTest, SaysWhatIsWrong) {
  const config::TlsOptions good = options_;
  options_.chain_cert = Path("none");
  ExpectError("Error loading the certificate chain: " + options_.chain_cert + " : error:");
  options_ = good;
  options_.key = good.chain_cert;
  ExpectError("Error loading the key: " + options_.key + " : error:");
  options_ = good;
  options_.ca_cert = good.key;
  ExpectError("Error loading the CA certificate: " + options_.ca_cert + " : error:");
  options_ = good;
  options_.ciphers = "NONSENSE";
  ExpectError("Error setting the provided cipher(s): NONSENSE : error:");
  options_ = good;
}

TEST_F(TlsContextTest, CarriesBytes) {
  const auto context = Open();
  const Client client;
  const auto server = Accept(context.get(), client);
  ASSERT_EQ(ShakeHands(server.get(), client), Outcome::kDone);
  std::array<char, 100> buffer{};
  size_t bytes = 0;
  EXPECT_EQ(server->Read(buffer.data(), buffer.size(), &bytes), Outcome::kWantsRead);
  ASSERT_EQ(SSL_write(client.ssl(), "0123456789", 10), 10);
  ASSERT_EQ(server->Read(buffer.data(), 4, &bytes), Outcome::kDone);
  EXPECT_EQ(std::string(buffer.data(), bytes), "0123");
  EXPECT_TRUE(server->has_pending());
  ASSERT_EQ(server->Read(buffer.data(), buffer.size(), &bytes), Outcome::kDone);
  EXPECT_EQ(std::string(buffer.data(), bytes), "456789");
  EXPECT_FALSE(server->has_pending());
  ASSERT_EQ(server->Write("answer", &bytes), Outcome::kDone);
  EXPECT_EQ(SSL_read(client.ssl(), buffer.data(), buffer.size()), 6);
  server->SayGoodbye();
  EXPECT_EQ(SSL_read(client.ssl(), buffer.data(), buffer.size()), 0);
  EXPECT_EQ(SSL_get_error(client.ssl(), 0), SSL_ERROR_ZERO_RETURN);
}

TEST_F(TlsContextTest, AWriteThatIsBlockedGoesOnFromAnotherPlace) {
  const auto context = Open();
  const Client client;
  const auto server = Accept(context.get(), client);
  ASSERT_EQ(ShakeHands(server.get(), client), Outcome::kDone);
  constexpr size_t kPiece = 16384;
  std::string text;
  for (int i = 0; text.size() < (4 << 20); ++i) {
    text += std::to_string(i);
  }
  size_t sent = 0;
  std::string received;
  std::array<char, 40000> buffer{};
  int blocked = 0;
  while (received.size() < text.size()) {
    size_t bytes = 0;
    // At another address every time.
    const std::string copy = text.substr(sent, kPiece);
    const Outcome outcome = copy.empty() ? Outcome::kWantsWrite : server->Write(copy, &bytes);
    ASSERT_TRUE(outcome == Outcome::kDone || outcome == Outcome::kWantsWrite);
    sent += bytes;
    if (outcome == Outcome::kDone) continue;
    ++blocked;
    for (int n; (n = SSL_read(client.ssl(), buffer.data(), buffer.size())) > 0;) {
      received.append(buffer.data(), static_cast<size_t>(n));
    }
  }
  EXPECT_GT(blocked, 2);
  EXPECT_TRUE(received == text);
}

TEST_F(TlsContextTest, WhoGoesOrTalksNonsenseIsNoted) {
  const auto context = Open();
  {
    const Client client;
    const auto server = Accept(context.get(), client);
    EXPECT_EQ(server->Handshake(), Outcome::kWantsRead);
    ::shutdown(client.own_end(), SHUT_WR);
    EXPECT_EQ(server->Handshake(), Outcome::kClosed);
  }
  {
    const Client client;
    const auto server = Accept(context.get(), client);
    ASSERT_EQ(::write(client.own_end(), "get key\r\n get key\r\n", 19), 19);
    EXPECT_EQ(server->Handshake(), Outcome::kFailed);
    EXPECT_NE(server->error_text(), "");
  }
  const Client client;
  const auto server = Accept(context.get(), client);
  ASSERT_EQ(ShakeHands(server.get(), client), Outcome::kDone);
  ASSERT_EQ(::write(client.own_end(), "\x17\x03\x03\x00\x05xxxxx", 10), 10);
  std::array<char, 10> buffer{};
  size_t bytes = 0;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(server->Read(buffer.data(), buffer.size(), &bytes), Outcome::kFailed);
    EXPECT_EQ(bytes, 0U);
    EXPECT_EQ(server->Write("x", &bytes), Outcome::kFailed);
  }
  server->SayGoodbye();
}

TEST_F(TlsContextTest, ReloadedFilesAreForThoseWhoComeLater) {
  const auto context = Open();
  const Client before;
  const auto server_before = Accept(context.get(), before);
  WritePair(2);
  ASSERT_TRUE(context->Reload().ok());
  const Client after;
  const auto server_after = Accept(context.get(), after);
  ASSERT_EQ(ShakeHands(server_before.get(), before), Outcome::kDone);
  ASSERT_EQ(ShakeHands(server_after.get(), after), Outcome::kDone);
  EXPECT_EQ(before.ServersSerial(), 1);
  EXPECT_EQ(after.ServersSerial(), 2);
}

TEST_F(TlsContextTest, AFailedReloadChangesNothing) {
  const auto context = Open();
  fs::remove(options_.key);
  const Status status = context->Reload();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message.find("Error loading the key: " + options_.key), 0U);
  const Client client;
  const auto server = Accept(context.get(), client);
  ASSERT_EQ(ShakeHands(server.get(), client), Outcome::kDone);
  EXPECT_EQ(client.ServersSerial(), 1);
  EXPECT_LT(context->SecondsSinceLoad(), 60);
}

}  // namespace
}  // namespace rat_memcache::net
