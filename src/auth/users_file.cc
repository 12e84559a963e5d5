// SPDX-License-Identifier: LGPL-3.0-or-later
#include "auth/users_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace rat_memcache::auth {
namespace {

// More than anybody has users; whoever names a device by mistake need not wait for its end.
constexpr size_t kFileMax = size_t{1} << 20;

Error CannotRead(const std::string& path, int error) {
  return {.message = "Could not open authfile [" + path + "] for reading, error " +
                     std::generic_category().message(error)};
}

Result<std::string> ReadFile(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (file == nullptr) return CannotRead(path, errno);
  std::string text;
  std::array<char, 4096> piece;
  for (;;) {
    errno = 0;
    const size_t bytes = std::fread(piece.data(), 1, piece.size(), file.get());
    text.append(piece.data(), bytes);
    if (std::ferror(file.get()) != 0) return CannotRead(path, errno);
    if (bytes < piece.size()) return text;
    if (text.size() > kFileMax) {
      return Error{.message = "Authfile [" + path + "] has more than 1 MiB: is it the right file?"};
    }
  }
}

}  // namespace

Result<std::unique_ptr<UsersFile>> UsersFile::Open(const std::string& path, UsersFormat format) {
  std::unique_ptr<UsersFile> file(new UsersFile(path, format));
  if (const Status read = file->Reload(); !read.ok()) return read.error();
  return file;
}

Status UsersFile::Reload() {
  const Result<std::string> text = ReadFile(path_);
  if (!text.ok()) return text.error();
  Result<Users> users = Users::Parse(text.value(), format_, path_);
  if (!users.ok()) return users.error();
  auto fresh = std::make_shared<const Users>(std::move(users).value());
  MutexLock lock(&mutex_);
  users_.swap(fresh);
  return Done{};
}

}  // namespace rat_memcache::auth
