// Keys in lines of text: every byte but letters, digits and -._~ as %XX (RFC 3986, section 2).
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace rat_memcache {

inline void AppendPercentEncoded(std::string_view bytes, std::string* to) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      *to += c;
    } else {
      *to += '%';
      *to += kHex[byte >> 4];
      *to += kHex[byte & 15];
    }
  }
}

}  // namespace rat_memcache
