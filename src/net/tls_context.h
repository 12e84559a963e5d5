// What our side of TLS is made of: certificate chain, key, accepted client CAs, and the rules of
// -o ssl_*. The files can be read again while connections are open: those keep what they began
// with.
//
// There is no renegotiation, and without ssl_session_cache no resumption. Sessions of listeners
// that ask differently of clients (mtls:, btls:) are kept apart, so that none is resumed where more
// is asked for.
//
// Threads: any.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "config/tls_options.h"
#include "net/listener_traits.h"
#include "net/socket.h"
#include "net/tls_stream.h"

struct ssl_ctx_st;

namespace rat_memcache::net {

// The oldest error that OpenSSL has noted on this thread, as text; forgets all of them.
std::string TakeOpenSslError();

class TlsContext {
 public:
  // The error is one line, memcached's words with OpenSSL's behind them.
  static Result<std::unique_ptr<TlsContext>> Open(const config::TlsOptions& options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // Reads the files again, for connections to come. On an error everything stays as it was.
  Status Reload();
  // Seconds since the files were last read.
  int64_t SecondsSinceLoad() const;

  // Our side for a client that has connected; null if there is no memory.
  std::unique_ptr<TlsStream> Accept(Socket::native_handle_type socket,
                                    ListenerTraits::ClientCert client_cert);
  bool keeps_sessions() const { return options_.session_cache; }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  using Handle = std::unique_ptr<ssl_ctx_st, Free>;

  explicit TlsContext(const config::TlsOptions& options);
  Result<Handle> Load() const;
  Status LoadFiles(ssl_ctx_st* context) const;

  const config::TlsOptions options_;
  // As absolute paths: a daemon changes its folder.
  const std::string chain_cert_;
  const std::string key_;
  const std::string ca_cert_;
  mutable Mutex mutex_;
  // Connections have references of their own.
  Handle current_ RAT_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point loaded_at_ RAT_GUARDED_BY(mutex_);
};

}  // namespace rat_memcache::net
