// Logins: by text, and by SASL over the binary protocol. What they change is the session.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include "base/gather_buffer.h"
#include "command/session.h"
#include "command/thread_context.h"
#include "protocol/request.h"

namespace rat_memcache::command {

class LoginCommands {
 public:
  explicit LoginCommands(const ThreadContext* context) : context_(context) {}

  // Whether the session may say more than what Serves() allows.
  bool Required(const Session& session) const {
    return context_->shared->users != nullptr && !session.logged_in;
  }
  // Whether a request is carried out before a login.
  static bool Serves(const protocol::Request& request);
  // The answer to all others.
  static After Refuse(const protocol::Request& request, GatherBuffer* out);

  // `user password`
  void Text(const protocol::Request& request, Session* session, GatherBuffer* out);
  void Sasl(const protocol::Request& request, Session* session, GatherBuffer* out);

 private:
  // Counts it, and the session remembers it.
  void Finish(bool right, Session* session);

  const ThreadContext* const context_;
};

}  // namespace rat_memcache::command
