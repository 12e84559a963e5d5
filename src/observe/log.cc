// SPDX-License-Identifier: LGPL-3.0-or-later
#include "observe/log.h"

#include <cstdio>
#include <string>

namespace rat_memcache::observe {

void Log::Write(Level level, std::string_view line) const {
  if (!enabled(level)) return;
  std::string text;
  text.reserve(line.size() + 1);
  for (const char c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      static constexpr char kHex[] = "0123456789abcdef";
      text += "\\x";
      text += kHex[static_cast<unsigned char>(c) >> 4];
      text += kHex[c & 0xf];
    } else {
      text += c;
    }
  }
  text += '\n';
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace rat_memcache::observe
