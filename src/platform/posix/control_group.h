// The memory limit that a container sets: Linux control groups, version 2 and 1.
//
// A group's limit binds all groups below it, so the smallest on the way up counts. Inside a
// container the mount usually shows the container's own group as its root, whatever
// /proc/self/cgroup calls it. Formats: Documentation/admin-guide/cgroup-v2.rst,
// cgroup-v1/memory.rst of Linux.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>

namespace rat_memcache::platform {

// Bytes; SIZE_MAX if there is no limit. `membership` is /proc/self/cgroup, `mount` /sys/fs/cgroup;
// tests pass files of their own.
size_t ControlGroupLimit(const std::filesystem::path& membership,
                         const std::filesystem::path& mount);

}  // namespace rat_memcache::platform
