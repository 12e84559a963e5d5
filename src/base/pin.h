// Keeps memory from being reused while somebody outside the lock still reads it.
//
// The owner of the memory counts its pins; it hands out a Pin under its own lock and reuses the
// memory only after it has seen the count at zero.
//
// Threads: a Pin may be released by any thread. Release order pairs with the owner's acquire load
// of the count, so that every read through the pin happens before the reuse.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace rat_memcache {

class Pin {
 public:
  Pin() = default;
  explicit Pin(std::atomic<uint32_t>* count) : count_(count) {
    count_->fetch_add(1, std::memory_order_relaxed);
  }
  Pin(Pin&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Pin& operator=(Pin&& other) noexcept {
    if (this != &other) {
      Release();
      count_ = std::exchange(other.count_, nullptr);
    }
    return *this;
  }
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;
  ~Pin() { Release(); }

  // Another one on the same memory. Relaxed, as this one keeps the count above zero.
  Pin Another() const { return count_ != nullptr ? Pin(count_) : Pin(); }
  bool holds() const { return count_ != nullptr; }

  void Release() {
    if (count_ != nullptr) count_->fetch_sub(1, std::memory_order_release);
    count_ = nullptr;
  }

 private:
  std::atomic<uint32_t>* count_ = nullptr;
};

}  // namespace rat_memcache
