// Who may log in: the lines of a users file.
//
//   user:password
//   user:$pbkdf2-sha256$<iterations>$<salt>$<hash>
//
// The second form keeps the password out of the file: salt and hash are base64, with or without
// padding (Python's passlib writes such lines), and the hash is PBKDF2 with HMAC-SHA-256, 32 bytes.
// Whoever logs in with a password makes the server compute as many iterations, on the thread that
// serves its connection; up to 100,000 are taken, which is about 50 ms. Python makes one with
//
//   from base64 import b64encode; from getpass import getpass; from hashlib import pbkdf2_hmac
//   from os import urandom; salt = urandom(16)
//   hash = pbkdf2_hmac("sha256", getpass().encode(), salt, 4096)
//   print("$pbkdf2-sha256$4096$%s$%s" % (b64encode(salt).decode(), b64encode(hash).decode()))
//
// The hash is also what SCRAM-SHA-256 calls the salted password. So with such a line a user can use
// PLAIN and SCRAM-SHA-256; the other mechanisms need the password itself.
//
// A name may stand in several lines; each of its passwords is right.
//
// Threads: any; nothing changes after Parse().
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rat_memcache::auth {

enum class UsersFormat : uint8_t {
  kAuthFile,       // -Y. The lines behind the eighth are not looked at, as in memcached.
  kSaslPasswords,  // MEMCACHED_SASL_PWDB: a password ends at a further colon
};

// A password that was hashed beforehand.
struct DerivedPassword {
  uint32_t iterations = 0;
  std::string salt;
  std::string hash;
};

struct User {
  std::string name;
  std::string password;  // empty if `derived` is there
  std::optional<DerivedPassword> derived;
};

class Users {
 public:
  static constexpr size_t kAuthFileEntriesMax = 8;
  // Of one line, without its end.
  static constexpr size_t kEntryMax = 255;
  static constexpr uint32_t kIterationsMax = 100'000;

  // `path` is for error messages.
  static Result<Users> Parse(std::string_view text, UsersFormat format, std::string_view path);

  // Takes the same time whatever is wrong.
  bool Check(std::string_view name, std::string_view password) const;
  // The first of this name; null: there is none.
  const User* Find(std::string_view name) const;

  // Some line has the password itself.
  bool any_plain() const { return any_plain_; }
  // What a login that knows no such user must look like: some salt that is always the same.
  std::string SaltFor(std::string_view name) const;

 private:
  Users();
  const User* first_derived() const;

  std::vector<User> users_;
  bool any_plain_ = false;
  std::string salt_key_;
};

}  // namespace rat_memcache::auth
