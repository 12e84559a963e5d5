// SPDX-License-Identifier: LGPL-3.0-or-later
#include "platform/service.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace rat_memcache::platform {
namespace {

constexpr int kFirstInherited = 3;
constexpr long kInheritedMax = 1024;

long NumberIn(const char* variable) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? 0 : std::strtol(text, nullptr, 10);
}

bool Listens(int handle) {
  int type = 0;
  int listening = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(handle, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return false;
  size = sizeof listening;
  if (::getsockopt(handle, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0) return false;
  return type == SOCK_STREAM && listening != 0;
}

}  // namespace

std::vector<InheritedSocket> TakeInheritedSockets() {
  const bool meant_for_us = NumberIn("LISTEN_PID") == ::getpid();
  const long count = meant_for_us ? std::clamp(NumberIn("LISTEN_FDS"), 0L, kInheritedMax) : 0;
  ::unsetenv("LISTEN_PID");
  ::unsetenv("LISTEN_FDS");
  ::unsetenv("LISTEN_FDNAMES");
  std::vector<InheritedSocket> sockets;
  for (int handle = kFirstInherited; handle < kFirstInherited + count; ++handle) {
    ::fcntl(handle, F_SETFD, FD_CLOEXEC);
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const bool known = ::getsockname(handle, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    const int family = address.ss_family;
    const bool usable = known && (family == AF_INET || family == AF_INET6 || family == AF_UNIX);
    sockets.push_back({.handle = handle,
                       .family = family,
                       .is_unix = family == AF_UNIX,
                       .listens = usable && Listens(handle)});
  }
  return sockets;
}

void TellServiceManager(const std::string& state) {
  const char* const path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const size_t length = path == nullptr ? 0 : std::strlen(path);
  if (length == 0 || length >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path, length);
  // A name of Linux's abstract namespace begins with a zero byte.
  if (path[0] == '@') address.sun_path[0] = '\0';
  const int handle = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  if (handle < 0) return;
  // Nobody there, or nobody who reads: nothing to be done about it, and nothing to wait for.
  const ssize_t ignored = ::sendto(
      handle, state.data(), state.size(), MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&address),
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
  (void)ignored;
  ::close(handle);
}

}  // namespace rat_memcache::platform
