// What sockets need of the system beyond what a portable socket library does.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace rat_memcache::platform {

// Removes what a server that has ended left at `path`; nothing if that is no socket.
void RemoveLeftoverSocket(const std::string& path);

// While it lives, files and sockets in the file system are created with just the permissions of
// `mode`. For the whole process: no other thread should be creating files.
class FileModeScope {
 public:
  explicit FileModeScope(uint32_t mode);
  ~FileModeScope();
  FileModeScope(const FileModeScope&) = delete;
  FileModeScope& operator=(const FileModeScope&) = delete;

 private:
  uint32_t before_;
};

// Marks what the socket sends, for the system's packet filters (SO_MARK; needs a privilege). The
// sockets that it accepts inherit that.
Status MarkSocket(int handle, uint32_t mark);

}  // namespace rat_memcache::platform
