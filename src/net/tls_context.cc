// SPDX-License-Identifier: LGPL-3.0-or-later
#include "net/tls_context.h"

#include <array>
#include <filesystem>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string_view>
#include <system_error>
#include <utility>

namespace rat_memcache::net {
namespace {

using ClientCert = ListenerTraits::ClientCert;

// What strangers can make us keep: sessions of all clients together, and the certificates that one
// client sends in a handshake.
constexpr long kSessionsMax = 4096;
constexpr long kClientCertsMax = 32 << 10;

std::string Absolute(const std::string& path) {
  if (path.empty()) return path;
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.string();
}

int VerifyMode(config::TlsOptions::Verify verify) {
  using Verify = config::TlsOptions::Verify;
  switch (verify) {
    case Verify::kNone:
      return SSL_VERIFY_NONE;
    case Verify::kRequest:
      return SSL_VERIFY_PEER;
    case Verify::kRequire:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    case Verify::kOnce:
      return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT | SSL_VERIFY_CLIENT_ONCE;
  }
  return SSL_VERIFY_NONE;
}

int ProtocolVersion(int min_version) {
  constexpr std::array kVersions = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
  return kVersions.at(static_cast<size_t>(min_version));
}

// A server in the background has nobody to ask for the password of a key.
int NoPassword(char* /*buffer*/, int /*size*/, int /*for_writing*/, void* /*unused*/) { return 0; }

Error Fault(const std::string& what, const std::string& next_step) {
  return Error{what + " : " + TakeOpenSslError() + next_step, kExitUsage};
}

}  // namespace

std::string TakeOpenSslError() {
  std::array<char, 256> text{};
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no further reason";
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

void TlsContext::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

TlsContext::TlsContext(const config::TlsOptions& options)
    : options_(options),
      chain_cert_(Absolute(options.chain_cert)),
      key_(Absolute(options.key)),
      ca_cert_(Absolute(options.ca_cert)) {}

TlsContext::~TlsContext() = default;

Result<std::unique_ptr<TlsContext>> TlsContext::Open(const config::TlsOptions& options) {
  std::unique_ptr<TlsContext> context(new TlsContext(options));
  if (Status status = context->Reload(); !status.ok()) return status.error();
  return context;
}

Status TlsContext::Reload() {
  // A new context: readers of the old one would see its parts change one by one, and what fails
  // half way must leave nothing behind.
  auto loaded = Load();
  if (!loaded.ok()) return loaded.error();
  Handle handle = std::move(loaded).value();
  MutexLock lock(&mutex_);
  // The old one goes with `handle`, after the lock.
  std::swap(current_, handle);
  loaded_at_ = std::chrono::steady_clock::now();
  return Done{};
}

int64_t TlsContext::SecondsSinceLoad() const {
  MutexLock lock(&mutex_);
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() -
                                                          loaded_at_)
      .count();
}

Result<TlsContext::Handle> TlsContext::Load() const {
  ERR_clear_error();
  Handle handle(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const context = handle.get();
  if (context == nullptr) return Fault("Error initializing the TLS context", "");

  uint64_t features = SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION;
#ifdef SSL_OP_IGNORE_UNEXPECTED_EOF
  // Many clients close without a word; a request that is cut off is not executed in any case.
  features |= SSL_OP_IGNORE_UNEXPECTED_EOF;
#endif
#ifdef SSL_OP_ENABLE_KTLS
  if (options_.kernel_tls) features |= SSL_OP_ENABLE_KTLS;
#endif
  if (!options_.session_cache) features |= SSL_OP_NO_TICKET;
  SSL_CTX_set_options(context, features);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  // Header and body of a record with one read. The kernel's TLS hands out whole records.
  SSL_CTX_set_read_ahead(context, options_.kernel_tls ? 0 : 1);
  SSL_CTX_set_max_cert_list(context, kClientCertsMax);
  if (SSL_CTX_set_min_proto_version(context, ProtocolVersion(options_.min_version)) != 1) {
    return Fault("Error setting ssl_min_version", "; choose 0 to 3");
  }
  if (options_.session_cache) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER);
    SSL_CTX_sess_set_cache_size(context, kSessionsMax);
  } else {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
  }
  if (Status status = LoadFiles(context); !status.ok()) return status.error();
  SSL_CTX_set_verify(context, VerifyMode(options_.verify), nullptr);
  if (!options_.ciphers.empty() &&
      SSL_CTX_set_cipher_list(context, options_.ciphers.c_str()) != 1) {
    return Fault("Error setting the provided cipher(s): " + options_.ciphers,
                 "; `openssl ciphers` lists names for ssl_ciphers");
  }
  return handle;
}

// In memcached's order and words.
Status TlsContext::LoadFiles(ssl_ctx_st* context) const {
  SSL_CTX_set_default_passwd_cb(context, NoPassword);
  if (SSL_CTX_use_certificate_chain_file(context, chain_cert_.c_str()) != 1) {
    return Fault("Error loading the certificate chain: " + options_.chain_cert, "");
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_.c_str(), options_.key_format) != 1) {
    return Fault("Error loading the key: " + options_.key, "");
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return Fault("Error validating the certificate", "");
  }
  if (options_.ca_cert.empty()) return Done{};
  if (SSL_CTX_load_verify_locations(context, ca_cert_.c_str(), nullptr) != 1) {
    return Fault("Error loading the CA certificate: " + options_.ca_cert, "");
  }
  // The context owns the list.
  SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(ca_cert_.c_str()));
  return Done{};
}

std::unique_ptr<TlsStream> TlsContext::Accept(Socket::native_handle_type socket,
                                              ClientCert client_cert) {
  Handle context;
  {
    MutexLock lock(&mutex_);
    SSL_CTX_up_ref(current_.get());
    context.reset(current_.get());
  }
  ERR_clear_error();
  SSL* const ssl = SSL_new(context.get());
  if (ssl == nullptr) return nullptr;
  auto stream = std::make_unique<TlsStream>(ssl);
  std::string_view sessions = "memcached";
  if (client_cert == ClientCert::kNone) {
    sessions = "memcached-btls";
    SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
  } else if (client_cert == ClientCert::kRequired) {
    sessions = "memcached-mtls";
    SSL_set_verify(ssl, VerifyMode(config::TlsOptions::Verify::kRequire), nullptr);
  }
  SSL_set_session_id_context(ssl, reinterpret_cast<const unsigned char*>(sessions.data()),
                             static_cast<unsigned>(sessions.size()));
  if (SSL_set_fd(ssl, static_cast<int>(socket)) != 1) return nullptr;
  return stream;
}

}  // namespace rat_memcache::net
