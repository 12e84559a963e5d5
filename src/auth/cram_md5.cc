// SPDX-License-Identifier: LGPL-3.0-or-later
#include "auth/cram_md5.h"

#include "auth/crypto.h"

namespace rat_memcache::auth {
namespace {

std::string HexOf(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += kDigits[static_cast<uint8_t>(byte) >> 4];
    text += kDigits[static_cast<uint8_t>(byte) & 15];
  }
  return text;
}

}  // namespace

SaslReply CramMd5Exchange::Step(std::string_view message) {
  if (!asked_ && !over_ && message.empty()) {
    asked_ = true;
    return {.status = SaslReply::Status::kGoOn, .challenge = challenge_};
  }
  const bool right = asked_ && !over_ && Check(message);
  over_ = true;
  return {.status = right ? SaslReply::Status::kDone : SaslReply::Status::kFailed};
}

bool CramMd5Exchange::Check(std::string_view message) const {
  // A name may have blanks.
  const size_t blank = message.rfind(' ');
  if (blank == std::string_view::npos) return false;
  const User* const user = FindWithRealm(*users_, message.substr(0, blank));
  // Without a password nobody logs in, as with PLAIN.
  const bool known = user != nullptr && !user->derived && !user->password.empty();
  const std::string digest =
      HexOf(Hmac(Hash::kMd5, known ? user->password : std::string(), challenge_));
  return SameSecret(digest, message.substr(blank + 1)) && known && !digest.empty();
}

}  // namespace rat_memcache::auth
