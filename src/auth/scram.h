// SCRAM (RFC 5802), without channel binding: client and server prove to each other that they know
// the password, and neither shows it.
//
//   C: n,,n=<user>,r=<client's nonce>
//   S: r=<both nonces>,s=<salt>,i=<iterations>
//   C: c=<gs2 header in base64>,r=<both nonces>,p=<client's proof>
//   S: v=<server's signature>
//   C: nothing
//
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "auth/crypto.h"
#include "auth/sasl.h"

namespace rat_memcache::auth {

class ScramExchange : public SaslExchange {
 public:
  // `nonce`: the server's part; printable, without a comma, never used before.
  ScramExchange(Hash hash, std::shared_ptr<const Users> users, std::string nonce)
      : hash_(hash), users_(std::move(users)), nonce_(std::move(nonce)) {}

  SaslReply Step(std::string_view message) override;

 private:
  enum class State : uint8_t { kFirst, kFinal, kLast, kOver };

  SaslReply First(std::string_view message);
  SaslReply Final(std::string_view message);
  std::string SaltedPassword() const;

  const Hash hash_;
  const std::shared_ptr<const Users> users_;
  std::string nonce_;  // both nonces, once the client has told its own
  State state_ = State::kFirst;
  const User* user_ = nullptr;  // null: there is none, which nobody is told before the end
  std::string salt_;
  uint32_t iterations_ = 0;
  std::string gs2_header_;
  std::string client_first_bare_;
  std::string server_first_;
};

}  // namespace rat_memcache::auth
