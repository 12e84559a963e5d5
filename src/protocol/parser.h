// What one connection says, in whichever protocol it speaks: one of the two parsers behind the
// interface of both.
//
// If both are allowed, the first byte of a connection decides for its whole life: a binary request
// begins with 0x80, and no command does.
//
// Threads: one owner.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "protocol/ascii_parser.h"
#include "protocol/binary_parser.h"

namespace rat_memcache::protocol {

// Which protocols a connection may speak.
enum class Spoken : uint8_t { kEither, kAscii, kBinary };

class Parser {
 public:
  using Progress = AsciiParser::Progress;

  explicit Parser(Spoken spoken = Spoken::kEither) {
    if (spoken == Spoken::kAscii) parser_.emplace<AsciiParser>();
    if (spoken == Spoken::kBinary) parser_.emplace<BinaryParser>();
  }

  // See AsciiParser.
  Progress Parse(std::string_view input, RequestBatch* batch) {
    if (auto* const ascii = std::get_if<AsciiParser>(&parser_)) return ascii->Parse(input, batch);
    if (auto* const binary = std::get_if<BinaryParser>(&parser_)) {
      return binary->Parse(input, batch);
    }
    return Begin(input, batch);
  }
  // Of the text protocol; in the binary one requests say themselves that they are a login.
  void RequireLogin(bool required) {
    login_required_ = required;
    if (auto* const ascii = std::get_if<AsciiParser>(&parser_)) ascii->RequireLogin(required);
  }
  // Of the text protocol.
  void AllowStreaming(bool allowed) {
    streaming_ = allowed;
    if (auto* const ascii = std::get_if<AsciiParser>(&parser_)) ascii->AllowStreaming(allowed);
  }
  size_t wanted() const {
    if (const auto* const ascii = std::get_if<AsciiParser>(&parser_)) return ascii->wanted();
    if (const auto* const binary = std::get_if<BinaryParser>(&parser_)) return binary->wanted();
    return 0;
  }
  uint32_t body_missing() const {
    if (const auto* const ascii = std::get_if<AsciiParser>(&parser_)) return ascii->body_missing();
    if (const auto* const binary = std::get_if<BinaryParser>(&parser_)) {
      return binary->body_missing();
    }
    return 0;
  }

 private:
  // The first byte has come, or nothing yet.
  Progress Begin(std::string_view input, RequestBatch* batch) {
    if (input.empty()) return {};
    if (static_cast<uint8_t>(input.front()) == binary::kRequestMagic) {
      return parser_.emplace<BinaryParser>().Parse(input, batch);
    }
    AsciiParser& ascii = parser_.emplace<AsciiParser>();
    ascii.RequireLogin(login_required_);
    ascii.AllowStreaming(streaming_);
    return ascii.Parse(input, batch);
  }

  // Nothing of both: not known yet.
  std::variant<std::monostate, AsciiParser, BinaryParser> parser_;
  bool login_required_ = false;
  bool streaming_ = true;
};

}  // namespace rat_memcache::protocol
