// SPDX-License-Identifier: LGPL-3.0-or-later
#include "auth/users.h"

#include <algorithm>

#include "auth/crypto.h"
#include "base/base64.h"
#include "base/decimal.h"

namespace rat_memcache::auth {
namespace {

constexpr std::string_view kDerivedMark = "$pbkdf2-sha256$";
constexpr size_t kSaltKeyBytes = 32;
constexpr size_t kSaltBytes = 16;
constexpr size_t kHashBytes = 32;

// Base64 as password hashes have it: the padding may lack, and a dot may stand for a plus.
std::optional<std::string> ReadHashBase64(std::string_view word) {
  std::string padded(word);
  std::replace(padded.begin(), padded.end(), '.', '+');
  while (padded.size() % 4 != 0) {
    padded += '=';
  }
  std::string bytes(padded.size() / 4 * 3, '\0');
  const std::optional<size_t> size = ReadBase64(bytes.data(), padded);
  if (!size) return std::nullopt;
  bytes.resize(*size);
  return bytes;
}

// `text` begins behind the mark.
std::optional<DerivedPassword> ReadDerived(std::string_view text) {
  const size_t salt_at = text.find('$');
  if (salt_at == std::string_view::npos) return std::nullopt;
  const size_t hash_at = text.find('$', salt_at + 1);
  if (hash_at == std::string_view::npos) return std::nullopt;
  const auto iterations = ParseStrict<uint32_t>(text.substr(0, salt_at));
  const auto salt = ReadHashBase64(text.substr(salt_at + 1, hash_at - salt_at - 1));
  const auto hash = ReadHashBase64(text.substr(hash_at + 1));
  if (!iterations || *iterations == 0 || *iterations > Users::kIterationsMax || !salt || !hash ||
      hash->size() != kHashBytes) {
    return std::nullopt;
  }
  return DerivedPassword{.iterations = *iterations, .salt = *salt, .hash = *hash};
}

Error Malformed(std::string_view path, std::string_view should_be) {
  return {.message = "Authfile [" + std::string(path) + "] has a malformed entry. Should be '" +
                     std::string(should_be) + "'"};
}

}  // namespace

Users::Users() : salt_key_(RandomBytes(kSaltKeyBytes)) {}

Result<Users> Users::Parse(std::string_view text, UsersFormat format, std::string_view path) {
  Users users;
  const bool is_auth_file = format == UsersFormat::kAuthFile;
  while (!text.empty() && !(is_auth_file && users.users_.size() == kAuthFileEntriesMax)) {
    const size_t line_end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, line_end);
    text.remove_prefix(std::min(line_end + 1, text.size()));
    line = line.substr(0, line.find('\r'));
    // memcached passes over such lines there, since they are nobody's.
    if (!is_auth_file && (line.empty() || line.front() == '#')) continue;
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || line.find('\0') != std::string_view::npos) {
      return Malformed(path, "user:password");
    }
    if (line.size() > kEntryMax) {
      return Error{.message = "Authfile [" + std::string(path) + "] has an entry of more than " +
                              std::to_string(kEntryMax) + " bytes: make name or password shorter"};
    }
    User user{.name = std::string(line.substr(0, colon))};
    std::string_view password = line.substr(colon + 1);
    if (!is_auth_file) password = password.substr(0, password.find(':'));
    if (password.starts_with(kDerivedMark)) {
      user.derived = ReadDerived(password.substr(kDerivedMark.size()));
      if (!user.derived) {
        return Malformed(
            path, "user:" + std::string(kDerivedMark) + "<1 to 100000 iterations>$<salt>$<hash>");
      }
    } else {
      user.password = password;
      users.any_plain_ = true;
    }
    users.users_.push_back(std::move(user));
  }
  return users;
}

const User* Users::first_derived() const {
  for (const User& user : users_) {
    if (user.derived) return &user;
  }
  return nullptr;
}

bool Users::Check(std::string_view name, std::string_view password) const {
  bool right = false;
  bool computed = false;
  for (const User& user : users_) {
    const bool same_name = SameSecret(user.name, name);
    if (!user.derived) {
      right |= SameSecret(user.password, password) && same_name;
    } else if (same_name) {
      const DerivedPassword& derived = *user.derived;
      right |= SameSecret(Pbkdf2(Hash::kSha256, password, derived.salt, derived.iterations),
                          derived.hash);
      computed = true;
    }
  }
  if (const User* const other = first_derived(); !computed && other != nullptr) {
    // Nobody is to hear from the time it takes that there is no such user.
    (void)Pbkdf2(Hash::kSha256, password, other->derived->salt, other->derived->iterations);
  }
  return right;
}

const User* Users::Find(std::string_view name) const {
  for (const User& user : users_) {
    if (user.name == name) return &user;
  }
  return nullptr;
}

std::string Users::SaltFor(std::string_view name) const {
  return Hmac(Hash::kSha256, salt_key_, name).substr(0, kSaltBytes);
}

}  // namespace rat_memcache::auth
