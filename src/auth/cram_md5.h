// CRAM-MD5 (RFC 2195): the server sends a challenge, the client answers with its name and a keyed
// MD5 of the challenge. Kept for clients that know nothing better but PLAIN.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "auth/sasl.h"

namespace rat_memcache::auth {

class CramMd5Exchange : public SaslExchange {
 public:
  // `challenge`: in pointed brackets, never used before.
  CramMd5Exchange(std::shared_ptr<const Users> users, std::string challenge)
      : users_(std::move(users)), challenge_(std::move(challenge)) {}

  SaslReply Step(std::string_view message) override;

 private:
  bool Check(std::string_view message) const;

  const std::shared_ptr<const Users> users_;
  const std::string challenge_;
  bool asked_ = false;
  bool over_ = false;
};

}  // namespace rat_memcache::auth
