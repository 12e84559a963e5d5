// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/base64.h"

#include <array>
#include <cstdint>

namespace rat_memcache {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNone = 0xff;

constexpr std::array<uint8_t, 256> MakeValues() {
  std::array<uint8_t, 256> values{};
  values.fill(kNone);
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<uint8_t>(kAlphabet[i])] = static_cast<uint8_t>(i);
  }
  return values;
}
constexpr std::array<uint8_t, 256> kValues = MakeValues();

}  // namespace

char* WriteBase64(char* to, std::string_view bytes) {
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t taken = bytes.size() - at < 3 ? bytes.size() - at : 3;
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; ++i) {
      bits = bits << 8 | (i < taken ? static_cast<uint8_t>(bytes[at + i]) : 0u);
    }
    for (size_t i = 0; i < 4; ++i) {
      *to++ = i <= taken ? kAlphabet[bits >> (18 - 6 * i) & 63] : '=';
    }
  }
  return to;
}

std::optional<size_t> ReadBase64(char* to, std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  size_t written = 0;
  for (size_t at = 0; at < text.size(); at += 4) {
    const bool last = at + 4 == text.size();
    const size_t padding = !last ? 0 : text[at + 2] == '=' ? 2 : text[at + 3] == '=' ? 1 : 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; ++i) {
      const char c = i >= 4 - padding ? 'A' : text[at + i];
      const uint8_t value = kValues[static_cast<uint8_t>(c)];
      if (value == kNone) return std::nullopt;
      bits = bits << 6 | value;
    }
    if (padding == 2 && text[at + 3] != '=') return std::nullopt;
    for (size_t i = 0; i < 3 - padding; ++i) {
      to[written++] = static_cast<char>(bits >> (16 - 8 * i));
    }
  }
  return written;
}

}  // namespace rat_memcache
