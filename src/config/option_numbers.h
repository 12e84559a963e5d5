// Numbers and sizes as values of options, and what is said about those that are none.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "config/parse.h"

namespace rat_memcache::config {

inline constexpr size_t kKiB = size_t{1} << 10;
inline constexpr size_t kMiB = size_t{1} << 20;
// memcached keeps most of its numbers in an int.
inline constexpr uint64_t kIntMax = std::numeric_limits<int32_t>::max();

struct NumberRule {
  std::string_view option;  // as written: "-t", "-o hashpower"
  std::string_view what;    // "a number of threads"
  uint64_t min = 0;
  uint64_t max = kIntMax;
  // What memcached says to a wrong number, if it says anything: stands first.
  std::string_view fault = {};
  // Whether it says that to one above max, too.
  bool fault_above = true;
  int exit_code = 1;
};

// Decimal digits and nothing else, within the rule; otherwise parse->Fail.
std::optional<uint64_t> ReadNumber(Parse* parse, const NumberRule& rule, std::string_view text);

// The same into *out, which stays as it is on a fault.
template <class T>
void ReadNumber(Parse* parse, const NumberRule& rule, std::string_view text, T* out) {
  if (const auto number = ReadNumber(parse, rule, text)) *out = static_cast<T>(*number);
}
// The same in units of so many bytes.
template <class T>
void ReadUnits(Parse* parse, const NumberRule& rule, size_t unit, std::string_view text, T* out) {
  if (const auto number = ReadNumber(parse, rule, text)) *out = static_cast<T>(*number * unit);
}

// A decimal fraction such as 1.25, in any locale. Neither infinite nor NaN.
std::optional<double> ParseFraction(std::string_view text);

// Digits and an optional k, K, m or M; nullopt also for what does not fit 64 bits.
std::optional<uint64_t> ParseSize(std::string_view text);

}  // namespace rat_memcache::config
