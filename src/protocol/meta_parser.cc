// SPDX-License-Identifier: LGPL-3.0-or-later
#include "protocol/meta_parser.h"

#include <algorithm>

#include "base/base64.h"
#include "base/decimal.h"

namespace rat_memcache::protocol {
namespace {

constexpr size_t kKeyMax = 250;
// The letter included; memcached's text says 32 without it, and its server counts so.
constexpr size_t kOpaqueMax = 32;

template <class T>
bool ReadNumber(std::string_view token, T* out) {
  const auto number = ParseStrict<T>(token);
  if (number) *out = *number;
  return number.has_value();
}

// Nothing is wrong, kMetaBadFlag: no such flag; or else its token is wrong.
std::optional<Reject> ParseFlag(char letter, std::string_view token, MetaRequest* meta) {
  const auto number = [&](auto* out) -> std::optional<Reject> {
    return ReadNumber(token, out) ? std::nullopt : std::optional(Reject::kMetaBadToken);
  };
  switch (letter) {
    case 'N':
      return number(&meta->create_exptime);
    case 'T':
      return number(&meta->exptime);
    case 'R':
      return number(&meta->recache_exptime);
    case 'C':
      return number(&meta->compare_cas);
    case 'E':
      return number(&meta->new_cas);
    case 'J':
      return ReadNumber(token, &meta->initial) ? std::nullopt
                                               : std::optional(Reject::kMetaBadInitial);
    case 'D':
      return ReadNumber(token, &meta->delta) ? std::nullopt : std::optional(Reject::kMetaBadDelta);
    case 'F':
      return ReadNumber(token, &meta->client_flags) ? std::nullopt
                                                    : std::optional(Reject::kBadLine);
    case 'M':
      meta->mode = token.empty() ? '?' : token[0];
      return std::nullopt;
    case 'O':
      return token.size() + 1 > kOpaqueMax ? std::optional(Reject::kMetaOpaqueTooLong)
                                           : std::nullopt;
    case 'b':
    case 'P':
    case 'L':
    case 'k':
    case 's':
    case 't':
    case 'c':
    case 'f':
    case 'v':
    case 'h':
    case 'l':
    case 'u':
    case 'q':
    case 'x':
    case 'I':
      return std::nullopt;
    default:
      return Reject::kMetaBadFlag;
  }
}

std::optional<Reject> ParseFlags(std::span<const std::string_view> words, MetaRequest* meta) {
  std::optional<Reject> wrong;
  for (const std::string_view word : words) {
    const char letter = word[0];
    if (letter < '0' || letter > 'z') return Reject::kMetaNoFlag;
    if (letter < 'A') return Reject::kMetaBadFlag;
    if (meta->Has(letter)) return Reject::kMetaDuplicateFlag;
    meta->seen |= uint64_t{1} << (letter - 'A');
    const auto fault = ParseFlag(letter, word.substr(1), meta);
    if (fault == Reject::kMetaBadFlag) return fault;
    // A wrong token is told about when all flags are known: the last of them.
    if (fault) wrong = fault;
  }
  return wrong;
}

std::optional<Reject> CheckMode(Op op, char mode) {
  constexpr std::string_view kSetModes = "SEAPR";
  constexpr std::string_view kArithmeticModes = "I+D-";
  if (mode == 0) return std::nullopt;
  if (op == Op::kMetaSet && kSetModes.find(mode) == std::string_view::npos) {
    return Reject::kMetaBadSetMode;
  }
  if (op == Op::kMetaArithmetic && kArithmeticModes.find(mode) == std::string_view::npos) {
    return Reject::kMetaBadArithmeticMode;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Reject> ParseMeta(std::span<const std::string_view> words, size_t flags_at,
                                Request* request, MetaRequest* meta) {
  meta->wire_key = words[1];
  // memcached's arithmetic knows only one word for most of these.
  const auto wrong = [&](Reject why) {
    const bool has_own = why == Reject::kMetaOpaqueTooLong || why == Reject::kMetaNoFlag;
    return request->op == Op::kMetaArithmetic && !has_own ? Reject::kMetaBadOrDuplicateFlag : why;
  };
  if (words[1].size() > kKeyMax) return wrong(Reject::kBadLine);
  if (words.size() > kMetaWordsMax) return wrong(Reject::kMetaTooManyFlags);
  const auto flags = words.subspan(std::min(flags_at, words.size()));
  if (!flags.empty()) {
    const char* const from = flags.front().data();
    meta->flags = {from, static_cast<size_t>(flags.back().data() - from) + flags.back().size()};
    if (const auto why = ParseFlags(flags, meta)) return wrong(*why);
  }
  request->key = words[1];
  if (meta->base64()) {
    const auto size = ReadBase64(meta->decoded_key.data(), words[1]);
    if (!size) return wrong(Reject::kMetaBadKey);
    request->key = {meta->decoded_key.data(), *size};
  }
  return CheckMode(request->op, meta->mode);
}

}  // namespace rat_memcache::protocol
