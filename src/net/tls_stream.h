// The TLS side of one connection: OpenSSL on the connection's own socket.
//
// OpenSSL reads and writes the socket itself, without blocking; who calls waits on the socket for
// what an outcome names and calls again. The alternative, ciphertext through memory of ours, would
// cost a copy in each direction and rule kernel TLS out. Buffers of OpenSSL (some 34 KB) are there
// only while a record is half read or half written.
//
// Threads: the one that owns the socket. Ownership: goes before its socket is closed.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct ssl_st;

namespace rat_memcache::net {

class TlsStream {
 public:
  enum class Outcome : uint8_t {
    kDone,
    kWantsRead,   // again, when there is something to read
    kWantsWrite,  // again, when there is room to write
    kClosed,      // the peer has closed
    kFailed,      // what came is no TLS, or the socket is broken; error_text() says more
  };
  // What such a connection takes beyond its socket while it waits for input: estimated from
  // OpenSSL 3.0 with TLS 1.3, for the books of the memory limit.
  static constexpr size_t kBytesEstimated = 14 << 10;

  explicit TlsStream(ssl_st* ssl);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  Outcome Handshake();
  // kDone: `*bytes` is at least 1.
  Outcome Read(char* to, size_t room, size_t* bytes);
  // May take less than all. After kWantsWrite the next call must begin with the same bytes, and not
  // be shorter; they may lie elsewhere.
  Outcome Write(std::string_view bytes, size_t* written);
  // Tells the peer, if that is possible without waiting, that nothing will follow.
  void SayGoodbye();

  // What the last Read() said; kDone before the first. If it is kDone there may be more to read
  // although the socket has nothing: has_pending().
  Outcome last_read() const { return last_read_; }
  bool has_pending() const;
  // The session is one that the client has resumed.
  bool is_resumed() const;
  const std::string& error_text() const { return error_text_; }

 private:
  struct Free {
    void operator()(ssl_st* ssl) const;
  };
  Outcome OutcomeOf(int result);

  const std::unique_ptr<ssl_st, Free> ssl_;
  Outcome last_read_ = Outcome::kDone;
  bool is_broken_ = false;  // OpenSSL must not be asked for anything any more
  bool is_up_ = false;      // the handshake is over
  std::string error_text_;
};

}  // namespace rat_memcache::net
