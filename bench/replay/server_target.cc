// SPDX-License-Identifier: LGPL-3.0-or-later
#include "replay/server_target.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/decimal.h"
#include "load/connection.h"

namespace rat_memcache::replay {
namespace {

constexpr timeval kPatience{.tv_sec = 20, .tv_usec = 0};
constexpr std::string_view kLineEnd = "\r\n";
// No reply has a longer line; a server that sends one is not understood.
constexpr size_t kMaxLine = 4096;

std::string SystemError(std::string_view what) {
  const bool late = errno == EAGAIN || errno == EWOULDBLOCK;
  return "cannot " + std::string(what) +
         " the server: " + (late ? "nothing happened for 20 seconds" : std::strerror(errno));
}

bool IsError(std::string_view line) {
  return line == "ERROR" || line.starts_with("ERROR ") || line.starts_with("SERVER_ERROR ") ||
         line.starts_with("CLIENT_ERROR ");
}

// "VALUE <key> <flags> <bytes>".
std::optional<std::pair<std::string_view, uint32_t>> ParseValueLine(std::string_view line) {
  constexpr std::string_view kValue = "VALUE ";
  constexpr std::string_view kFlags = " 0 ";
  if (!line.starts_with(kValue)) return std::nullopt;
  line.remove_prefix(kValue.size());
  const size_t key_end = line.find(' ');
  if (key_end == std::string_view::npos || !line.substr(key_end).starts_with(kFlags)) {
    return std::nullopt;
  }
  const auto size = ParseStrict<uint32_t>(line.substr(key_end + kFlags.size()));
  if (!size || *size > kMaxValueSize) return std::nullopt;
  return std::pair(line.substr(0, key_end), *size);
}

}  // namespace

Result<std::unique_ptr<Target>> ServerTarget::Open(const ServerOptions& options) {
  const Result<load::Address> address = load::Address::Resolve(options.host, options.port);
  if (!address.ok()) return address.error();
  const Result<int> fd = address.value().Connect();
  if (!fd.ok()) return fd.error();
  ::setsockopt(fd.value(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  ::setsockopt(fd.value(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  return std::unique_ptr<Target>(new ServerTarget(fd.value(), options));
}

ServerTarget::~ServerTarget() { ::close(fd_); }

Status ServerTarget::Handle(const Request& request) {
  ++windowed_;
  const bool repeated = std::any_of(window_.begin(), window_.end(),
                                    [&](const Wanted& w) { return w.key == request.key; });
  if (!repeated) {
    window_.push_back({std::string(request.key), request.value_size, request.ttl});
  }
  return windowed_ < options_.window ? Done{} : SendWindow();
}

Status ServerTarget::SendWindow() {
  windowed_ = 0;
  if (window_.empty()) return Done{};
  output_ += "get";
  for (const Wanted& wanted : window_) {
    output_.append(" ").append(wanted.key);
  }
  output_ += kLineEnd;
  const Status sent = Send();
  if (!sent.ok()) return sent;
  const Status read = ReadHits();
  window_.clear();
  return read;
}

Status ServerTarget::Send() {
  for (std::string_view rest = output_; !rest.empty();) {
    const ssize_t size = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Error{SystemError("write to")};
    rest.remove_prefix(static_cast<size_t>(size));
  }
  output_.clear();
  return Done{};
}

Status ServerTarget::ReadHits() {
  // Hits come in the order of the keys; what is left out was missed.
  for (auto next = window_.begin();;) {
    const Result<std::string_view> line = ReadLine();
    if (!line.ok()) return line.error();
    if (IsError(line.value())) {
      // To one of the sets before: the reply to a get is still to come.
      CountError(line.value());
      continue;
    }
    const auto value = ParseValueLine(line.value());
    if (!value && line.value() != "END") {
      return Error{"the server's reply to a get was: " + std::string(line.value())};
    }
    for (; next != window_.end() && !(value && next->key == value->first); ++next) {
      ++misses_;
      AppendSet(*next);
    }
    if (!value) return Done{};
    if (next == window_.end()) {
      return Error{"the server gave a key that was not asked for, or twice, or out of order: " +
                   std::string(value->first)};
    }
    ++next;
    const uint32_t size = value->second;
    const Result<std::string_view> bytes = ReadBytes(size + kLineEnd.size());
    if (!bytes.ok()) return bytes.error();
    if (!bytes.value().ends_with(kLineEnd) ||
        bytes.value().substr(0, size) != values_.OfSize(size)) {
      return Error{"the server gave bytes that were not stored for key " + std::prev(next)->key};
    }
  }
}

void ServerTarget::AppendSet(const Wanted& wanted) {
  output_.append("set ").append(wanted.key).append(" 0 ");
  output_ += std::to_string(options_.send_ttl ? wanted.ttl : 0);
  output_ += ' ';
  output_ += std::to_string(wanted.value_size);
  output_.append(" noreply\r\n").append(values_.OfSize(wanted.value_size)).append(kLineEnd);
}

void ServerTarget::CountError(std::string_view line) {
  if (reply_errors_++ == 0) first_error_ = line;
}

Result<std::string_view> ServerTarget::ReadLine() {
  while (true) {
    const std::string_view unread = std::string_view(input_).substr(taken_);
    const size_t end = unread.find(kLineEnd);
    if (end != std::string_view::npos) {
      taken_ += end + kLineEnd.size();
      return unread.substr(0, end);
    }
    if (unread.size() > kMaxLine) return Error{"the server sent a line without an end"};
    const Status more = ReadMore();
    if (!more.ok()) return more.error();
  }
}

Result<std::string_view> ServerTarget::ReadBytes(size_t size) {
  while (input_.size() - taken_ < size) {
    const Status more = ReadMore();
    if (!more.ok()) return more.error();
  }
  taken_ += size;
  return std::string_view(input_).substr(taken_ - size, size);
}

Status ServerTarget::ReadMore() {
  input_.erase(0, taken_);
  taken_ = 0;
  std::array<char, 64 << 10> bytes;
  ssize_t size = 0;
  do {
    size = ::recv(fd_, bytes.data(), bytes.size(), 0);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return Error{SystemError("read from")};
  if (size == 0) return Error{"the server closed the connection"};
  input_.append(bytes.data(), static_cast<size_t>(size));
  return Done{};
}

Status ServerTarget::Finish() {
  const Status sent = SendWindow();
  return sent.ok() ? ReadStats() : sent;
}

// On the same connection, so that the last sets come before.
Status ServerTarget::ReadStats() {
  output_ += "stats\r\n";
  const Status sent = Send();
  if (!sent.ok()) return sent;
  constexpr std::string_view kItems = "STAT curr_items ";
  constexpr std::string_view kEvictions = "STAT evictions ";
  while (true) {
    const Result<std::string_view> read = ReadLine();
    if (!read.ok()) return read.error();
    const std::string_view line = read.value();
    if (line == "END") return Done{};
    if (line.starts_with(kItems)) {
      items_ = ParseStrict<uint64_t>(line.substr(kItems.size())).value_or(0);
    } else if (line.starts_with(kEvictions)) {
      evictions_ = ParseStrict<uint64_t>(line.substr(kEvictions.size())).value_or(0);
    } else if (IsError(line)) {
      CountError(line);
    } else if (!line.starts_with("STAT ")) {
      return Error{"the server's reply to stats was: " + std::string(line)};
    }
  }
}

void ServerTarget::Report(load::JsonObject* report) const {
  report->Add("reply_errors", reply_errors_);
  if (reply_errors_ > 0) report->Add("first_error", std::string_view(first_error_));
  report->Add("items", items_);
  report->Add("evictions", evictions_);
}

}  // namespace rat_memcache::replay
