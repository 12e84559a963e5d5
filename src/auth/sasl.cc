// SPDX-License-Identifier: LGPL-3.0-or-later
#include "auth/sasl.h"

#include "auth/cram_md5.h"
#include "auth/crypto.h"
#include "auth/scram.h"
#include "base/base64.h"

namespace rat_memcache::auth {
namespace {

constexpr size_t kNonceBytes = 18;  // no padding in base64, whose letters a nonce may have

std::string Nonce() {
  std::string text(Base64Size(kNonceBytes), '\0');
  WriteBase64(text.data(), RandomBytes(kNonceBytes));
  return text;
}

// `authzid NUL user NUL password`
class PlainExchange : public SaslExchange {
 public:
  explicit PlainExchange(std::shared_ptr<const Users> users) : users_(std::move(users)) {}

  SaslReply Step(std::string_view message) override {
    if (message.empty() && !asked_ && !over_) {
      asked_ = true;
      return {.status = SaslReply::Status::kGoOn};
    }
    const bool right = !over_ && Check(message);
    over_ = true;
    return {.status = right ? SaslReply::Status::kDone : SaslReply::Status::kFailed};
  }

 private:
  bool Check(std::string_view message) const {
    const size_t user_at = message.find('\0');
    if (user_at == std::string_view::npos) return false;
    const size_t password_at = message.find('\0', user_at + 1);
    if (password_at == std::string_view::npos) return false;
    const std::string_view password = message.substr(password_at + 1);
    if (password.empty() || password.find('\0') != std::string_view::npos) return false;
    const std::string_view name = message.substr(user_at + 1, password_at - user_at - 1);
    const User* const user = FindWithRealm(*users_, name);
    return users_->Check(user != nullptr ? std::string_view(user->name) : name, password);
  }

  const std::shared_ptr<const Users> users_;
  bool asked_ = false;
  bool over_ = false;
};

}  // namespace

const User* FindWithRealm(const Users& users, std::string_view name) {
  if (const User* const user = users.Find(name)) return user;
  const size_t at = name.rfind('@');
  return at == std::string_view::npos ? nullptr : users.Find(name.substr(0, at));
}

std::string_view SaslMechanisms(const Users& users) {
  return users.any_plain() ? "SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN" : "SCRAM-SHA-256 PLAIN";
}

std::unique_ptr<SaslExchange> BeginSasl(std::string_view mechanism,
                                        std::shared_ptr<const Users> users) {
  if (mechanism == "PLAIN") return std::make_unique<PlainExchange>(std::move(users));
  if (mechanism == "CRAM-MD5") {
    return std::make_unique<CramMd5Exchange>(std::move(users), "<" + Nonce() + "@memcached>");
  }
  if (mechanism == "SCRAM-SHA-1") {
    return std::make_unique<ScramExchange>(Hash::kSha1, std::move(users), Nonce());
  }
  if (mechanism == "SCRAM-SHA-256") {
    return std::make_unique<ScramExchange>(Hash::kSha256, std::move(users), Nonce());
  }
  return nullptr;
}

}  // namespace rat_memcache::auth
