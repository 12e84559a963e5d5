// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/decimal.h"

#include <limits>

namespace rat_memcache {
namespace {

// isspace of the C locale.
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

struct Magnitude {
  uint64_t value;
  bool negative;
};

std::optional<Magnitude> ParseLenient(std::string_view text) {
  size_t at = 0;
  while (at < text.size() && IsSpace(text[at])) {
    ++at;
  }
  Magnitude number{0, false};
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    number.negative = text[at++] == '-';
  }
  if (at == text.size() || !IsDigit(text[at])) return std::nullopt;
  for (; at < text.size() && IsDigit(text[at]); ++at) {
    const uint64_t digit = static_cast<uint64_t>(text[at] - '0');
    if (number.value > (std::numeric_limits<uint64_t>::max() - digit) / 10) return std::nullopt;
    number.value = number.value * 10 + digit;
  }
  if (at < text.size() && !IsSpace(text[at])) return std::nullopt;
  return number;
}

}  // namespace

std::optional<uint64_t> ParseLenientUnsigned(std::string_view text) {
  const std::optional<Magnitude> number = ParseLenient(text);
  if (!number || (number->negative && number->value != 0)) return std::nullopt;
  return number->value;
}

std::optional<int64_t> ParseLenientSigned(std::string_view text) {
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  const std::optional<Magnitude> number = ParseLenient(text);
  if (!number || number->value > kMax + (number->negative ? 1 : 0)) return std::nullopt;
  return static_cast<int64_t>(number->negative ? 0 - number->value : number->value);
}

}  // namespace rat_memcache
