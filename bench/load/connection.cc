// SPDX-License-Identifier: LGPL-3.0-or-later
#include "load/connection.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace rat_memcache::load {

Result<Address> Address::Resolve(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  const std::string service = std::to_string(port);
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), service.c_str(), &hints, &found);
  if (error != 0) {
    return Error{"--host " + host + ": " + ::gai_strerror(error) +
                 "; write the server's name or address, such as --host 127.0.0.1"};
  }
  return Address(found, host + ":" + service);
}

Address::Address(Address&& other) noexcept
    : found_(std::exchange(other.found_, nullptr)), text_(std::move(other.text_)) {}

Address::~Address() {
  if (found_ != nullptr) ::freeaddrinfo(found_);
}

Result<int> Address::Connect() const {
  const int fd = ::socket(found_->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return Error{std::string("cannot create a socket: ") + std::strerror(errno) +
                 (errno == EMFILE ? "; raise the limit first (ulimit -n)" : "")};
  }
  if (::connect(fd, found_->ai_addr, found_->ai_addrlen) != 0) {
    const int error = errno;
    ::close(fd);
    return Error{"cannot connect to " + text_ + ": " + std::strerror(error) +
                 "; start the server there or write --host and --port"};
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

Connection::Connection(int fd, const ReplyParser::Shared* shared)
    : fd_(fd), shared_(shared), parser_(shared) {
  ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) | O_NONBLOCK);
}

Connection::Connection(Connection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      busy_(other.busy_),
      shared_(other.shared_),
      batch_(std::move(other.batch_)),
      parser_(std::move(other.parser_)),
      sent_(other.sent_),
      begun_ns_(other.begun_ns_) {}

Connection::~Connection() {
  if (fd_ >= 0) ::close(fd_);
}

void Connection::Begin(int64_t now_ns) {
  parser_.Begin(&batch_);
  sent_ = 0;
  begun_ns_ = now_ns;
  busy_ = true;
}

bool Connection::Send() {
  std::array<iovec, 64> areas;
  while (!send_is_complete()) {
    msghdr message{};
    message.msg_iov = areas.data();
    message.msg_iovlen = batch_.AreasFrom(sent_, areas);
    const ssize_t size = ::sendmsg(fd_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    sent_ += static_cast<size_t>(size);
    shared_->counters->bytes_out += static_cast<uint64_t>(size);
  }
  return true;
}

Connection::Received Connection::Receive(std::span<char> buffer) {
  // TCP can drop bytes inside the kernel, which saves the copy of a large value nobody looks at.
  constexpr uint64_t kWorthDropping = 4096;
  const uint64_t to_skip = parser_.bytes_to_skip();
  const bool drop = to_skip >= kWorthDropping;
  const ssize_t size = drop ? ::recv(fd_, nullptr, to_skip, MSG_TRUNC | MSG_DONTWAIT)
                            : ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN || errno == EINTR ? Received::kMore : Received::kLost;
  if (size == 0) return Received::kLost;
  const size_t received = static_cast<size_t>(size);
  shared_->counters->bytes_in += received;
  if (drop) {
    parser_.Skip(received);
    return Received::kMore;
  }
  switch (parser_.Consume({buffer.data(), received})) {
    case ReplyParser::Outcome::kMore:
      return Received::kMore;
    case ReplyParser::Outcome::kBroken:
      return Received::kBroken;
    case ReplyParser::Outcome::kDone:
      break;
  }
  busy_ = false;
  return Received::kDone;
}

}  // namespace rat_memcache::load
