// Memory of the operating system: how much there is, and address space that is reserved at once and
// backed by memory as it is used.
//
// Threads: the calls on different parts of one Reservation may run at the same time.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>

#include "base/result.h"

namespace rat_memcache::platform {

// Bytes that Release() works on at least; a power of two.
size_t PageSize();

// Memory that this process may use, in bytes: the machine's, or less if its container (a control
// group, version 2 or 1) has a limit. Asked for anew by every call.
size_t UsableMemory();
// Memory that the process has now, in bytes; 0 if the system does not say.
size_t ResidentMemory();

// Address space that is freed with the object. Its bytes read as zero until written.
class Reservation {
 public:
  Reservation() = default;
  // `bytes` is rounded up to whole pages. Costs no memory yet.
  static Result<Reservation> Make(size_t bytes);
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  ~Reservation();

  char* data() const { return data_; }
  size_t size() const { return size_; }

  // Makes [offset, offset + bytes) usable; whole pages. False if the system has no memory left.
  // Must be called before the first access; again after Release().
  bool Commit(size_t offset, size_t bytes);
  // Gives the memory of all whole pages in [offset, offset + bytes) back. Contents are lost.
  // Reading there stays harmless (zeros, or what it held): readers without a lock may come late.
  void Release(size_t offset, size_t bytes);

 private:
  char* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace rat_memcache::platform
