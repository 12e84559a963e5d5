// SPDX-License-Identifier: LGPL-3.0-or-later
#include "auth/scram.h"

#include <algorithm>
#include <optional>

#include "base/base64.h"

namespace rat_memcache::auth {
namespace {

using Status = SaslReply::Status;

constexpr uint32_t kIterations = 4096;  // the least that RFC 5802 allows

std::string Base64(std::string_view bytes) {
  std::string text(Base64Size(bytes.size()), '\0');
  WriteBase64(text.data(), bytes);
  return text;
}

std::optional<std::string> FromBase64(std::string_view text) {
  std::string bytes(text.size() / 4 * 3, '\0');
  const std::optional<size_t> size = ReadBase64(bytes.data(), text);
  if (!size) return std::nullopt;
  bytes.resize(*size);
  return bytes;
}

// Takes `<name>=<value>` and the comma behind it from the front.
std::optional<std::string_view> TakeAttribute(char name, std::string_view* from) {
  if (from->size() < 2 || (*from)[0] != name || (*from)[1] != '=') return std::nullopt;
  const size_t end = std::min(from->find(','), from->size());
  const std::string_view value = from->substr(2, end - 2);
  from->remove_prefix(std::min(end + 1, from->size()));
  return value;
}

// A name's commas and equals signs come as =2C and =3D.
std::optional<std::string> Unescape(std::string_view name) {
  std::string text;
  for (size_t at = 0; at < name.size(); ++at) {
    if (name[at] != '=') {
      text += name[at];
      continue;
    }
    const std::string_view code = name.substr(at + 1, 2);
    if (code != "2C" && code != "3D") return std::nullopt;
    text += code == "2C" ? ',' : '=';
    at += 2;
  }
  return text;
}

std::string Xor(std::string a, std::string_view b) {
  for (size_t i = 0; i < a.size(); ++i) {
    a[i] = static_cast<char>(a[i] ^ b[i]);
  }
  return a;
}

const SaslReply kFailed{.status = Status::kFailed};

}  // namespace

SaslReply ScramExchange::Step(std::string_view message) {
  switch (state_) {
    case State::kFirst:
      if (message.empty()) return {.status = Status::kGoOn};
      state_ = State::kOver;
      return First(message);
    case State::kFinal:
      state_ = State::kOver;
      return Final(message);
    case State::kLast:
      state_ = State::kOver;
      return {.status = message.empty() ? Status::kDone : Status::kFailed};
    case State::kOver:
      break;
  }
  return kFailed;
}

SaslReply ScramExchange::First(std::string_view message) {
  // `n` or `y`: no channel binding. An authorization name is read and forgotten.
  if (!message.starts_with("n,") && !message.starts_with("y,")) return kFailed;
  const size_t comma = message.find(',', 2);
  if (comma == std::string_view::npos) return kFailed;
  if (comma > 2 && !message.substr(2).starts_with("a=")) return kFailed;
  gs2_header_ = message.substr(0, comma + 1);
  client_first_bare_ = message.substr(comma + 1);

  std::string_view rest = client_first_bare_;
  const auto escaped = TakeAttribute('n', &rest);
  const auto nonce = TakeAttribute('r', &rest);
  if (!escaped || !nonce || nonce->empty()) return kFailed;
  const std::optional<std::string> name = Unescape(*escaped);
  if (!name) return kFailed;
  user_ = FindWithRealm(*users_, *name);
  // Of a hashed password there is one hash only.
  if (user_ != nullptr && user_->derived && hash_ != Hash::kSha256) user_ = nullptr;
  // Without a password nobody logs in, as with PLAIN.
  if (user_ != nullptr && !user_->derived && user_->password.empty()) user_ = nullptr;
  if (user_ != nullptr && user_->derived) {
    salt_ = user_->derived->salt;
    iterations_ = user_->derived->iterations;
  } else {
    salt_ = users_->SaltFor(*name);
    iterations_ = kIterations;
  }
  nonce_.insert(0, *nonce);
  server_first_ = "r=" + nonce_ + ",s=" + Base64(salt_) + ",i=" + std::to_string(iterations_);
  state_ = State::kFinal;
  return {.status = Status::kGoOn, .challenge = server_first_};
}

std::string ScramExchange::SaltedPassword() const {
  if (user_ != nullptr && user_->derived) return user_->derived->hash;
  return Pbkdf2(hash_, user_ != nullptr ? user_->password : std::string(), salt_, iterations_);
}

SaslReply ScramExchange::Final(std::string_view message) {
  const size_t proof_at = message.rfind(",p=");
  if (proof_at == std::string_view::npos) return kFailed;
  const std::string_view without_proof = message.substr(0, proof_at);
  std::string_view rest = without_proof;
  const auto binding = TakeAttribute('c', &rest);
  const auto nonce = TakeAttribute('r', &rest);
  const auto proof = FromBase64(message.substr(proof_at + 3));
  if (!binding || *binding != Base64(gs2_header_) || !nonce || *nonce != nonce_ || !proof) {
    return kFailed;
  }
  const std::string salted = SaltedPassword();
  const std::string client_key = Hmac(hash_, salted, "Client Key");
  const std::string stored_key = Digest(hash_, client_key);
  const std::string auth_message =
      client_first_bare_ + "," + server_first_ + "," + std::string(without_proof);
  const std::string client_signature = Hmac(hash_, stored_key, auth_message);
  if (client_signature.empty() || proof->size() != client_signature.size()) return kFailed;
  const bool right = SameSecret(Digest(hash_, Xor(*proof, client_signature)), stored_key);
  if (!right || user_ == nullptr) return kFailed;
  const std::string server_key = Hmac(hash_, salted, "Server Key");
  state_ = State::kLast;
  return {.status = Status::kGoOn,
          .challenge = "v=" + Base64(Hmac(hash_, server_key, auth_message))};
}

}  // namespace rat_memcache::auth
