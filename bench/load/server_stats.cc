// SPDX-License-Identifier: LGPL-3.0-or-later
#include "load/server_stats.h"

#include <array>
#include <sstream>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace rat_memcache::load {
namespace {

constexpr std::string_view kRequest = "stats\r\n";
constexpr std::string_view kEnd = "END\r\n";

// Everything up to and with END; what came until then if the server falls silent.
std::string Ask(int fd) {
  constexpr timeval kPatience{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  std::string reply;
  if (::send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) < 0) return reply;
  std::array<char, 16384> buffer;
  while (!reply.ends_with(kEnd)) {
    const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (size <= 0) break;
    reply.append(buffer.data(), static_cast<size_t>(size));
  }
  return reply;
}

}  // namespace

Result<ServerStats> ReadServerStats(const Address& address) {
  Result<int> fd = address.Connect();
  if (!fd.ok()) return fd.error();
  const std::string reply = Ask(fd.value());
  ::close(fd.value());
  if (!reply.ends_with(kEnd)) {
    return Error{"no complete answer to `stats`, only: " + reply.substr(0, 200)};
  }
  ServerStats stats;
  std::istringstream lines(reply);
  std::string stat;
  std::string name;
  std::string value;
  while (lines >> stat >> name >> value && stat == "STAT") {
    stats[name] = value;
  }
  return stats;
}

}  // namespace rat_memcache::load
