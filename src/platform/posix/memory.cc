// SPDX-License-Identifier: LGPL-3.0-or-later
#include "platform/memory.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

#include "base/check.h"
#include "platform/posix/control_group.h"

namespace rat_memcache::platform {

size_t PageSize() {
  static const size_t size = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

size_t UsableMemory() {
  const auto pages = static_cast<size_t>(std::max(::sysconf(_SC_PHYS_PAGES), 1L));
  return std::min(pages * PageSize(), ControlGroupLimit("/proc/self/cgroup", "/sys/fs/cgroup"));
}

size_t ResidentMemory() {
  // "size resident shared ...", in pages.
  std::ifstream file("/proc/self/statm");
  size_t size = 0;
  size_t resident = 0;
  return file >> size >> resident ? resident * PageSize() : 0;
}

Result<Reservation> Reservation::Make(size_t bytes) {
  const size_t page = PageSize();
  bytes = (bytes + page - 1) / page * page;
#ifdef MAP_NORESERVE
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
#else
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS;
#endif
  void* const data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, kFlags, -1, 0);
  if (data == MAP_FAILED) {
    return Error{"cannot reserve " + std::to_string(bytes) + " bytes of address space: " +
                     std::strerror(errno) + "; lower -m or raise the limit (ulimit -v)",
                 kExitOs};
  }
  Reservation reservation;
  reservation.data_ = static_cast<char*>(data);
  reservation.size_ = bytes;
  return reservation;
}

Reservation::Reservation(Reservation&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Reservation::~Reservation() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

// The kernel backs a page at its first access, so there is nothing to ask for here.
bool Reservation::Commit(size_t offset, size_t bytes) {
  RAT_DCHECK(offset + bytes <= size_, "outside the reservation");
  return true;
}

void Reservation::Release(size_t offset, size_t bytes) {
  RAT_DCHECK(offset + bytes <= size_, "outside the reservation");
  const size_t page = PageSize();
  const size_t begin = (offset + page - 1) / page * page;
  const size_t end = (offset + bytes) / page * page;
  if (begin >= end) return;
  const int refused = ::madvise(data_ + begin, end - begin, MADV_DONTNEED);
#ifdef __linux__
  // Memory locked by -k. The header has the name only since Linux 5.18, which is the first to let
  // go of such memory; before that it stays.
  constexpr int kDontNeedLocked = 24;
  if (refused != 0) ::madvise(data_ + begin, end - begin, kDontNeedLocked);
#else
  (void)refused;
#endif
}

}  // namespace rat_memcache::platform
