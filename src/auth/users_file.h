// The users file of a running server, which can be read again.
//
// Threads: any. Who checks a password works on the users that were there when it began.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "auth/users.h"
#include "base/mutex.h"
#include "base/result.h"

namespace rat_memcache::auth {

class UsersFile {
 public:
  static Result<std::unique_ptr<UsersFile>> Open(const std::string& path, UsersFormat format);

  // Reads the file anew. If that fails everybody who could log in still can.
  Status Reload();

  std::shared_ptr<const Users> users() const {
    MutexLock lock(&mutex_);
    return users_;
  }
  bool Check(std::string_view name, std::string_view password) const {
    return users()->Check(name, password);
  }

 private:
  UsersFile(std::string path, UsersFormat format) : path_(std::move(path)), format_(format) {}

  const std::string path_;
  const UsersFormat format_;
  mutable Mutex mutex_;
  std::shared_ptr<const Users> users_ RAT_GUARDED_BY(mutex_);
};

}  // namespace rat_memcache::auth
