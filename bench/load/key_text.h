// The text of a key: its id in decimal, padded with zeros to a fixed size.
//
//   id 1234, size 14:  00000000001234
//
// Written from a table of four-digit groups. The table (40 KB) stays in cache, where a table of all
// key texts would cost a memory access per key.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace rat_memcache::load {

class KeyText {
 public:
  static constexpr size_t kMaxSize = 250;

  explicit KeyText(size_t size) : size_(size) {
    for (size_t i = 0; i < groups_.size(); ++i) {
      groups_[i] = {Digit(i / 1000), Digit(i / 100), Digit(i / 10), Digit(i)};
    }
  }

  size_t size() const { return size_; }

  // Writes size() bytes and returns their end. An id with more digits than that loses the first
  // ones; the options are checked so that it cannot happen.
  char* Write(char* out, uint32_t id) const {
    if (size_ >= kDigits) [[likely]] {
      std::memset(out, '0', size_ - kDigits);
      WriteDigits(out + size_ - kDigits, id);
    } else {
      char digits[kDigits];
      WriteDigits(digits, id);
      std::memcpy(out, digits + kDigits - size_, size_);
    }
    return out + size_;
  }

  std::string Of(uint32_t id) const {
    std::string text(size_, '\0');
    Write(text.data(), id);
    return text;
  }

 private:
  using Group = std::array<char, 4>;
  static constexpr size_t kDigits = 12;  // three groups hold every 32-bit id

  static char Digit(size_t number) { return static_cast<char>('0' + number % 10); }

  void WriteDigits(char* out, uint32_t id) const {
    const uint32_t upper = id / 10000;
    std::memcpy(out, groups_[upper / 10000].data(), sizeof(Group));
    std::memcpy(out + 4, groups_[upper % 10000].data(), sizeof(Group));
    std::memcpy(out + 8, groups_[id % 10000].data(), sizeof(Group));
  }

  const size_t size_;
  // The first group of a 32-bit id is below 43; one table serves all three.
  std::array<Group, 10000> groups_;
};

}  // namespace rat_memcache::load
