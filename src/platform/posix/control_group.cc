// SPDX-License-Identifier: LGPL-3.0-or-later
#include "platform/posix/control_group.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>

namespace rat_memcache::platform {
namespace {

namespace fs = std::filesystem;

// The number in `file`; SIZE_MAX if there is no such file or it holds none ("max").
size_t LimitIn(const fs::path& file) {
  std::ifstream stream(file);
  size_t bytes = 0;
  const bool number = stream >> bytes && (stream >> std::ws).eof();
  return number && bytes > 0 ? bytes : SIZE_MAX;
}

// The smallest limit of `group` and the groups above it, up to `root`.
size_t LimitFrom(const fs::path& root, fs::path group, const char* file) {
  size_t limit = LimitIn(root / file);
  for (; !group.empty(); group = group.parent_path()) {
    limit = std::min(limit, LimitIn(root / group / file));
  }
  return limit;
}

}  // namespace

size_t ControlGroupLimit(const fs::path& membership, const fs::path& mount) {
  size_t limit =
      std::min(LimitIn(mount / "memory.max"), LimitIn(mount / "memory" / "memory.limit_in_bytes"));
  // Lines of "hierarchy:controllers:/path"; version 2 has no controllers.
  std::ifstream stream(membership);
  for (std::string line; std::getline(stream, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = fs::path(line.substr(second + 1)).relative_path();
    if (controllers.empty()) {
      limit = std::min(limit, LimitFrom(mount, group, "memory.max"));
    } else if (controllers == "memory") {
      limit = std::min(limit, LimitFrom(mount / "memory", group, "memory.limit_in_bytes"));
    }
  }
  return limit;
}

}  // namespace rat_memcache::platform
