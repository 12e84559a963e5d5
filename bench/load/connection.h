// One connection to the server: sends a batch in one write and takes its replies.
//
// Owned and driven by a ConnectionPool; never blocks after it has been opened.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "load/batch.h"
#include "load/reply_parser.h"

struct addrinfo;

namespace rat_memcache::load {

// An address to connect to, as getaddrinfo() found it.
class Address {
 public:
  static Result<Address> Resolve(const std::string& host, uint16_t port);
  Address(Address&& other) noexcept;
  Address(const Address&) = delete;
  Address& operator=(const Address&) = delete;
  ~Address();

  // A connected blocking socket without Nagle's delay, owned by the caller.
  Result<int> Connect() const;

 private:
  Address(addrinfo* found, std::string text) : found_(found), text_(std::move(text)) {}

  addrinfo* found_;
  std::string text_;  // for messages
};

class Connection {
 public:
  // Takes a connected socket and makes it non-blocking.
  Connection(int fd, const ReplyParser::Shared* shared);
  Connection(Connection&& other) noexcept;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  int fd() const { return fd_; }
  // Whether replies are outstanding. Only then may Send() and Receive() be called, and only
  // otherwise may batch() be changed.
  bool busy() const { return busy_; }
  Batch& batch() { return batch_; }
  std::vector<uint32_t>& missed_ids() { return parser_.missed_ids(); }

  // Expects the replies to batch(); Send() follows.
  void Begin(int64_t now_ns);
  int64_t begun_ns() const { return begun_ns_; }

  // Sends as much as the socket takes. False: the connection is lost.
  bool Send();
  bool send_is_complete() const { return sent_ == batch_.size(); }

  enum class Received : uint8_t { kMore, kDone, kBroken, kLost };
  // Reads once, at most as much as `buffer` holds.
  Received Receive(std::span<char> buffer);

 private:
  int fd_;
  bool busy_ = false;
  const ReplyParser::Shared* shared_;
  Batch batch_;
  ReplyParser parser_;
  size_t sent_ = 0;
  int64_t begun_ns_ = 0;
};

}  // namespace rat_memcache::load
