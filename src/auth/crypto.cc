// SPDX-License-Identifier: LGPL-3.0-or-later
#include "auth/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/check.h"

namespace rat_memcache::auth {
namespace {

const EVP_MD* Of(Hash hash) {
  switch (hash) {
    case Hash::kMd5:
      return EVP_md5();
    case Hash::kSha1:
      return EVP_sha1();
    case Hash::kSha256:
      break;
  }
  return EVP_sha256();
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string* text) { return reinterpret_cast<unsigned char*>(text->data()); }

}  // namespace

std::string Digest(Hash hash, std::string_view data) {
  std::string result(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  if (EVP_Digest(data.data(), data.size(), Bytes(&result), &size, Of(hash), nullptr) != 1) size = 0;
  result.resize(size);
  return result;
}

std::string Hmac(Hash hash, std::string_view key, std::string_view data) {
  std::string result(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  if (HMAC(Of(hash), key.data(), static_cast<int>(key.size()), Bytes(data), data.size(),
           Bytes(&result), &size) == nullptr) {
    size = 0;
  }
  result.resize(size);
  return result;
}

std::string Pbkdf2(Hash hash, std::string_view password, std::string_view salt,
                   uint32_t iterations) {
  std::string result(static_cast<size_t>(EVP_MD_size(Of(hash))), '\0');
  const bool ok = PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), Bytes(salt),
                                    static_cast<int>(salt.size()), static_cast<int>(iterations),
                                    Of(hash), static_cast<int>(result.size()), Bytes(&result)) == 1;
  return ok ? result : std::string();
}

std::string RandomBytes(size_t count) {
  std::string result(count, '\0');
  RAT_CHECK(RAND_bytes(Bytes(&result), static_cast<int>(count)) == 1, "no random bytes");
  return result;
}

bool SameSecret(std::string_view a, std::string_view b) {
  // Digests, so that the lengths do not show either.
  const std::string digest_a = Digest(Hash::kSha256, a);
  const std::string digest_b = Digest(Hash::kSha256, b);
  return !digest_a.empty() && CRYPTO_memcmp(digest_a.data(), digest_b.data(), digest_a.size()) == 0;
}

}  // namespace rat_memcache::auth
