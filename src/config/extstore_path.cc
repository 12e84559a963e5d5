// SPDX-License-Identifier: LGPL-3.0-or-later
#include "config/extstore_path.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "base/decimal.h"

namespace rat_memcache::config {
namespace {

constexpr std::string_view kForm = "write -o ext_path=FILE:SIZE with a size such as 64m, 8g or 1t";

// Digits and the letter of a unit.
std::optional<uint64_t> ParseFileSize(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int shift = 0;
  switch (text.back()) {
    case 'm':
    case 'M':
      shift = 20;
      break;
    case 'g':
    case 'G':
      shift = 30;
      break;
    case 't':
    case 'T':
      shift = 40;
      break;
    case 'p':
    case 'P':
      shift = 50;
      break;
    default:
      return std::nullopt;
  }
  const auto number = ParseStrict<uint64_t>(text.substr(0, text.size() - 1));
  if (!number || *number > std::numeric_limits<uint64_t>::max() >> shift) return std::nullopt;
  return *number << shift;
}

}  // namespace

void AddExtstorePath(Parse* parse, std::string_view text) {
  constexpr std::array<std::string_view, 6> kBuckets = {"default", "compact",     "lowttl",
                                                        "chunked", "coldcompact", "old"};
  const size_t colon = text.find(':');
  const std::string_view file = text.substr(0, colon);
  if (colon == std::string_view::npos || file.empty() || colon + 1 == text.size()) {
    return parse->Fail("must supply size to ext_path, ie: ext_path=/f/e:64m (M|G|T|P supported); " +
                           std::string(kForm),
                       1);
  }
  std::string_view size = text.substr(colon + 1);
  std::string_view bucket = "default";
  if (const size_t second = size.find(':'); second != std::string_view::npos) {
    bucket = size.substr(second + 1);
    size = size.substr(0, second);
  }
  if (std::find(kBuckets.begin(), kBuckets.end(), bucket) == kBuckets.end()) {
    return parse->Fail("Unknown extstore bucket: " + std::string(bucket) +
                           "; there are default, compact, lowttl, chunked, coldcompact and old",
                       1);
  }
  const auto bytes = ParseFileSize(size);
  if (!bytes) {
    return parse->Fail(
        "failed to parse ext_path argument: " + Quoted(size) + " is no size; " + std::string(kForm),
        1);
  }
  parse->options().extstore.paths.push_back(
      {.file = std::string(file), .size = *bytes, .bucket = std::string(bucket)});
}

}  // namespace rat_memcache::config
