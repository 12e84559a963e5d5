// Users files, and what clients say to log in. The input is cut at bytes 0xff: the file, the name
// of the mechanism, and the client's messages.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "auth/sasl.h"
#include "auth/users.h"
#include "base/check.h"

namespace {

using namespace rat_memcache;  // NOLINT(google-build-using-namespace)

std::string_view TakePart(std::string_view* from) {
  const size_t end = std::min(from->find('\xff'), from->size());
  const std::string_view part = from->substr(0, end);
  from->remove_prefix(std::min(end + 1, from->size()));
  return part;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view file = TakePart(&rest);
  const std::string_view mechanism = TakePart(&rest);
  (void)auth::Users::Parse(file, auth::UsersFormat::kAuthFile, "f");
  auto parsed = auth::Users::Parse(file, auth::UsersFormat::kSaslPasswords, "f");
  if (!parsed.ok()) return 0;
  const auto users = std::make_shared<const auth::Users>(std::move(parsed).value());
  const auto exchange = auth::BeginSasl(mechanism, users);
  if (exchange == nullptr) return 0;
  // As many iterations as a file may ask for make no fast fuzzer.
  if (file.find('$') != std::string_view::npos) return 0;
  bool over = false;
  for (int messages = 0; messages < 4; ++messages) {
    const auto status = exchange->Step(TakePart(&rest)).status;
    RAT_CHECK(!over || status != auth::SaslReply::Status::kDone, "a success behind the end");
    over = over || status == auth::SaslReply::Status::kFailed;
  }
  return 0;
}
