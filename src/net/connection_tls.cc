// A connection with TLS: handshake, input and output. What is served in between is as without.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include <asio/post.hpp>

#include "net/connection.h"
#include "net/tls_context.h"
#include "net/worker.h"
#include "observe/counters.h"

namespace rat_memcache::net {
namespace {

using observe::Count;
using Outcome = TlsStream::Outcome;

constexpr size_t kPartsPerPiece = 64;

// The next bytes to encrypt: a view into the buffer if a whole piece lies in one place, and copied
// together otherwise, since every write becomes a record of its own. Asked again before anything is
// consumed, it gives the same bytes or more, as TlsStream::Write() demands.
std::string_view NextPiece(const GatherBuffer& buffer, std::span<char> room) {
  std::array<std::string_view, kPartsPerPiece> parts;
  const size_t filled = buffer.Peek(parts);
  if (filled == 1 || parts[0].size() >= room.size()) return parts[0].substr(0, room.size());
  size_t size = 0;
  for (const std::string_view part : std::span(parts).first(filled)) {
    const size_t bytes = std::min(part.size(), room.size() - size);
    std::memcpy(room.data() + size, part.data(), bytes);
    size += bytes;
  }
  return {room.data(), size};
}

}  // namespace

void Connection::AwaitHandshake(Socket::wait_type direction) {
  wait_ = Wait::kHandshake;
  AwaitReady(direction);
}

void Connection::OnHandshake(const asio::error_code& error) {
  if (draining_) return Close();
  if (error == asio::error::operation_aborted) return FailHandshake("it took too long");
  if (error) return FailHandshake(error.message());
  if (tls_ == nullptr) {
    // Not before the client has said something: waiting for that shall cost no more than a socket.
    tls_ = from_->tls->Accept(socket_.native_handle(), from_->client_cert);
    if (tls_ == nullptr) return FailHandshake("no memory");
    worker_->budget().TakeForConnection(TlsStream::kBytesEstimated);
  }
  switch (tls_->Handshake()) {
    case Outcome::kDone:
      if (from_->tls->keeps_sessions() && !tls_->is_resumed()) {
        worker_->counters().Add(Count::kSslNewSessions);
      }
      since_ = worker_->now();
      return AwaitInput();
    case Outcome::kWantsRead:
      return AwaitHandshake(Socket::wait_read);
    case Outcome::kWantsWrite:
      return AwaitHandshake(Socket::wait_write);
    case Outcome::kClosed:
      return FailHandshake("the client has closed");
    case Outcome::kFailed:
      return FailHandshake(tls_->error_text());
  }
}

void Connection::FailHandshake(const std::string& why) {
  worker_->counters().Add(Count::kSslHandshakeErrors);
  if (worker_->log().enabled(observe::Level::kInfo)) {
    worker_->log().Write(observe::Level::kInfo, "rat_memcached: TLS handshake failed: " + why);
  }
  Close();
}

void Connection::AwaitTlsInput() {
  switch (tls_->last_read()) {
    case Outcome::kDone:
      if (!tls_->has_pending()) break;
      // OpenSSL holds what the socket does not show any more.
      asio::post(socket_.get_executor(), [this] { OnTlsInput({}); });
      return;
    case Outcome::kWantsRead:
      break;
    case Outcome::kWantsWrite:
      // An answer of TLS itself, to a change of keys.
      return AwaitReady(Socket::wait_write);
    case Outcome::kClosed:
      return Close();
    case Outcome::kFailed:
      worker_->counters().Add(Count::kSslProtoErrors);
      return Close();
  }
  AwaitReady(Socket::wait_read);
}

void Connection::OnTlsInput(const asio::error_code& error) {
  if (error && !(draining_ && error == asio::error::operation_aborted)) {
    NoteEnd(error);
    return Close();
  }
  if (ReceiveAndServe()) return;
  if (draining_) return AwaitDrainTurn();
  AwaitInput();
}

size_t Connection::ReceiveTls(char* to, size_t room) {
  size_t received = 0;
  while (received < room) {
    size_t bytes = 0;
    if (tls_->Read(to + received, room - received, &bytes) != Outcome::kDone) break;
    received += bytes;
  }
  return received;
}

Connection::Sent Connection::SendTls(GatherBuffer* buffer) {
  while (!buffer->empty()) {
    size_t bytes = 0;
    switch (tls_->Write(NextPiece(*buffer, worker_->tls_piece()), &bytes)) {
      case Outcome::kDone:
        worker_->counters().Add(Count::kBytesWritten, bytes);
        buffer->Consume(bytes);
        break;
      case Outcome::kWantsWrite:
        return Sent::kBlocked;
      case Outcome::kFailed:
        worker_->counters().Add(Count::kSslProtoErrors);
        return Sent::kBroken;
      case Outcome::kWantsRead:  // only with renegotiation, which there is none of
      case Outcome::kClosed:
        return Sent::kBroken;
    }
  }
  return Sent::kAll;
}

}  // namespace rat_memcache::net
