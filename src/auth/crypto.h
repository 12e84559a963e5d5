// The few functions of cryptography that logins need; the only file that knows OpenSSL.
//
// Threads: any.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rat_memcache::auth {

enum class Hash : uint8_t { kMd5, kSha1, kSha256 };

// Each returns nothing if the library refuses the hash, as one that follows FIPS refuses MD5.
std::string Digest(Hash hash, std::string_view data);
std::string Hmac(Hash hash, std::string_view key, std::string_view data);
// RFC 8018, with HMAC; as many bytes as the hash has. Milliseconds of work for a thousand
// iterations.
std::string Pbkdf2(Hash hash, std::string_view password, std::string_view salt,
                   uint32_t iterations);

std::string RandomBytes(size_t count);

// Whether two secrets are the same. How long it takes tells nothing about them.
bool SameSecret(std::string_view a, std::string_view b);

}  // namespace rat_memcache::auth
