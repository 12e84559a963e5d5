// SPDX-License-Identifier: LGPL-3.0-or-later
#include "platform/local_socket.h"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rat_memcache::platform {

void RemoveLeftoverSocket(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) ::unlink(path.c_str());
}

FileModeScope::FileModeScope(uint32_t mode) : before_(::umask(~mode & 0777)) {}

FileModeScope::~FileModeScope() { ::umask(before_); }

Status MarkSocket(int handle, uint32_t mark) {
#ifdef SO_MARK
  if (::setsockopt(handle, SOL_SOCKET, SO_MARK, &mark, sizeof mark) == 0) return Done{};
  const std::string why = std::strerror(errno);
#else
  (void)handle;
  const std::string why = "this system has no SO_MARK";
#endif
  return Error{"sock_cookie_id " + std::to_string(mark) + " is not set: " + why +
               "; leave -o sock_cookie_id out, or start with CAP_NET_ADMIN"};
}

}  // namespace rat_memcache::platform
