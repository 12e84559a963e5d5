// How many clients are connected, and no more than there may be.
//
// Threads: Take() and AwaitPlace() by the thread that accepts; Give() by any.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

namespace rat_memcache::net {

class ClientCount {
 public:
  // `on_place` runs on the thread that gives a place back after AwaitPlace(); it must not block.
  ClientCount(uint32_t max, std::function<void()> on_place)
      : max_(max), on_place_(std::move(on_place)) {}

  // A place for one more client; false if there is none.
  bool Take() {
    // One thread alone counts up, so what it sees is never too little.
    if (count_.load() >= max_) return false;
    count_.fetch_add(1);
    return true;
  }
  void Give() {
    count_.fetch_sub(1);
    if (awaited_.load() && awaited_.exchange(false)) on_place_();
  }
  // The next Give() calls `on_place`, once. False, and no call, if there is a place already.
  bool AwaitPlace() {
    // Sequentially consistent, here and in Give(): either the count read here has a place given
    // back before, or who gives it back sees that it is awaited.
    awaited_.store(true);
    return count_.load() >= max_ || !awaited_.exchange(false);
  }

 private:
  const uint32_t max_;
  const std::function<void()> on_place_;
  std::atomic<uint32_t> count_{0};
  std::atomic<bool> awaited_{false};
};

}  // namespace rat_memcache::net
