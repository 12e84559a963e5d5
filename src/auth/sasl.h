// SASL mechanisms (RFC 4422), the server's side: PLAIN (RFC 4616), CRAM-MD5 (RFC 2195),
// SCRAM-SHA-1 (RFC 5802) and SCRAM-SHA-256 (RFC 7677), over the users of a file.
//
// An exchange is a sequence of messages from the client, each of which ends it or is answered by a
// challenge. A client that has nothing to say at first, though its mechanism begins with the
// client, is answered by an empty challenge. What the server says at the end of SCRAM is a
// challenge too, to which the client answers with nothing: the binary protocol has no room for it
// beside a success.
//
// Names are compared byte by byte. A name `user@realm` that nobody has stands for `user`.
//
// Threads: an exchange belongs to a connection.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "auth/users.h"

namespace rat_memcache::auth {

struct SaslReply {
  enum class Status : uint8_t { kDone, kGoOn, kFailed };
  Status status;
  std::string challenge;  // kGoOn
};

class SaslExchange {
 public:
  virtual ~SaslExchange() = default;
  // The client's next message. Behind a kDone or kFailed everything fails.
  virtual SaslReply Step(std::string_view message) = 0;
};

// The names of those that work with these users, separated by blanks, the best first.
std::string_view SaslMechanisms(const Users& users);

// Null: there is no such mechanism.
std::unique_ptr<SaslExchange> BeginSasl(std::string_view mechanism,
                                        std::shared_ptr<const Users> users);

// Whom a name stands for; null: nobody.
const User* FindWithRealm(const Users& users, std::string_view name);

}  // namespace rat_memcache::auth
