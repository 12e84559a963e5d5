// Base64 with the standard alphabet and padding (RFC 4648, section 4).
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace rat_memcache {

constexpr size_t Base64Size(size_t bytes) { return (bytes + 2) / 3 * 4; }

// Writes Base64Size(bytes.size()) characters and returns their end.
char* WriteBase64(char* to, std::string_view bytes);

// Writes at most text.size() / 4 * 3 bytes to `to` and returns how many; nothing if `text` is not
// base64, or empty.
std::optional<size_t> ReadBase64(char* to, std::string_view text);

}  // namespace rat_memcache
