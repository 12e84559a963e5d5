// Decimal numbers as memcached reads and writes them.
//
// Reading knows two grammars (memcached's protocol uses both, each for its own fields):
//   strict   digits only, a '-' only for signed types, nothing before or after, range checked;
//   lenient  what strtol and strtoull take, followed by white space or the end of the token.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rat_memcache {

// Longest text of a uint64_t.
inline constexpr size_t kMaxDecimalDigits = 20;

// Strict grammar. T is an integer type; longer texts than memcached's (11 characters for 32 bits,
// 22 for 64) are refused even if they are only long for their leading zeros.
template <class T>
std::optional<T> ParseStrict(std::string_view text) {
  constexpr size_t kMaxLength = sizeof(T) <= 4 ? 11 : 22;
  T value{};
  if (text.empty() || text.size() > kMaxLength) return std::nullopt;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

// strtoull's grammar without negative numbers: refuses what does not fit 64 bits.
std::optional<uint64_t> ParseLenientUnsigned(std::string_view text);

// strtol's grammar: refuses what does not fit 64 bits.
std::optional<int64_t> ParseLenientSigned(std::string_view text);

// Writes `value` to `out`, which has room for kMaxDecimalDigits, and returns the end of the text.
inline char* WriteDecimal(char* out, uint64_t value) {
  // Sizes, flags and small counters: worth the few branches.
  if (value < 10) {
    *out = static_cast<char>('0' + value);
    return out + 1;
  }
  if (value < 1000) {
    const auto number = static_cast<uint32_t>(value);
    if (number >= 100) *out++ = static_cast<char>('0' + number / 100);
    *out++ = static_cast<char>('0' + number / 10 % 10);
    *out++ = static_cast<char>('0' + number % 10);
    return out;
  }
  return std::to_chars(out, out + kMaxDecimalDigits, value).ptr;
}

}  // namespace rat_memcache
