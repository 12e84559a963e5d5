// The key of a number: "key:0000001234", as long as asked for, and longer if the number is.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/decimal.h"

namespace rat_memcache::replay {

class KeyName {
 public:
  static constexpr uint32_t kMinSize = 5;
  static constexpr uint32_t kMaxSize = 250;

  explicit KeyName(uint32_t size) : size_(size) {
    bytes_.fill('0');
    std::memcpy(bytes_.data(), "key:", kPrefix);
  }

  // Good until the next call.
  std::string_view Of(uint64_t id) {
    std::array<char, kMaxDecimalDigits> digits;
    const size_t count = static_cast<size_t>(WriteDecimal(digits.data(), id) - digits.data());
    const size_t room = std::max(size_ - kPrefix, count);
    std::fill_n(bytes_.data() + kPrefix, room - count, '0');
    std::memcpy(bytes_.data() + kPrefix + room - count, digits.data(), count);
    return {bytes_.data(), kPrefix + room};
  }

 private:
  static constexpr size_t kPrefix = 4;

  const size_t size_;
  std::array<char, kMaxSize + kMaxDecimalDigits> bytes_;
};

}  // namespace rat_memcache::replay
