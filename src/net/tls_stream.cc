// SPDX-License-Identifier: LGPL-3.0-or-later
#include "net/tls_stream.h"

#include <cerrno>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <system_error>

#include "net/tls_context.h"

namespace rat_memcache::net {

TlsStream::TlsStream(ssl_st* ssl) : ssl_(ssl) {}

TlsStream::~TlsStream() = default;

void TlsStream::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }

TlsStream::Outcome TlsStream::OutcomeOf(int result) {
  const int system_error = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE:
      return Outcome::kDone;
    case SSL_ERROR_WANT_READ:
      return Outcome::kWantsRead;
    case SSL_ERROR_WANT_WRITE:
      return Outcome::kWantsWrite;
    case SSL_ERROR_ZERO_RETURN:
      return Outcome::kClosed;
    case SSL_ERROR_SYSCALL:
      is_broken_ = true;
      if (system_error == 0 || ERR_peek_error() != 0) return Outcome::kClosed;
      error_text_ = std::system_category().message(system_error);
      return Outcome::kClosed;
    default:
      is_broken_ = true;
      error_text_ = TakeOpenSslError();
      return Outcome::kFailed;
  }
}

TlsStream::Outcome TlsStream::Handshake() {
  ERR_clear_error();
  const Outcome outcome = OutcomeOf(SSL_accept(ssl_.get()));
  is_up_ = outcome == Outcome::kDone;
  return outcome;
}

TlsStream::Outcome TlsStream::Read(char* to, size_t room, size_t* bytes) {
  *bytes = 0;
  if (!is_broken_) {
    ERR_clear_error();
    last_read_ = OutcomeOf(SSL_read_ex(ssl_.get(), to, room, bytes));
  }
  return last_read_;
}

TlsStream::Outcome TlsStream::Write(std::string_view bytes, size_t* written) {
  *written = 0;
  if (is_broken_) return Outcome::kFailed;
  ERR_clear_error();
  const Outcome outcome = OutcomeOf(SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), written));
  // Whoever reads must hear of it too, and not wait for more.
  if (is_broken_) last_read_ = Outcome::kFailed;
  return outcome;
}

void TlsStream::SayGoodbye() {
  if (is_broken_ || !is_up_) return;
  is_up_ = false;  // once is enough; a second time would wait for the peer's answer
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

bool TlsStream::has_pending() const { return SSL_has_pending(ssl_.get()) == 1; }

bool TlsStream::is_resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

}  // namespace rat_memcache::net
