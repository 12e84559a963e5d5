// SPDX-License-Identifier: LGPL-3.0-or-later
#include "config/option_numbers.h"

#include <charconv>
#include <cmath>

#include "base/decimal.h"

namespace rat_memcache::config {

std::optional<uint64_t> ReadNumber(Parse* parse, const NumberRule& rule, std::string_view text) {
  const auto number = ParseStrict<uint64_t>(text);
  if (number && *number >= rule.min && *number <= rule.max) return number;
  const bool above = number && *number > rule.max;
  std::string message;
  if (!rule.fault.empty() && (!above || rule.fault_above)) {
    message = std::string(rule.fault) + ": ";
  }
  message += std::string(rule.option) + " takes " + std::string(rule.what) + " from " +
             std::to_string(rule.min) + " to " + std::to_string(rule.max) + "; " + Quoted(text) +
             " is none";
  parse->Fail(std::move(message), rule.exit_code);
  return std::nullopt;
}

std::optional<double> ParseFraction(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc{} || stop != end || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<uint64_t> ParseSize(std::string_view text) {
  uint64_t unit = 1;
  if (!text.empty()) {
    const char last = text.back();
    if (last == 'k' || last == 'K') unit = kKiB;
    if (last == 'm' || last == 'M') unit = kMiB;
    if (unit != 1) text.remove_suffix(1);
  }
  const auto number = ParseStrict<uint64_t>(text);
  if (!number || *number > std::numeric_limits<uint64_t>::max() / unit) return std::nullopt;
  return *number * unit;
}

}  // namespace rat_memcache::config
